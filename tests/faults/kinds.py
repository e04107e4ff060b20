"""Every kind of fault, and the order in which a seed lets them happen.

A kind strikes, lasts for a while and heals before the next one begins. `database` says that PostgreSQL could not be
reached meanwhile: only then may the web answer with an error of its own.
"""

import random
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cs_platform.supervisor.mailbox import Mailbox
from tests.faults.box import Box
from tests.faults.proxy import Proxy

Strike = Callable[[Box], None]
KINDS: dict[str, "Kind"] = {}
MAIL_PACE = 0.02  # seconds that the mail server takes for a mail, so that a run lasts long enough to be hit


@dataclass(frozen=True)
class Kind:
    """`sender`: who sends mail dies of it, and nobody knows what became of the mail in its hands. `mail`: the same, and
    also of those that were begun while it lasted. Both cost a lease or a pause of a minute."""

    name: str
    strike: Strike
    database: bool = False
    sender: bool = False
    mail: bool = False


@dataclass
class Happened:
    """One fault as it was: when, and how many lines to the mail server it may have cut in the middle of a mail."""

    number: int
    kind: str
    began: float
    ended: float
    in_flight: int

    @property
    def seconds(self) -> float:
        return self.ended - self.began


def kind(name: str, **what: bool) -> Callable[[Strike], Strike]:
    def register(strike: Strike) -> Strike:
        KINDS[name] = Kind(name, strike, **what)
        return strike

    return register


def schedule(seed: int, only: str = "") -> Iterator[Kind]:
    """Deck after deck of all kinds, each shuffled, so that a run of any length has had as many of each as can be."""
    rng, names = random.Random(seed), [name for name in KINDS if only in name]
    if not names:
        raise ValueError(f"no kind of fault is called {only!r}")
    while True:
        rng.shuffle(names)
        yield from (KINDS[name] for name in names)


def costly_first(chosen: list[Kind]) -> list[Kind]:
    """For a short history: what makes work wait for a minute comes first, so that the minute runs while the rest
    happens."""
    return sorted(chosen, key=lambda kind: not (kind.sender or kind.mail))


def happen(box: Box, number: int, kind: Kind) -> Happened:
    open_lines, began, accepted = box.smtp.open, time.time(), box.smtp.accepted
    kind.strike(box)
    cut = open_lines if kind.sender or kind.mail else 0
    cut += box.smtp.accepted - accepted if kind.mail else 0
    return Happened(number, kind.name, began, time.time(), cut)


def calm(box: Box) -> None:
    """Nothing is broken, and the mail server takes its time."""
    for proxy in (box.pg, box.bell, box.smtp):
        proxy.set("pass")
    _mail_server(box.mailbox)


# --- processes die --------------------------------------------------------------------------------------------------


def _killer(member: str, *, child: bool = False) -> Strike:
    def strike(box: Box) -> None:
        box.send(box.child_of(member) if child else box.pid_of(member), signal.SIGKILL)
        box.pass_time(box.some_seconds(0.1, 1.0))

    return strike


for _words, _member, _child in (
    ("web killed", "web", False),
    ("web worker killed", "web", True),
    ("celery killed", "worker", False),
    ("pool child killed", "worker", True),
    ("dispatcher killed", "dispatcher", False),
    ("beat killed", "beat", False),
):
    kind(_words, sender=_member in ("worker", "dispatcher"))(_killer(_member, child=_child))


def _freezer(member: str) -> Strike:
    return lambda box: box.freeze(member, box.some_seconds(1.0, 5.0))


for _member in ("worker", "dispatcher", "beat"):
    kind(f"{_member} frozen")(_freezer(_member))


# --- servers die ----------------------------------------------------------------------------------------------------


@kind("postgres restarted at once", database=True, mail=True)
def _restart_postgres(box: Box) -> None:
    assert box.postgres.child is not None
    box.send(box.postgres.child.pid, signal.SIGQUIT)  # immediate: no checkpoint, no farewell
    box.postgres.child.wait(30)
    box.pass_time(box.some_seconds(0.0, 2.0))
    box.postgres.start(box.postgres.port)


