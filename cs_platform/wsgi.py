import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cs_platform.settings")
application = get_wsgi_application()

from cs_platform import counting, starting  # noqa: E402  (they read what was set up above)

starting.refuse_missing_keys()
counting.share()
