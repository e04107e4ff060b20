"""Seeded histories of an org and of our reading of it: whatever happens on the way, both are equal in the end.

    python -m tests.faults.salesforce_histories                      two hundred
    python -m tests.faults.salesforce_histories --seed 17 --count 1  one of them again

A history is a few rounds of work in the org (salesforce_org.py) and syncs that meet faults, lose their process after
any page, and share the connection with a second worker. Then it is quiet: a sync and a comparison later everything is
as in the org, every change of a support level that was seen was told once, and a quiet sync costs four calls.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

TEST = "tests/integrations/salesforce/test_histories.py"
BASE_DIR = Path(__file__).resolve().parents[2]


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.salesforce_histories", description=__doc__)
    parser.add_argument("--count", type=int, default=200, help="how many histories")
    parser.add_argument("--seed", type=int, default=1, help="the seed of the first one; the others count on from it")
    parser.add_argument("--accounts", type=int, default=24, help="accounts at the beginning")
    parser.add_argument("--rounds", type=int, default=8, help="rounds of work and syncs")
    given = parser.parse_args(argv)
    told = {"CS_HISTORIES": given.count, "CS_HISTORY_SEED": given.seed}
    told |= {"CS_HISTORY_ACCOUNTS": given.accounts, "CS_HISTORY_ROUNDS": given.rounds}
    env = {**os.environ, **{name: str(value) for name, value in told.items()}}
    env["DB_SUFFIX"] = "_".join(part for part in (os.environ.get("DB_SUFFIX", ""), "histories") if part)
    command = [sys.executable, "-m", "pytest", TEST, "-q", "-p", "no:randomly", "-k", "history"]
    code = subprocess.run(command, env=env, cwd=BASE_DIR, check=False).returncode
    ended = "end equal, each seen change of a level told once" if code == 0 else "FAILED: the seeds stand above"
    print(f"{given.count} histories from seed {given.seed}, {given.accounts} accounts, {given.rounds} rounds: {ended}")
    return code


class Died(Exception):
    """The process is gone: nothing after this line runs."""


class History:
    """One history of one connection."""

    def __init__(self, played: Any, seed: int, accounts: int, rounds: int) -> None:
        from tests.faults.salesforce_org import Org
        from tests.faults.salesforce_truth import Seen

        self.seed, self.rounds, self.chance = seed, rounds, random.Random(seed)
        self.played, self.seen = played, Seen()
        self.people = Org(played, self.chance, accounts)
        self.page_size = self.chance.choice([4, 6, 9, 13])
        self.deaths = self.thefts = self.runs = 0
        self.faults: list[str] = []

    def play(self) -> None:
        """All of it. Raises AssertionError with the seed if the end is not as it must be."""
        self.sync()
        for _ in range(self.rounds):
            self.round()
        self.quiet()

    # --- rounds -----------------------------------------------------------------------------------------------------

    def round(self) -> None:
        self.people.work(self.chance.randrange(0, 9))
        self.played.later(seconds=self.chance.choice([5, 60, 300, 900]))
        if self.chance.random() < 0.5:
            self.faults.append(self.people.bad_day())
        if self.chance.random() < 0.15:
            seconds = self.chance.choice([-400.0, 400.0])
            self.played.org.faults.switch("clock_skew", seconds=seconds)
        if self.chance.random() < 0.3:
            self.hint()
        self.sync(compare=self.chance.random() < 0.15, full=self.chance.random() < 0.1)
        self.played.org.faults.heal()
        if self.chance.random() < 0.12:
            self.break_login()

    def hint(self) -> None:
        """Messages come doubled, shuffled, late, or not at all."""
        from integrations.salesforce import hints

        ids = [f"04l{self.chance.randrange(5):015d}" for _ in range(self.chance.randrange(1, 4))]
        self.played.connection.refresh_from_db()
        hints.receive(self.played.connection, "", ids, now=self.played.now())
        if self.chance.random() < 0.5:
            payload = {"connection_id": str(self.played.connection.pk), "at": self.played.now().isoformat()}
            self.played.later(seconds=40)
            hints.look_soon(payload, now=self.played.now(), lease=None)

    def sync(self, **how: bool) -> Any:
        """A run to its end, however often its process dies on the way."""
        from cs_platform import ledger

        self.played.connection.refresh_from_db()
        hold = self.played.connection.hold_until
        if hold is not None and hold > self.played.now():
            self.played.later(seconds=(hold - self.played.now()).total_seconds() + 1)
        try:
            run = self.played.start(**how)
        except ledger.Refused:
            self.mend()
            run = self.played.start(**how)
        self.runs += 1
        dies, stolen = self.chance.random() < 0.3, self.chance.random() < 0.15
        for _ in range(150):
            if self.stretch(run, dies=dies, stolen=stolen):
                break
        else:
            raise AssertionError(f"seed {self.seed}: a run does not end: {run.note}")
        run.refresh_from_db()
        self.seen.look()
        return run

    def stretch(self, run: Any, *, dies: bool, stolen: bool) -> bool:
        from integrations.salesforce import lease, syncing
        from integrations.salesforce.models import Connection

        def tell(_: Any) -> None:
            self.seen.look()
            if dies and self.chance.random() < 0.3:
                self.deaths += 1
                raise Died
            if stolen and self.chance.random() < 0.2:
                self.second_worker(run)

        try:
            return bool(self.played.by_hand.stretch(run, page_size=self.page_size, seconds=5, tell=tell))
        except syncing.TryLater as later:
            self.played.later(seconds=later.seconds)
        except (Died, lease.LeaseLost, lease.LeaseHeld):
            self.played.later(seconds=self.chance.choice([1, 100]))
            Connection.objects.update(lease_until=None)  # the database's clock stands still in a test
        return False

    def second_worker(self, run: Any) -> None:
        """Another process finds the lease held; or it has just ended, and the other one goes on."""
        from integrations.salesforce import lease, syncing
        from integrations.salesforce.models import Connection

        other = {"actor": _actor(), "now": self.played.now(), "holder": "another", "take_over_own": False}
        try:
            syncing.stretch(run, page_size=self.page_size, **other)
        except lease.LeaseHeld:
            pass
        else:
            run.refresh_from_db()
            assert run.state != "running", f"seed {self.seed}: two workers read one connection at once"
        Connection.objects.update(lease_until=None)
        self.thefts += 1
        try:
            syncing.stretch(run, page_size=self.page_size, seconds=0.05, tell=lambda _: self.seen.look(), **other)
        except (syncing.TryLater, lease.LeaseHeld, lease.LeaseLost):
            pass

    def break_login(self) -> None:
        """Every call is refused for a while: at most three logins, whoever tries, until somebody mends it."""
        from integrations.salesforce import services

        org, before = self.played.org, self.played.org.calls["login"]
        org.faults.switch("unauthorized")
        self.sync()
        self.played.connection.refresh_from_db()
        for _ in range(3):
            services.test_connection(self.played.connection, actor=_actor(), now=self.played.now())
        logins = org.calls["login"] - before
        assert logins <= 3, f"seed {self.seed}: {logins} logins of a broken connection"
        self.played.connection.refresh_from_db()
        assert self.played.connection.state == "broken", f"seed {self.seed}: {self.played.connection.state}"
        org.faults.heal()
        self.mend()

    def mend(self) -> None:
        """What a person does about a connection that is on hold, or broken because three sessions in a row were refused
        within a quarter of an hour: wait, and test it."""
        from integrations.salesforce import services
        from integrations.salesforce.models import Connection

        self.played.connection.refresh_from_db()
        for _ in range(20):
            if self.played.connection.state != "broken":
                break
            self.played.later(minutes=16)
            services.test_connection(self.played.connection, actor=_actor(), now=self.played.now())
            self.played.connection.refresh_from_db()
        assert self.played.connection.state == "connected", f"seed {self.seed}: it can not be mended"
        Connection.objects.update(hold_until=None)

    # --- the end ----------------------------------------------------------------------------------------------------

    def quiet(self) -> None:
        from tests.faults.salesforce_truth import differences

        self.played.org.faults.heal()
        self.played.later(hours=2)
        self.mend()
        self.calm_sync()
        self.calm_sync(compare=True, takes_missing=True)
        found = [*differences(self.played), *self.seen.wrong()]
        words = f"seed {self.seed} ({self.runs} runs, {self.deaths} deaths, {self.thefts} thefts, {self.faults}):\n"
        assert not found, words + "\n".join(found[:20])
        self.cheap()

    def calm_sync(self, **how: bool) -> Any:
        run = self.played.sync(page_size=self.page_size, **how)
        assert run.state == "done", f"seed {self.seed}: {run.state} {run.error}"
        self.seen.look()
        return run

    def cheap(self) -> None:
        """A quiet sync asks each object once, and one that brings changes hardly more than their pages need."""
        from integrations.salesforce import bulk_reading
        from integrations.salesforce.mapping import SOBJECTS

        self.played.later(hours=2)
        self.calm_sync()
        many = 20 if self.page_size < bulk_reading.COUNT_FROM else self.page_size - 1  # a job has its own price
        for changes in (0, many):
            self.played.later(minutes=30)
            rows = [{"Name": f"More {n}"} for n in range(changes)]
            self.played.org.bulk("Account", rows)
            run = self.calm_sync()
            fewest = len(SOBJECTS) + changes // self.page_size
            assert run.read == changes and run.created == 0, f"seed {self.seed}: {run.read} rows in a quiet sync"
            assert run.api_calls - self._describes(run) <= 1.2 * fewest, f"seed {self.seed}: {run.api_calls} calls"

    def _describes(self, run: Any) -> int:
        """Descriptions are asked for once an hour."""
        begun = run.started_at - timedelta(seconds=1)
        return sum(call.kind == "describe" and call.at >= begun for call in self.played.org.log)


def _actor() -> Any:
    from cs_platform import ledger

    return ledger.system("salesforce sync")


if __name__ == "__main__":
    sys.exit(main())
