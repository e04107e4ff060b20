"""The judge sees what is lost, doubled, untold or too late, and nothing in a history in which all went well."""

from copy import deepcopy

import pytest

from tests.faults import kinds, report
from tests.faults.clients import Answer
from tests.faults.evidence import Evidence
from tests.faults.judge import judge
from tests.faults.kinds import Happened
from tests.faults.work import Book, Order

NAMED = ("Read", "Named", 5)


@pytest.fixture
def book():
    orders = [
        Order("level", "", {}, "a1", "k1", 200),
        Order("stage", "", {}, "a1", "k2", 200),
        Order("account", "", {}, "New", "k3", 201),
        Order("invitation", "", {}, "i@x", "k4", 201),
    ]
    recipients = {"large": ["p@x", "q@x"]}
    return Book("h", 1, "", "", ["a1"], recipients, ["001"], orders=orders)


@pytest.fixture
def found():
    return Evidence(
        envelopes={"p@x": 1, "i@x": 1},
        message_ids={"<1>": 1},
        messages={"p@x": ["sent"], "q@x": ["unknown"]},
        unknown=["m1"],
        unknown_listed=["m1"],
        runs={"large": "finished"},
        org={"001": NAMED, "009": ("Without a level", "", 1)},
        accounts={"001": NAMED},
        org_told={"001": ("SMB", "Digital TA team", "0. Prospect")},
        to_tell={"001": ("SMB", "Digital TA team", "0. Prospect")},
        mirrored={"001", "009"},
        managed={"001": 1},
        level_facts={"001": 1},
        intervals={"001": 1},
        levels={"a1": (1, "Scaled")},
        stages={"a1": (2, "1. Onboarding")},
        named={"New": 1},
        invitations={"i@x": 1},
    )


KILL = Happened(1, "dispatcher killed", began=100.0, ended=101.0, in_flight=1)
RESTART = Happened(2, "postgres restarted at once", began=200.0, ended=203.0, in_flight=1)


def verdict_on(book, found, happened=(KILL,), seen=(), drained=10.0):
    return judge(book, found, happened, seen, drained)


def test_a_history_in_which_all_went_well_is_green(book, found):
    verdict = verdict_on(book, found)
    assert verdict.problems == []
    assert (verdict.units, verdict.unknown, verdict.unknown_allowed) == (9, 1, 1)


@pytest.mark.parametrize(
    ("field", "key", "value", "seen_as"),
    [
        ("envelopes", "p@x", 2, "DOUBLED p@x got 2 mails"),
        ("envelopes", "p@x", 0, "LOST p@x: the message is sent"),
        ("envelopes", "i@x", 2, "DOUBLED i@x got 2 invitations"),
        ("envelopes", "i@x", 0, "LOST the mail to i@x"),
        ("message_ids", "<1>", 2, "DOUBLED <1> is 2 times"),
        ("messages", "p@x", [], "p@x has 0 messages"),
        ("messages", "p@x", ["planned"], "the message is planned"),
        ("messages", "q@x", ["failed"], "LOST q@x"),
        ("runs", "large", "sending", "the run of large is sending"),
        ("accounts", "001", ("Read", "Scaled", 5), "LOST 001 is"),
        ("accounts", "002", NAMED, "DOUBLED 002 is not in the org"),
        ("managed", "001", 2, "DOUBLED 001: managed told 2 times"),
        ("level_facts", "001", 0, "LOST 001: support level changed was not told"),
        ("org_told", "001", ("", "", ""), "LOST 001 is ('SMB', 'Digital TA team', '0. Prospect') here"),
        ("intervals", "001", 2, "DOUBLED 001: stage entered told 2 times"),
        ("levels", "a1", (2, "Scaled"), "DOUBLED level of a1"),
        ("levels", "a1", (1, "Digital"), "LOST level of a1: it is Digital"),
        ("stages", "a1", (3, "1. Onboarding"), "DOUBLED stage of a1"),
        ("named", "New", 0, "LOST account New"),
        ("named", "New", 2, "DOUBLED account New"),
        ("invitations", "i@x", 2, "DOUBLED invitation i@x"),
    ],
)
def test_what_is_wrong_is_seen(book, found, field, key, value, seen_as):
    spoilt = deepcopy(found)
    getattr(spoilt, field)[key] = value
    assert any(seen_as in problem for problem in verdict_on(book, spoilt).problems)


