"""Whose clock counts, and what happens when it changes. A day that was sent is never sent again."""

import datetime as dt
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts import services as account_services
from campaigns import services, zones
from campaigns.models import Enrolment, Message, Series, SeriesRun
from cs_platform import ledger
from cs_platform.tenancy.models import Tenant
from cs_platform.tenancy.scope import tenant_scope
from tests.campaigns.stage import TEST, at, enrol, make_account, make_contact, make_series, messages, minute, subjects

pytestmark = pytest.mark.django_db
WEDNESDAY = at("2026-11-25", 8)


def due_of(acme, day="2026-11-25"):
    with tenant_scope(acme):
        found = SeriesRun.objects.filter(local_date=day).order_by("due_at")
        return [(run.zone, run.due_at.hour) for run in found]


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("recipient", [("Asia/Tokyo", 0), ("Europe/Berlin", 8), ("America/New_York", 14)]),
        ("account", [("Europe/Berlin", 8), ("America/New_York", 14)]),
        ("tenant", [("Europe/Berlin", 8)]),
        ("Australia/Sydney", [("Australia/Sydney", 22)]),
    ],
)
def test_each_zone_that_somebody_lives_in_has_its_own_run(acme, mailbox, zone, expected):
    with tenant_scope(acme):
        home, away = make_account("Home"), make_account("Away", timezone="America/New_York")
        people = [
            make_contact(home, "a@home.example"),
            make_contact(home, "b@home.example", timezone="Asia/Tokyo"),
            make_contact(away, "c@away.example"),
        ]
        enrol(make_series(zone=zone), *people, now=at("2026-11-23", 12))
    minute(at("2026-11-23", 12))
    assert due_of(acme) == expected
    for hour in range(30):
        minute(at("2026-11-24", 20) + dt.timedelta(hours=hour))
    assert len(mailbox.mails()) == 3


def test_a_contact_that_moves_moves_its_next_slot(acme, mailbox):
    with tenant_scope(acme):
        ada = make_contact(make_account())
        enrol(make_series(zone="recipient"), ada)
    minute(at("2026-11-24", 8))
    assert due_of(acme) == [("Europe/Berlin", 8)]
    with tenant_scope(acme):
        account_services.edit_contact(ada, {"timezone": "America/New_York"}, actor=TEST, now=at("2026-11-24", 9))
    minute(at("2026-11-24", 10))
    assert due_of(acme) == [("America/New_York", 14)]
    minute(WEDNESDAY)
    assert mailbox.mails() == []
    minute(at("2026-11-25", 14))
    assert len(mailbox.mails()) == 1


def test_a_contact_that_moves_west_after_its_email_does_not_get_the_day_again(acme, mailbox):
    with tenant_scope(acme):
        ada = make_contact(make_account())
        enrol(make_series(zone="recipient"), ada)
    minute(WEDNESDAY)
    with tenant_scope(acme):
        account_services.edit_contact(ada, {"timezone": "Pacific/Honolulu"}, actor=TEST, now=WEDNESDAY)
    for hour in range(1, 24):
        minute(WEDNESDAY + dt.timedelta(hours=hour))
    assert subjects(mailbox) == ["Tips 1 for Ada"]


def test_another_time_counts_for_what_has_not_begun_and_never_at_once(acme, mailbox):
    with tenant_scope(acme):
        series = make_series()
        enrol(series, make_contact(make_account()))
    minute(at("2026-11-24", 8))
    with tenant_scope(acme):
        services.edit_series(series, {"local_time": "15:00"}, actor=TEST, now=at("2026-11-25", 7))
    minute(WEDNESDAY)
    assert mailbox.mails() == [] and due_of(acme) == [("Europe/Berlin", 14)]
    with tenant_scope(acme):
        services.edit_series(series, {"local_time": "08:30"}, actor=TEST, now=at("2026-11-25", 9))
    minute(at("2026-11-25", 9))
    assert mailbox.mails() == [] and due_of(acme) == []  # half past eight has passed: the day is left out
    minute(at("2026-11-27", 7, 30))
    assert subjects(mailbox) == ["Tips 1 for Ada"]


