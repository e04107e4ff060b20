"""The bell. A task carries no work: it says "look now", and PostgreSQL knows what there is to do."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cs_platform.settings")

app = Celery("cs_platform")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["cs_platform.ledger"])
# Beat knows this and nothing else; local times, weekdays and zones are the rooms' own (docs/decisions/0002).
app.conf.beat_schedule = {"every-minute": {"task": "ledger.minute", "schedule": 60.0, "options": {"expires": 50}}}