@pytest.mark.parametrize("sf_id", ["001", "009"])
def test_an_account_that_was_not_read_is_lost(book, found, sf_id):
    found.mirrored.remove(sf_id)
    assert f"LOST {sf_id} was not read" in verdict_on(book, found).problems


def test_an_unknown_message_must_be_listed_and_have_a_reason(book, found):
    found.unknown_listed = []
    assert "1 messages are unknown, the list has 0" in verdict_on(book, found).problems
    found.unknown_listed = ["m1"]
    assert "1 unknown, at most 0 were on their way" in verdict_on(book, found, happened=()).problems


def test_an_invitation_that_is_told_to_be_unknown_is_not_lost(book, found):
    found.envelopes["i@x"], found.unknown_invitations = 0, ["i@x"]
    assert verdict_on(book, found, happened=(KILL, RESTART)).problems == []


def test_what_was_not_asked_for_is_doubled_and_what_was_refused_is_told(book, found):
    book.orders.pop(0)
    assert any("DOUBLED level of a1: 0 asked for, 1 done" in problem for problem in verdict_on(book, found).problems)
    book.orders.append(Order("level", "", {}, "a1", "k1", 500, "broken"))
    assert any("was answered 500" in problem for problem in verdict_on(book, found).problems)


def test_work_that_waits_or_was_given_up_and_a_late_end_are_told(book, found):
    found.waiting, found.dead = ["a.kind"], ["given up: b.kind: no"]
    problems = verdict_on(book, found, drained=91.0).problems
    assert {"still waiting: a.kind", "given up: b.kind: no", "quiet only 91 s after the last fault"} <= set(problems)


@pytest.mark.parametrize(
    ("answer", "is_seen"),
    [
        (Answer("/", 201.0, 0.1, 503), False),  # PostgreSQL is away
        (Answer("/", 207.0, 0.1, 500), False),  # and has just come back
        (Answer("/", 220.0, 0.1, 500), True),
        (Answer("/", 100.5, 0.1, 502), True),  # a dispatcher that died is no reason
        (Answer("/", 100.5, 0.1, 0), False),  # nobody listens while the web starts again
        (Answer("/", 201.0, 11.0, 200), True),
        (Answer("/", 300.0, 9.0, 200), False),
    ],
)
def test_the_web_may_fail_only_while_postgresql_is_away(book, found, answer, is_seen):
    problems = verdict_on(book, found, happened=(KILL, RESTART), seen=(answer,)).problems
    assert bool(problems) is is_seen


def test_every_kind_of_fault_comes_once_before_any_comes_twice():
    first = [next_kind.name for next_kind, _ in zip(kinds.schedule(5), range(len(kinds.KINDS)), strict=False)]
    assert sorted(first) == sorted(kinds.KINDS) and len(first) >= 30
    again = kinds.schedule(5)
    assert first == [next(again).name for _ in first], "the seed decides"


def test_the_report_names_every_history_and_every_problem():
    row = {
        "seed": 7, "faults": 50, "by_kind": {"web killed": 2}, "units": 20_000, "lost": 1, "doubled": 0, "unknown": 3,
        "unknown_allowed": 9, "drained": 61.2, "slowest": 4.0, "orders": 300, "problems": ["LOST x"],
        "at": "2026-11-25T10:00:00", "commit": "abc",
    }  # fmt: skip
    part = {"ok": False, "seconds": 300, "words": "said", "at": "2026-11-25T10:00", "commit": "abc"}
    page = report.page([row], {"histories": part}, [{"what": "hammer", "pool": 2, "ok": True, "words": "w"}], "here")
    for words in ("50 faults of 1 kinds", "lost **1**", "seed 7: LOST x", "| web killed | 2 |", "**failed**", "hammer"):
        assert words in page