def test_newer_time_zone_data_move_what_is_planned(acme, mailbox, monkeypatch):
    with tenant_scope(acme):
        enrol(make_series(), make_contact(make_account()))
    minute(at("2026-11-24", 8))
    with tenant_scope(acme):
        assert set(SeriesRun.objects.values_list("tzdata", flat=True)) == {zones.VERSION}
        SeriesRun.objects.update(tzdata="2001a", due_at=dt.datetime(2026, 11, 26, 3, 0, tzinfo=dt.UTC))
    minute(at("2026-11-24", 9))
    assert due_of(acme) == [("Europe/Berlin", 8)]


def test_any_number_of_tickers_plans_each_slot_once(acme):
    with tenant_scope(acme):
        enrol(make_series(), make_contact(make_account()))
        for _ in range(5):
            services.plan_runs(now=at("2026-11-24", 8))
        assert SeriesRun.objects.count() == 4  # Wed, Fri, Mon, Wed within eight days
        assert len({(run.local_date, run.zone) for run in SeriesRun.objects.all()}) == 4


PLACES = ["Europe/Berlin", "America/New_York", "Asia/Tokyo", "Pacific/Kiritimati", "Pacific/Honolulu"]
MOVES = st.sampled_from([*PLACES, ""])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.integers(1, 40)),
        st.tuples(st.just("contact"), MOVES),
        st.tuples(st.just("tenant"), st.sampled_from(PLACES)),
        st.tuples(st.just("pause"), st.none()),
        st.tuples(st.just("resume"), st.none()),
        st.tuples(st.just("time"), st.sampled_from(["00:30", "09:00", "21:30"])),
        st.tuples(st.just("mode"), st.sampled_from(["recipient", "tenant", "Asia/Kolkata"])),
    ),
    min_size=5,
    max_size=25,
)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_whatever_happens_nobody_gets_a_day_or_a_text_twice(acme, mailbox, steps):
    """Random histories of moves, pauses and looks at the clock."""
    from django.db import transaction

    mailbox.clear()
    with transaction.atomic():
        _history(acme, steps)
        transaction.set_rollback(True)
    mailed = Counter(mail["subject"] for mail in mailbox.mails())
    assert not [subject for subject, times in mailed.items() if times > 1]


def _history(acme, steps):
    now = at("2026-11-24", 8)
    with tenant_scope(acme):
        series, ada = make_series(texts=8, zone="recipient"), make_contact(make_account())
        enrol(series, ada, now=now)
    for kind, value in steps:
        if kind == "wait":
            for _ in range(value):
                now += dt.timedelta(hours=1)
                minute(now)
            continue
        now += dt.timedelta(minutes=7)
        with tenant_scope(acme):
            _step(series, ada, kind, value, now)
        minute(now)
    sent = messages(acme, state="sent")
    assert len({message.local_date for message in sent}) == len(sent)
    assert [message.position for message in sorted(sent, key=lambda m: m.sent_at)] == list(range(1, len(sent) + 1))
    with tenant_scope(acme):
        assert Enrolment.objects.get().position == len(sent)
        assert not Message.objects.filter(state="sending").exists()


def _step(series, ada, kind, value, now):
    if kind == "contact":
        account_services.edit_contact(ada, {"timezone": value}, actor=TEST, now=now)
    elif kind == "tenant":
        Tenant.objects.update(timezone=value)
    elif kind == "time":
        services.edit_series(series, {"local_time": value}, actor=TEST, now=now)
    elif kind == "mode":
        services.edit_series(series, {"zone": value}, actor=TEST, now=now)
    else:
        change = services.pause_series if kind == "pause" else services.resume_series
        try:
            change(Series.objects.get(pk=series.pk), actor=TEST, now=now)
        except ledger.NotAllowed:
            pass
