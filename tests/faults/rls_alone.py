"""The product for gunicorn with the managers' filter taken out: only row-level security keeps organisations apart. A
setting of the tenant that stayed behind in a pooled connection would show at once."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cs_platform.settings")

from django.db import models  # noqa: E402

from cs_platform.tenancy.managers import ScopedManager  # noqa: E402
from cs_platform.wsgi import application  # noqa: E402

ScopedManager.get_queryset = models.Manager.get_queryset  # type: ignore[method-assign]
__all__ = ["application"]
