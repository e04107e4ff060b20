"""Seeded histories: an organisation at work, faults that happen to it, and the counts when it is quiet again.

    python -m tests.faults.histories --faults 300 --per-run 50 --seed 1
    python -m tests.faults.histories --small            twenty faults, little work: what `make test` does; then the
                                                        dispatcher alone, and the proof that the judge can see red
    python -m tests.faults.histories --faults 5 --only "mail server"

Runs that are in the results file are not done again; `--again` does them anew. Exit code 1 if anything was lost,
doubled or not told.
"""

import argparse
import contextlib
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from tests.faults import judge, kinds, report, work
from tests.faults.box import Box
from tests.faults.clients import Clients
from tests.faults.kinds import Happened

WAIT_FOR_QUIET = 400.0
GAP = (0.3, 2.0)  # seconds between two faults
QUIET_WORK = 8.0  # seconds of work in a history without faults
PACE = 0.3  # seconds between two orders of a client


def history(
    box: Box, seed: int, faults: int, scale: work.Scale, only: str = "", *, prove: bool = False
) -> dict[str, Any]:
    """One organisation, so many faults, the verdict as plain values."""
    from cs_platform.ledger.models import Tick
    from tests.faults import evidence, proving

    box.rng = random.Random(seed)
    kinds.calm(box)
    began = time.monotonic()
    book = work.prepare(
        f"h{seed}-{int(time.time())}", scale, box.place.sandbox_url, datetime.now(UTC), waves=1 + faults // 20
    )
    book.org_ids = list(work.org_rows(box.root / "sandbox"))
    happened: list[Happened] = []
    org = work.Org(box.place.sandbox_url)
    with Clients(book, box.place.base_url, org, seed, scale.edits, PACE * box.tempo) as clients:
        _start_reading(book)
        box.pass_time(2)
        chosen = list(islice(kinds.schedule(seed, only), faults))
        if not chosen:
            Tick.objects.update(at=datetime.now(UTC) - timedelta(hours=1))  # the dispatcher sees that a minute is over
            box.pass_time(QUIET_WORK)
        for number, kind in enumerate(kinds.costly_first(chosen) if box.tempo < 1 else chosen, 1):
            happened.append(kinds.happen(box, number, kind))
            print(
                f"  {time.monotonic() - began:6.1f} s {number:3} {kind.name} ({happened[-1].seconds:.1f} s)", flush=True
            )
            box.pass_time(box.some_seconds(*GAP))
        clients.stopping.set()
        last = time.monotonic() - GAP[1] * box.tempo
    box.pass_time(1)
    drained, left = _until_quiet(box, book, last)
    found = evidence.collect(box, book)
    verdict = judge.judge(book, found, happened, clients.seen, drained)
    verdict.others += clients.problems + [f"not done in time: {what}" for what in left[:5]]
    result = _result(seed, happened, verdict, clients, time.monotonic() - began)
    if prove:
        result["blind"] = proving.blind_to(box, book, happened, clients.seen)
    _rest(box, book, happened, clients)
    return result


def dispatcher_alone(box: Box, seed: int) -> dict[str, Any]:
    """Redis off, no worker, no beat: everything is as right as before, only slower."""
    box.without("worker", "beat", "second beat")
    box.valkey.stop()
    return history(box, seed, 0, work.SMALL)


def _start_reading(book: work.Book) -> datetime:
    """Have the org read, unless that is under way. When the reading began: what is edited after it, it may not see."""
    from django.db import connections

    from cs_platform import ledger
    from cs_platform.tenancy.scope import tenant_scope
    from integrations.salesforce import services as salesforce
    from integrations.salesforce.models import Connection

    connections.close_all()  # ours may be one that PostgreSQL took along
    with tenant_scope(book.tenant_id):
        connection = Connection.objects.get(pk=book.connection_id)
        try:
            run = salesforce.start_sync(connection, actor=ledger.system("faults"), now=datetime.now(UTC))
        except ledger.Refused:
            return datetime.min.replace(tzinfo=UTC)  # on hold: later
        return run.started_at


def _until_quiet(box: Box, book: work.Book, last: float) -> tuple[float, list[str]]:
    from tests.faults import evidence

    end, told = time.monotonic() + WAIT_FOR_QUIET, time.monotonic() + 20
    edited_until, read_from = datetime.now(UTC), _start_reading(book)
    while time.monotonic() < end:
        left = evidence.quiet(box, book)
        if not left and read_from >= edited_until:
            break
        if not left:
            read_from = _start_reading(book)  # the one before began before the last edit
        if time.monotonic() > told:
            told += 20
            print(f"  {time.monotonic() - last:6.1f} s after the last fault: {_counted(left)}", flush=True)
        box.pass_time(0.5)
    return time.monotonic() - last, left


def _counted(left: Sequence[str]) -> str:
    return ", ".join(f"{many} {what}" for what, many in Counter(left).most_common(6))


def _result(seed: int, happened: Sequence[Happened], verdict: judge.Verdict, clients: Clients, seconds: float) -> Any:
    answers = Counter("none" if a.status == 0 else f"{a.status // 100}xx" for a in clients.seen)
    return {
        "seed": seed,
        "faults": len(happened),
        "by_kind": dict(Counter(fault.kind for fault in happened)),
        "units": verdict.units,
        "lost": len(verdict.lost),
        "doubled": len(verdict.doubled),
        "unknown": verdict.unknown,
        "unknown_allowed": verdict.unknown_allowed,
        "drained": round(verdict.drained, 1),
        "slowest": round(max((a.seconds for a in clients.seen), default=0.0), 1),
        "answers": dict(answers),
        "orders": len(clients.book.orders),
        "problems": verdict.problems,
        "seconds": round(seconds),
    }


