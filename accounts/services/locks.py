"""Who has to wait for whom, until the end of the transaction. A lock belongs to the tenant and to a word.

Two calls can not wait for each other because everybody takes what it needs in one order: INSTANCES, SEGMENTATION,
rows of accounts by their id, CREATING, PARENTS, LEVELS, alerts.
"""

from django.db import connection

from cs_platform.tenancy.scope import require_tenant_id

SEGMENTATION = "segmentation"
NUMBERS = "segmentation numbers"
CREATING = "create"
PARENTS = "parents"
LEVELS = "support levels"
ALERT = "alert"
INSTANCES = "instances"


def alone(word: str) -> None:
    """Nobody else of this tenant is past this line, nor past `together`."""
    _lock("pg_advisory_xact_lock", word)


def together(word: str) -> None:
    """Any number may be here at once, but nobody who has to be alone."""
    _lock("pg_advisory_xact_lock_shared", word)


def _lock(function: str, word: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(hashtextextended(%s, 0))", [f"accounts:{require_tenant_id()}:{word}"])