@kind("valkey killed")
def _kill_valkey(box: Box) -> None:
    _valkey_dies(box, empty=False)


@kind("valkey killed, empty after it")
def _kill_valkey_and_its_files(box: Box) -> None:
    _valkey_dies(box, empty=True)


def _valkey_dies(box: Box, *, empty: bool) -> None:
    assert box.valkey.child is not None
    box.send(box.valkey.child.pid, signal.SIGKILL)
    box.valkey.child.wait(10)
    box.pass_time(box.some_seconds(0.2, 3.0))
    if empty:
        shutil.rmtree(box.valkey.data, ignore_errors=True)
    box.valkey.start(box.valkey.port)


@kind("valkey flushed")
def _flush_valkey(box: Box) -> None:
    with box.broker() as broker:
        for _ in range(box.rng.randint(1, 5)):
            broker.flushall()
            box.pass_time(0.2)


@kind("valkey full")
def _fill_valkey(box: Box) -> None:
    with box.broker() as broker:
        broker.config_set("maxmemory", 1)
        box.pass_time(box.some_seconds(1.0, 5.0))
        broker.config_set("maxmemory", 0)


@kind("valkey frozen")
def _freeze_valkey(box: Box) -> None:
    assert box.valkey.child is not None
    box.send(box.valkey.child.pid, signal.SIGSTOP)
    box.pass_time(box.some_seconds(1.0, 5.0))
    box.send(box.valkey.child.pid, signal.SIGCONT)


# --- the wire -------------------------------------------------------------------------------------------------------


def _proxy(box: Box, server: str) -> Proxy:
    return {"postgres": box.pg, "valkey": box.bell, "mail server": box.smtp}[server]


def _on_the_wire(server: str, mode: str) -> Strike:
    def strike(box: Box) -> None:
        proxy = _proxy(box, server)
        proxy.set(mode, cut_after=box.rng.randint(1, 3000), pace=(box.rng.randint(1, 40), 0.02))
        box.pass_time(box.some_seconds(0.2, 2.0) if mode in ("reset", "half") else box.some_seconds(1.0, 5.0))
        if mode == "hole" and box.rng.random() < 0.5:
            proxy.set("reset")  # what was swallowed is lost; else it arrives late
        proxy.set("pass")

    return strike


for _server in ("postgres", "valkey", "mail server"):
    for _mode, _words in (
        ("reset", "connections reset"),
        ("hole", "black hole"),
        ("drip", "slow drip"),
        ("cut", "cut after some bytes"),
        ("half", "half closed"),
    ):
        what = {"database": _server == "postgres", "mail": _server != "valkey"}
        kind(f"{_server}: {_words}", **what)(_on_the_wire(_server, _mode))


# --- the mail server ------------------------------------------------------------------------------------------------


def _mail_server(mailbox: Mailbox, **faults: object) -> None:
    mailbox.fail(slow=MAIL_PACE, **faults)  # type: ignore[arg-type]


def _drops(kept: str) -> Strike:
    def strike(box: Box) -> None:
        # One mail is dropped, and with it counts the pace of it: two strikes.
        _mail_server(box.mailbox, drop=kept, times=2)
        box.pass_time(box.some_seconds(0.5, 2.0))
        _mail_server(box.mailbox)

    return strike


kind("mail server drops after the mail, which it kept", mail=True)(_drops("kept"))
kind("mail server drops after the mail, which it lost", mail=True)(_drops("lost"))


@kind("mail server says later", mail=True)
def _say_later(box: Box) -> None:
    _mail_server(box.mailbox, tempfail=True, times=3)
    box.pass_time(box.some_seconds(0.5, 2.0))
    _mail_server(box.mailbox)


@kind("mail server slow", mail=True)
def _slow(box: Box) -> None:
    box.mailbox.fail(slow=box.rng.uniform(0.5, 2.0))
    box.pass_time(box.some_seconds(1.0, 5.0))
    _mail_server(box.mailbox)
