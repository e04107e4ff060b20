"""Twenty seeded histories; `python -m tests.faults.salesforce_histories` plays more of them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from integrations.salesforce import bulk_reading
from tests.faults.salesforce_histories import History
from tests.integrations.salesforce.played import played

pytestmark = pytest.mark.django_db
FIRST, MANY = int(os.environ.get("CS_HISTORY_SEED", "1")), int(os.environ.get("CS_HISTORIES", "20"))
ACCOUNTS, ROUNDS = int(os.environ.get("CS_HISTORY_ACCOUNTS", "12")), int(os.environ.get("CS_HISTORY_ROUNDS", "4"))


@pytest.mark.parametrize("seed", range(FIRST, FIRST + MANY))
def test_a_history_ends_equal(seed: int, in_acme: Any, settings: Any, tmp_path: Path, monkeypatch: Any) -> None:
    if seed % 2:  # every second history reads its long passes by Bulk jobs
        monkeypatch.setattr(bulk_reading, "COUNT_FROM", 3)
        monkeypatch.setattr(bulk_reading, "BULK_FROM", 12)
        monkeypatch.setattr(bulk_reading, "JOB_PAGE", 9)
        monkeypatch.setattr(bulk_reading, "PAUSES", (0.001,))
    with played(tmp_path, settings) as found:
        History(found, seed, ACCOUNTS, ROUNDS).play()
