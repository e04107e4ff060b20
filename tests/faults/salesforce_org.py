"""What happens in an org while we read it: people edit, delete, merge, and the org has bad days. The seed decides."""

from __future__ import annotations

import random
from typing import Any

from integrations.salesforce.sandbox.problems import Problem
from tests.integrations.salesforce.played import Played
from tests.integrations.salesforce.small_org import LEVEL

LEVELS = ("Named", "Scaled", "Digital", None)
INDUSTRIES = ("Tech", "Retail", "Steel", "Energy", None)
#: Faults that pass; how they are switched on is up to the seed.
PASSING: dict[str, dict[str, Any]] = {
    "session_expiry": {"calls": 1},
    "truncated_json": {"on": "queryAll"},
    "maintenance": {"on": "api"},
    "unauthorized_html": {"on": "queryAll"},
    "empty_body": {"on": "api"},
    "wrong_total": {"on": "query"},
    "wrong_shape": {"on": "api"},
    "server_error": {"on": "api"},
    "limit_concurrent": {"on": "api"},
    "limit_daily": {"on": "queryAll"},
    "lost_answer": {"on": "api"},
    "bulk_refused": {},
    "bulk_slow": {},
    "bulk_failed": {},
    "bulk_expired": {},
}


class Org:
    """One org under the hands of people whom nobody coordinates."""

    def __init__(self, played: Played, chance: random.Random, accounts: int) -> None:
        self.played, self.chance, self.org = played, chance, played.org
        self.deleted: list[str] = []
        rows = [{"Name": f"Account {n:05d}", **self._account()} for n in range(accounts)]
        ids: list[str] = []
        for start in range(0, accounts, 10):  # ten share a stamp
            ids += self.org.bulk("Account", rows[start : start + 10])
            played.later(seconds=1)
        self.org.bulk("Contact", [{"AccountId": self._of(ids), **self._contact(n)} for n in range(accounts)])
        self.org.bulk("Opportunity", [{"AccountId": self._of(ids), **self._deal(n)} for n in range(accounts // 2)])

    def _of(self, ids: list[str]) -> str:
        return self.chance.choice(ids)

    def _account(self) -> dict[str, Any]:
        return {
            LEVEL: self.chance.choice(LEVELS),
            "Industry": self.chance.choice(INDUSTRIES),
            "NumberOfEmployees": self.chance.randrange(1, 5000),
            "Developers__c": self.chance.choice([None, 5, 120, 900]),
            "Website": self.chance.choice([None, "https://www.example.com/x", "example.org"]),
        }

    def _contact(self, number: int) -> dict[str, Any]:
        return {"FirstName": "P", "LastName": f"Person {number}", "Email": f"p{number}@example.com"}

    def _deal(self, number: int) -> dict[str, Any]:
        return {
            "Name": f"Deal {number}",
            "StageName": "Prospecting",
            "CloseDate": "2026-12-31",
            "Amount": 1000 + number,
        }

    # --- an hour of work ------------------------------------------------------------------------------------------

    def work(self, times: int) -> None:
        """So many things happen; some of them are committed minutes after their stamp, many share a second."""
        for _ in range(times):
            if self.chance.random() < 0.15:
                seconds = self.chance.choice([20.0, 120.0, 300.0])
                self.org.faults.switch("late_commit", seconds=seconds, spread=True, seed=self.chance.randrange(10**6))
            doing = self.chance.choices([name for name, _ in DOINGS], [weight for _, weight in DOINGS])[0]
            try:
                getattr(self, doing)()
            except Problem:
                pass  # what nobody can do in Salesforce was not done
            self.org.faults.heal("late_commit")
            if self.chance.random() < 0.5:
                self.played.later(seconds=self.chance.randrange(1, 20))

    def _any(self, sobject: str) -> str:
        found = self.org.find(sobject)
        if not found:
            raise Problem("NOT_FOUND", "nothing is left")
        return str(self.chance.choice(found)["Id"])

    def level(self) -> None:
        self.org.set(self._any("Account"), {LEVEL: self.chance.choice(LEVELS)})

    def edit(self) -> None:
        self.org.set(self._any("Account"), self._account())

    def attrite(self) -> None:
        kind = self.chance.choice(["(5) Attrited Customer", "Customer", None])
        self.org.set(self._any("Account"), {"Type": kind}, check=False)

    def move(self) -> None:
        self.org.set(self._any("Account"), {"ParentId": self.chance.choice([None, self._any("Account")])})

    def create(self) -> None:
        number = self.chance.randrange(10**6)
        account = self.org.create("Account", {"Name": f"New {number}", **self._account()})
        self.org.create("Contact", {"AccountId": account, **self._contact(number)})

    def person(self) -> None:
        given = {"AccountId": self._any("Account"), "Email": f"q{self.chance.randrange(10**6)}@example.com"}
        self.org.set(self._any("Contact"), given)

    def win(self) -> None:
        self.org.set(self._any("Opportunity"), {"StageName": self.chance.choice(["Closed Won", "Prospecting"])})

    def delete(self) -> None:
        row = self._any(self.chance.choice(["Account", "Contact", "Opportunity"]))
        self.org.delete(row)
        self.deleted.append(row)

    def undelete(self) -> None:
        if self.deleted:
            self.org.undelete(self.deleted.pop(self.chance.randrange(len(self.deleted))))

    def purge(self) -> None:
        """Deleted for good, without ever lying in the recycle bin; an account with all that belongs to it."""
        row = self._any(self.chance.choice(["Account", "Contact", "Opportunity"]))
        for sobject in ("Contact", "Opportunity") if row.startswith("001") else ():
            for child in self.org.find(sobject, AccountId=row):
                self.org.purge(child["Id"])
        for below in self.org.find("Account", ParentId=row) if row.startswith("001") else []:
            self.org.set(below["Id"], {"ParentId": None})
        self.org.purge(row)

    def merge(self) -> None:
        sobject = self.chance.choice(["Account", "Contact"])
        master, other = self._any(sobject), self._any(sobject)
        if master != other:
            self.org.merge(master, other)

    def formula(self) -> None:
        """A value that changes without a new stamp."""
        self.org.set(self._any("Account"), {"Industry": self.chance.choice(INDUSTRIES)}, silent=True)

    def twice(self) -> None:
        """Two changes of one record in one second."""
        row = self._any("Account")
        self.org.set(row, {LEVEL: self.chance.choice(LEVELS)})
        self.org.set(row, {LEVEL: self.chance.choice(LEVELS)})

    # --- bad days -------------------------------------------------------------------------------------------------

    def bad_day(self) -> str:
        """A fault that passes after a few strikes."""
        name = self.chance.choice(sorted(PASSING))
        options = dict(PASSING[name])
        if name == "session_expiry":
            options["calls"] = self.chance.randrange(1, 4)
        else:
            options["times"] = self.chance.randrange(1, 4)
            options["after"] = self.chance.randrange(0, 6)
        self.org.faults.switch(name, **options)
        return name


DOINGS: tuple[tuple[str, int], ...] = (
    ("level", 8), ("edit", 6), ("attrite", 2), ("move", 2), ("create", 4), ("person", 4), ("win", 2), ("delete", 4),
    ("undelete", 3), ("purge", 2), ("merge", 3), ("formula", 2), ("twice", 3),
)  # fmt: skip