def _rest(box: Box, book: work.Book, happened: Sequence[Happened], clients: Clients) -> None:
    """The organisation sleeps from now on; what was seen is kept for whoever looks into a problem."""
    from cs_platform.tenancy.models import Tenant

    Tenant.objects.filter(pk=book.tenant_id).update(status=Tenant.Status.SUSPENDED)
    kept = box.root / "seen" / f"{book.slug}.json"
    kept.parent.mkdir(exist_ok=True)
    seen = [asdict(answer) for answer in clients.seen if answer.status >= 500 or answer.seconds > 3]
    kept.write_text(json.dumps({
        "faults": [asdict(fault) for fault in happened],
        "answers": seen,
        "orders": [asdict(order) for order in book.orders],
    }, indent=1))  # fmt: skip


@contextlib.contextmanager
def standing(root: Path, base: int, scale: work.Scale) -> Iterator[Box]:
    """A box that runs, with Django in this process speaking to its database past every proxy."""
    box = Box(root, base, tempo=0.35 if scale is work.SMALL else 1.0)
    try:
        box.start(lambda folder: work.fill_org(folder, scale))
        os.environ.update(
            {k: v for k, v in box.env.items() if k.startswith(("CS_", "EMAIL_"))},
            DATABASE_URL=box.database(),
            REDIS_URL=f"redis://127.0.0.1:{box.valkey.port}/0",
            DJANGO_SETTINGS_MODULE="cs_platform.settings",
        )
        import django

        django.setup()
        yield box
    finally:
        box.stop()


def main(argv: Sequence[str] | None = None) -> int:
    given = _arguments(argv)
    judge.DRAINED, judge.SLOWEST = given.quiet_after, given.answer_within
    scale = work.SMALL if given.small else work.Scale()
    done = {} if given.again or given.small else _known(given)
    failed = 0
    with contextlib.ExitStack() as stack:
        folder = given.dir or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="faults-")))
        box: Box | None = None
        for number, faults in enumerate(_runs(given)):
            seed = given.seed + number
            result = done.get((seed, faults))
            if result is None:
                if box is None:
                    box = stack.enter_context(standing(folder, given.port_base, scale))
                print(f"run {number + 1}: seed {seed}, {faults} faults", flush=True)
                result = history(box, seed, faults, scale, given.only, prove=given.small)
                if not given.only:
                    _keep(given, result)
            failed += _told(result)
        if given.small and box is not None and not failed:
            print("the dispatcher alone, with Redis off", flush=True)
            failed += _told(dispatcher_alone(box, given.seed + 1))
    return 1 if failed else 0


def _told(result: dict[str, Any]) -> bool:
    print(_line(result), flush=True)
    for what in result.get("blind", ()):
        print(f"  the judge does not see {what}", flush=True)
    return bool(result["problems"] or result.get("blind"))


def _runs(given: argparse.Namespace) -> list[int]:
    whole, rest = divmod(given.faults, given.per_run)
    return [given.per_run] * whole + ([rest] if rest else [])


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="histories", description="Faults happen to the whole product; nothing is lost."
    )
    parser.add_argument("--faults", type=int, default=0, help="how many; 300, or 20 with --small")
    parser.add_argument("--per-run", type=int, default=50, help="faults in one history")
    parser.add_argument("--seed", type=int, default=1, help="of the first history; each next one has the next")
    parser.add_argument("--small", action="store_true", help="little work")
    parser.add_argument("--only", default="", help="only kinds of fault with this word in their name")
    parser.add_argument("--again", action="store_true", help="also what is in the results file")
    parser.add_argument("--dir", type=Path, help="folder of the box; a temporary one if left out")
    parser.add_argument(
        "--quiet-after", type=float, default=judge.DRAINED, help="seconds after the last fault, at most"
    )
    parser.add_argument("--answer-within", type=float, default=judge.SLOWEST, help="the web, at most; s")
    parser.add_argument("--port-base", type=int, default=21000)
    parser.add_argument("--results", type=Path, default=None)
    given = parser.parse_args(argv)
    given.faults = given.faults or (20 if given.small else 300)
    given.results = given.results or (None if given.small else report.HISTORIES)
    return given


def _known(given: argparse.Namespace) -> dict[tuple[int, int], Any]:
    try:
        rows = [json.loads(line) for line in given.results.read_text().splitlines()]
    except OSError:
        return {}
    here = report.commit()
    return {(row["seed"], row["faults"]): row for row in rows if not row["problems"] and row["commit"] == here}


def _keep(given: argparse.Namespace, result: dict[str, Any]) -> None:
    if given.results is not None:
        given.results.parent.mkdir(parents=True, exist_ok=True)
        with given.results.open("a") as file:
            at = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "commit": report.commit()}
            file.write(json.dumps(result | at) + "\n")


def _line(result: dict[str, Any]) -> str:
    words = (
        f"seed {result['seed']}: {result['faults']} faults, {result['units']} units of work: lost {result['lost']}, "
        f"doubled {result['doubled']}, unknown {result['unknown']} (at most {result['unknown_allowed']}), quiet after "
        f"{result['drained']} s, slowest answer {result['slowest']} s, {result['seconds']} s in all"
    )
    return "\n".join([words, *(f"  {problem}" for problem in result["problems"][:40])])


if __name__ == "__main__":
    sys.exit(main())
