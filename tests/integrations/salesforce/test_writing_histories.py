"""Random histories of edits here, edits there, calls, lost answers, crashes and syncs: no value is lost unseen, nobody
plays ping-pong, and both sides end equal.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from accounts import services as accounts
from accounts.models import Account
from cs_platform.ledger.models import Outbox
from cs_platform.tenancy.scope import tenant_scope
from integrations.salesforce.writing import calls
from tests.integrations.salesforce.writing_back import ANA, Back, one_org

pytestmark = pytest.mark.django_db
HISTORIES = int(os.environ.get("CS_WRITING_HISTORIES", "10"))


@pytest.fixture
def back(acme: Any, tmp_path: Path, settings: Any) -> Iterator[Back]:
    with one_org(acme, tmp_path, settings) as found:
        yield found


class Killed(BaseException):
    """The process is gone."""


class History:
    """One account on both sides. Each word is said once; `here` and `there` are the words of each side in their order,
    `saw_here` and `saw_there` what each side had before it when it said one.
    """

    def __init__(self, back: Back, seed: int) -> None:
        self.back, self.chance = back, random.Random(seed)
        self.sf_id = back.play.account("Adler", "Named", Industry="First")
        self.here, self.there = ["First"], ["First"]
        self.saw_here: set[str] = set()
        self.saw_there: set[str] = set()
        back.setting(directions={"industry": "both"}, master={"industry": self.chance.choice(["harbor", "salesforce"])})
        back.sync()

    def value(self) -> str:
        with tenant_scope(self.back.tenant):
            return str(Account.objects.get().industry)

    def edit_here(self) -> None:
        self.saw_here.add(self.value())
        self.here.append(f"Ours {len(self.here)}")
        with tenant_scope(self.back.tenant):
            values = {"industry": self.here[-1]}
            accounts.edit_account(Account.objects.get(), values, actor=ANA, now=self.back.now())
        if self.chance.random() < 0.5:
            self.back.settle()

    def edit_there(self) -> None:
        self.saw_there.add(self.back.there(self.sf_id, "Industry"))
        self.there.append(f"Theirs {len(self.there)}")
        self.back.change(self.sf_id, Industry=self.there[-1])

    def fault(self) -> None:
        name, on = self.chance.choice(
            [("lost_answer", "composite"), ("maintenance", "composite"), ("lock_errors", ""), ("truncated_json", "api"),
             ("unauthorized", "composite"), ("limit_concurrent", "api")]
        )  # fmt: skip
        self.back.org.faults.switch(name, on=on, times=1)

    def crash(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The process dies right after Salesforce took the values."""

        def die(*args: Any, **kwargs: Any) -> None:
            raise Killed

        with monkeypatch.context() as patch:
            patch.setattr(calls, "_settle", die)
            try:
                self.back.settle()
            except Killed:
                with tenant_scope(self.back.tenant):  # its lease ends
                    Outbox.objects.filter(state="leased").update(state="pending")

    def step(self, monkeypatch: pytest.MonkeyPatch) -> None:
        verb = self.chance.choice(["here", "here", "there", "sync", "write", "fault", "crash"])
        if verb == "crash":
            self.crash(monkeypatch)
        else:
            acts = {"here": self.edit_here, "there": self.edit_there, "sync": self.back.sync, "fault": self.fault}
            acts.get(verb, self.back.settle)()
        self.back.later(seconds=self.chance.choice([1, 30, 400]))

    def calm(self) -> None:
        self.back.org.faults.heal()
        for _ in range(3):
            self.back.settle(rounds=4)
            self.back.sync()


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_a_history_ends_equal_and_loses_nothing_unseen(back: Back, seed: int, monkeypatch: Any) -> None:
    history = History(back, seed)
    for _ in range(14):
        history.step(monkeypatch)
    history.calm()
    end = history.value()
    assert end == back.there(history.sf_id, "Industry")
    assert end in (history.here[-1], history.there[-1])
    assert {row.state for row in back.rows(key="industry")} <= {"written"}
    conflicts = back.conflicts()
    assert all(found.ours in history.here and found.theirs in history.there for found in conflicts)
    kept = {value for found in conflicts for value in (found.ours, found.theirs)}
    if end == history.here[-1]:
        assert history.there[-1] in {end} | history.saw_here | kept
    else:
        assert history.here[-1] in {end} | history.saw_there | kept
    told, written = back.told(), back.written()
    for _ in range(2):
        back.later(minutes=5)
        back.sync()
    assert (back.told(), back.written()) == (told, written)
