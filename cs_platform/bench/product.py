"""The product for gunicorn, as it is but for the limit of requests a minute: the meter counts, and refuses nobody."""

from django.conf import settings
from django.core.wsgi import get_wsgi_application

PER_MINUTE = 10_000_000

application = get_wsgi_application()
settings.CS_API_PER_MINUTE = settings.CS_API_BURST = PER_MINUTE
