"""After many new rows PostgreSQL is told to look again: until its autovacuum comes by, it plans for empty tables."""

from __future__ import annotations

from django.db import connection as database
from django.db import transaction

#: New rows of a run at which it is told: early, and each time the run has grown fourfold.
FIRST, GROWTH = 5_000, 4


def is_due(before: int, after: int) -> bool:
    """Whether a run that had made so many rows and has so many now has passed one of the marks."""
    mark = FIRST
    while mark <= after:
        if before < mark:
            return True
        mark *= GROWTH
    return False


def refresh() -> None:
    """Analyse the tables that a sync fills; whoever holds one of them is not waited for."""
    with transaction.atomic(), database.cursor() as cursor:
        cursor.execute("SELECT salesforce_refresh_statistics()")
