"""What is wrong with the counts: lost, doubled, not told, too late. Pure, so that the tests can show it red."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tests.faults.clients import STAGES, Answer
from tests.faults.evidence import Evidence
from tests.faults.kinds import KINDS, Happened
from tests.faults.work import LEVELS, Book

DRAINED = 90.0
SLOWEST = 10.0
AFTERMATH = 5.0  # seconds after PostgreSQL is back in which a process may still find its old connection dead


@dataclass
class Verdict:
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    unknown: int = 0
    unknown_allowed: int = 0
    units: int = 0
    drained: float = 0.0

    @property
    def problems(self) -> list[str]:
        return [
            *(f"LOST {what}" for what in self.lost),
            *(f"DOUBLED {what}" for what in self.doubled),
            *self.others,
        ]


def judge(book: Book, found: Evidence, happened: Sequence[Happened], seen: Sequence[Answer], drained: float) -> Verdict:
    verdict = Verdict(drained=drained)
    verdict.unknown = len(found.unknown) + len(found.unknown_invitations)
    verdict.unknown_allowed = sum(fault.in_flight for fault in happened)
    _mails(book, found, verdict)
    _read(book, found, verdict)
    _written(found, verdict)
    _orders(book, found, verdict)
    _told(found, verdict)
    verdict.others += found.dead
    verdict.others += [f"still waiting: {kind}" for kind in found.waiting]
    verdict.others += _web(happened, seen)
    if drained > DRAINED:
        verdict.others.append(f"quiet only {drained:.0f} s after the last fault")
    return verdict


def _mails(book: Book, found: Evidence, verdict: Verdict) -> None:
    for series, addresses in book.recipients.items():
        if series not in found.runs:
            verdict.lost.append(f"the run of {series}")
            continue
        if found.runs[series] != "finished":
            verdict.others.append(f"the run of {series} is {found.runs[series]}")
        for address in addresses:
            _mail(address, found, verdict)
    for message_id, many in found.message_ids.items():
        if many > 1:
            verdict.doubled.append(f"{message_id} is {many} times at the mail server")


def _mail(address: str, found: Evidence, verdict: Verdict) -> None:
    verdict.units += 1
    took, states = found.envelopes.get(address, 0), found.messages.get(address, [])
    if took > 1:
        verdict.doubled.append(f"{address} got {took} mails")
    if len(states) != 1:
        verdict.others.append(f"{address} has {len(states)} messages: {', '.join(states)}")
    elif took == 0 and states != ["unknown"]:
        verdict.lost.append(f"{address}: the message is {states[0]}, nothing at the mail server")
    elif states[0] not in ("sent", "unknown"):
        verdict.others.append(f"{address} got its mail, the message is {states[0]}")


def _read(book: Book, found: Evidence, verdict: Verdict) -> None:
    edited = set(book.edited)
    for sf_id, row in found.org.items():
        verdict.units += 1 + (sf_id in edited)
        here = found.accounts.get(sf_id)
        if sf_id not in found.mirrored or (here is None and row[1]):
            verdict.lost.append(f"{sf_id} was not read")
        if here is None:
            continue
        if here != row:
            verdict.lost.append(f"{sf_id} is {row} there and {here} here")
        for words, many, most in (
            ("managed", found.managed.get(sf_id, 0), 1),
            ("support level changed", found.level_facts.get(sf_id, 0), 1 + (sf_id in edited)),
            ("stage entered", found.intervals.get(sf_id, 0), 1),
        ):
            if many < 1:
                verdict.lost.append(f"{sf_id}: {words} was not told")
            if many > most:
                verdict.doubled.append(f"{sf_id}: {words} told {many} times")
    for sf_id in found.accounts.keys() - found.org.keys():
        verdict.doubled.append(f"{sf_id} is not in the org")


def _written(found: Evidence, verdict: Verdict) -> None:
    """The org holds what we decided."""
    for sf_id, ours in found.to_tell.items():
        verdict.units += 1
        if found.org_told.get(sf_id) != ours:
            verdict.lost.append(f"{sf_id} is {ours} here, the org was told {found.org_told.get(sf_id)}")


def _orders(book: Book, found: Evidence, verdict: Verdict) -> None:
    verdict.units += len(book.orders)
    for order in book.orders:
        if not 200 <= order.status < 300:
            verdict.others.append(f"{order.kind} {order.about} was answered {order.status}: {order.answer}")
    wanted = Counter((order.kind, order.about) for order in book.orders if 200 <= order.status < 300)
    for patient in book.patients:
        asked = wanted["level", patient]
        _same(f"level of {patient}", asked, *found.levels[patient], LEVELS[asked % len(LEVELS)], verdict)
        asked = wanted["stage", patient]
        entered, stage = found.stages.get(patient, (0, ""))
        _same(f"stage of {patient}", asked, entered - 1, stage, ("0. Prospect", *STAGES)[asked], verdict)
    for (kind, about), asked in wanted.items():
        if kind in ("account", "contact"):
            _count(f"{kind} {about}", asked, found.named.get(about, 0), verdict)
        elif kind == "invitation":
            _count(f"invitation {about}", asked, found.invitations.get(about, 0), verdict)
            took = found.envelopes.get(about, 0)
            if took > 1:
                verdict.doubled.append(f"{about} got {took} invitations")
            if took == 0 and about not in found.unknown_invitations:
                verdict.lost.append(f"the mail to {about}")


def _same(what: str, asked: int, done: int, now: str, wanted: str, verdict: Verdict) -> None:
    _count(what, asked, done, verdict)
    if done == asked and now != wanted:
        verdict.lost.append(f"{what}: it is {now}, asked for was {wanted}")


def _count(what: str, asked: int, done: int, verdict: Verdict) -> None:
    if done < asked:
        verdict.lost.append(f"{what}: {asked} asked for, {done} done")
    elif done > asked:
        verdict.doubled.append(f"{what}: {asked} asked for, {done} done")


def _told(found: Evidence, verdict: Verdict) -> None:
    """Nobody knows what became of a message that was on its way when something broke: at most those, and each told."""
    if sorted(found.unknown) != sorted(found.unknown_listed):
        verdict.others.append(f"{len(found.unknown)} messages are unknown, the list has {len(found.unknown_listed)}")
    if verdict.unknown > verdict.unknown_allowed:
        verdict.others.append(f"{verdict.unknown} unknown, at most {verdict.unknown_allowed} were on their way")


def _web(happened: Sequence[Happened], seen: Sequence[Answer]) -> Iterator[str]:
    """An error of the web's own only while PostgreSQL could not be reached; never a wait of more than ten seconds."""
    away = [(fault.began, fault.ended + AFTERMATH) for fault in happened if KINDS[fault.kind].database]
    for answer in seen:
        ended = answer.began + answer.seconds
        if answer.seconds > SLOWEST:
            yield f"{answer.path} took {answer.seconds:.1f} s"
        if answer.status >= 500 and not any(answer.began < end and ended > start for start, end in away):
            yield f"{answer.path} was answered {answer.status}, {_when(happened, answer.began)}: {answer.words}"


def _when(happened: Sequence[Happened], moment: float) -> str:
    last = next((fault for fault in reversed(happened) if fault.began <= moment), None)
    return f"{moment - last.began:.1f} s after '{last.kind}' began" if last else "before the first fault"
