"""PostgreSQL is told how large the tables have become, by a role that may not analyse them itself."""

from __future__ import annotations

import pytest
from django.db import connection

from integrations.salesforce import statistics
from tests.integrations.salesforce.played import Played

pytestmark = pytest.mark.django_db


def test_the_marks_are_passed_once_each() -> None:
    passed = [at for at in range(0, 100_000, 2000) if statistics.is_due(at, at + 2000)]
    assert [at + 2000 for at in passed] == [6_000, 20_000, 80_000]
    assert not statistics.is_due(5_000, 5_000)


def test_a_large_first_sync_refreshes_them(org_of_acme: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "FIRST", 10)
    for number in range(12):
        org_of_acme.account(f"Account {number}", "Named")
    org_of_acme.sync()
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE relname = 'salesforce_mirrorrecord'")
        assert cursor.fetchone()[0] >= 12
