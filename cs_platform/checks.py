"""System checks: wrong combinations that settings alone can not see. `manage.py check --deploy` runs them all."""

import importlib.metadata
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register


@register(Tags.security)
def encryption_keys(**_: Any) -> list[CheckMessage]:
    from cs_platform.tenancy import crypto

    try:
        keys = crypto.master_keys()
    except Exception as error:  # base64 and length problems alike
        return [Error(f"CS_ENCRYPTION_KEYS can not be read: {error}", id="cs.E001")]
    if settings.PRODUCTION and "dev" in keys:
        return [Error("CS_ENCRYPTION_KEYS holds the development key", id="cs.E002")]
    return []


@register(Tags.database)
def keys_in_use(databases: Any = None, **_: Any) -> list[CheckMessage]:
    """With `check --database default`: a master key that is still used must be there."""
    from django.db import DatabaseError

    from cs_platform.tenancy import rotation

    if not databases:
        return []
    try:
        missing = rotation.missing_keys()
    except (DatabaseError, ValueError):
        return []  # nothing to ask, or E001 says it
    return [Error(rotation.words_of_missing(missing), id="cs.E004")] if missing else []


@register(Tags.security, deploy=True)
def metrics_token(**_: Any) -> list[CheckMessage]:
    if settings.CS_METRICS_TOKEN and settings.CS_METRICS_TOKEN in (settings.SECRET_KEY, settings.CS_ENCRYPTION_KEYS):
        return [Error("CS_METRICS_TOKEN repeats another secret; give it one of its own", id="cs.E005")]
    return []


@register(Tags.compatibility)
def one_state_machine(**_: Any) -> list[CheckMessage]:
    """django-fsm and django-fsm-2 are the same module; installed together, one overwrites the other."""
    installed = {(d.metadata["Name"] or "").lower() for d in importlib.metadata.distributions()}
    if "django-fsm" in installed:
        return [Error("django-fsm is installed beside django-fsm-2; uninstall django-fsm", id="cs.E003")]
    return []
