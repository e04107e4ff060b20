"""The bell. A task carries no work: it says "look now", and PostgreSQL knows what there is to do."""

import logging.config
import os
from typing import Any

from celery import Celery, signals

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cs_platform.settings")

app = Celery("cs_platform")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["cs_platform.ledger"])
# Beat knows this and nothing else; local times, weekdays and zones are the rooms' own (docs/decisions/0002).
app.conf.beat_schedule = {"every-minute": {"task": "ledger.minute", "schedule": 60.0, "options": {"expires": 50}}}


@signals.setup_logging.connect
def keep_our_logs(**_: Any) -> None:
    """Celery would put its own handlers in, which know nothing of tenants and cut nothing out."""
    from django.conf import settings

    logging.config.dictConfig(settings.LOGGING)


@signals.celeryd_init.connect
def refuse_missing_keys(**_: Any) -> None:
    from cs_platform import starting

    starting.refuse_missing_keys()
