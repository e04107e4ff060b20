"""What falls due while nobody looks, while a series is paused, or while all mail is off: nothing bursts afterwards."""

from datetime import timedelta

import pytest

from accounts import selectors as accounts
from campaigns import selectors, services
from campaigns.models import Enrolment, Message, Series, SeriesRun
from cs_platform import ledger
from cs_platform.tenancy.scope import tenant_scope
from tests.campaigns.stage import (
    TEST,
    at,
    enrol,
    make_account,
    make_contact,
    make_series,
    messages,
    minute,
    states,
    subjects,
)

pytestmark = pytest.mark.django_db
WEDNESDAY, FRIDAY, MONDAY = at("2026-11-25", 8), at("2026-11-27", 8), at("2026-11-30", 8)
BEFORE_IT = WEDNESDAY - timedelta(minutes=5)


@pytest.fixture
def ada(acme):
    with tenant_scope(acme):
        return make_contact(make_account())


@pytest.fixture
def tips(acme, ada):
    with tenant_scope(acme):
        series = make_series()
        enrol(series, ada)
    return series


def late_alerts(acme):
    with tenant_scope(acme):
        return [alert for alert in accounts.open_alerts() if alert.kind == services.LATE]


def run_of(acme, due):
    with tenant_scope(acme):
        return SeriesRun.objects.get(due_at=due)


@pytest.mark.parametrize("hours", [0, 1, 3.99, 4])
def test_up_to_four_hours_late_it_still_goes_out(acme, tips, mailbox, hours):
    minute(BEFORE_IT)
    minute(WEDNESDAY + timedelta(hours=hours))
    assert subjects(mailbox) == ["Tips 1 for Ada"] and late_alerts(acme) == []


@pytest.mark.parametrize("hours", [4.01, 5, 30])
def test_later_it_is_left_out_with_an_alert_and_the_same_email_comes_at_the_next_slot(acme, tips, mailbox, hours):
    minute(BEFORE_IT)
    minute(WEDNESDAY + timedelta(hours=hours))
    assert mailbox.mails() == [] and messages(acme) == []
    assert (run_of(acme, WEDNESDAY).state, run_of(acme, WEDNESDAY).reason) == ("skipped", "late")
    assert "Wed 25 Nov 2026" in late_alerts(acme)[0].message
    minute(FRIDAY)
    assert subjects(mailbox) == ["Tips 1 for Ada"]


def test_a_slot_that_nobody_planned_before_it_was_too_late_is_marked_all_the_same(acme, tips, mailbox):
    type(acme).objects.filter(pk=acme.pk).update(timezone="Pacific/Auckland")  # nine there was twelve hours before
    minute(at("2026-11-25", 1))  # five hours after nine in Auckland, and the first look since it moved there
    assert mailbox.mails() == [] and "Wed 25 Nov 2026" in late_alerts(acme)[0].message
    with tenant_scope(acme):
        run = SeriesRun.objects.get(zone="Pacific/Auckland", state="skipped")
    assert (run.reason, f"{run.local_date}") == ("late", "2026-11-25")
    minute(at("2026-11-25", 2))
    assert len(late_alerts(acme)) == 1


def test_in_the_evening_it_is_late_when_the_day_is_over(acme, ada, mailbox):
    with tenant_scope(acme):
        enrol(make_series("Evening", local_time="22:00"), ada)
    minute(at("2026-11-25", 20))
    minute(at("2026-11-25", 23, 1))  # a minute past midnight in Berlin, two hours late
    assert mailbox.mails() == [] and len(late_alerts(acme)) == 1


def test_a_person_sends_a_late_run_after_all(acme, tips, mailbox):
    minute(BEFORE_IT)
    minute(WEDNESDAY + timedelta(hours=5))
    with tenant_scope(acme):
        services.send_late(run_of(acme, WEDNESDAY), actor=TEST, now=WEDNESDAY + timedelta(hours=6))
    minute(WEDNESDAY + timedelta(hours=6))
    assert subjects(mailbox) == ["Tips 1 for Ada"] and late_alerts(acme) == []
    assert run_of(acme, WEDNESDAY).state == "finished"
    with tenant_scope(acme), pytest.raises(ledger.NotAllowed):
        services.send_late(run_of(acme, WEDNESDAY), actor=TEST, now=WEDNESDAY + timedelta(hours=7))
    minute(FRIDAY)
    assert subjects(mailbox) == ["Tips 1 for Ada", "Tips 2 for Ada"]


def test_a_pause_shifts_everything_and_nothing_bursts(acme, tips, mailbox):
    minute(WEDNESDAY)
    with tenant_scope(acme):
        services.pause_series(tips, actor=TEST, now=WEDNESDAY + timedelta(hours=1))
    for due in (FRIDAY, MONDAY):
        minute(due)
        minute(due + timedelta(minutes=1))
    with tenant_scope(acme):
        services.resume_series(tips, actor=TEST, now=MONDAY + timedelta(minutes=30))
    for minutes in (30, 31, 90):
        minute(MONDAY + timedelta(minutes=minutes))
    assert subjects(mailbox) == ["Tips 1 for Ada"]
    minute(at("2026-12-02", 8))
    assert subjects(mailbox) == ["Tips 1 for Ada", "Tips 2 for Ada"] and late_alerts(acme) == []


def test_a_slot_that_nobody_looked_at_during_the_pause_is_not_made_up_for(acme, tips, mailbox):
    minute(BEFORE_IT)
    with tenant_scope(acme):
        services.pause_series(tips, actor=TEST, now=BEFORE_IT)
        services.resume_series(tips, actor=TEST, now=WEDNESDAY + timedelta(minutes=30))
    minute(WEDNESDAY + timedelta(minutes=31))
    assert mailbox.mails() == []
    minute(FRIDAY)
    assert subjects(mailbox) == ["Tips 1 for Ada"]


def expanded(acme):
    """The messages of the slot are written, and none is sent yet."""
    with tenant_scope(acme):
        services.plan_runs(now=WEDNESDAY)
        services.expand_run(SeriesRun.objects.get(due_at=WEDNESDAY).pk, now=WEDNESDAY)


def test_a_pause_in_the_middle_holds_what_waits_and_a_resume_in_time_lets_it_go(acme, tips, mailbox):
    expanded(acme)
    with tenant_scope(acme):
        services.pause_series(tips, actor=TEST, now=WEDNESDAY)
    minute(WEDNESDAY)
    assert states(acme) == ["held"] and mailbox.mails() == []
    with tenant_scope(acme):
        services.resume_series(tips, actor=TEST, now=WEDNESDAY + timedelta(hours=1))
    minute(WEDNESDAY + timedelta(hours=1))
    assert states(acme) == ["sent"] and len(mailbox.mails()) == 1


def test_what_was_held_too_long_is_left_out_and_comes_at_the_next_slot(acme, tips, mailbox):
    expanded(acme)
    with tenant_scope(acme):
        services.pause_series(tips, actor=TEST, now=WEDNESDAY)
        services.resume_series(tips, actor=TEST, now=WEDNESDAY + timedelta(hours=5))
    minute(WEDNESDAY + timedelta(hours=5))
    assert states(acme) == ["skipped"] and mailbox.mails() == []
    minute(FRIDAY)
    assert subjects(mailbox) == ["Tips 1 for Ada"]


def test_one_contact_is_paused_and_resumed_alone(acme, tips, mailbox):
    expanded(acme)
    with tenant_scope(acme):
        enrolment = services.pause_enrolment(Enrolment.objects.get(), actor=TEST, now=WEDNESDAY)
    minute(WEDNESDAY)
    minute(FRIDAY)
    assert mailbox.mails() == [] and states(acme) == ["skipped"]
    with tenant_scope(acme):
        services.resume_enrolment(enrolment, actor=TEST, now=FRIDAY)
    minute(MONDAY)
    assert subjects(mailbox) == ["Tips 1 for Ada"]


def test_the_switch_of_all_mail_stops_everything_and_nothing_bursts(acme, tips, mailbox):
    expanded(acme)
    with tenant_scope(acme):
        services.stop_sending("wrong prices", actor=TEST, now=WEDNESDAY)
        assert selectors.why_nothing_is_sent() == "Sending is switched off: wrong prices"
    minute(WEDNESDAY)
    minute(FRIDAY)
    with tenant_scope(acme):
        services.start_sending(actor=TEST, now=FRIDAY + timedelta(hours=1))
    minute(FRIDAY + timedelta(hours=1))
    assert mailbox.mails() == [] and run_of(acme, FRIDAY).reason == "sending_off"
    minute(MONDAY)
    assert subjects(mailbox) == ["Tips 1 for Ada"]


def test_a_copy_that_wakes_up_elsewhere_sends_nothing_until_a_person_says_so(acme, tips, mailbox, settings):
    settings.CS_INSTALLATION_ID = "the copy"
    minute(WEDNESDAY)
    assert mailbox.mails() == [] and run_of(acme, WEDNESDAY).state == "skipped"
    with tenant_scope(acme):
        assert "another installation" in selectors.why_nothing_is_sent()
        services.adopt_installation(actor=TEST, now=WEDNESDAY)
    minute(FRIDAY)
    assert subjects(mailbox) == ["Tips 1 for Ada"]


def test_a_copy_that_wakes_up_in_the_middle_of_a_run_sends_nothing_of_it(acme, tips, mailbox, settings):
    expanded(acme)
    settings.CS_INSTALLATION_ID = "the copy"
    minute(WEDNESDAY)
    assert mailbox.mails() == [] and states(acme) == ["planned"]


def test_an_installation_without_a_name_sends_nothing(acme, tips, mailbox, settings, tmp_path):
    (tmp_path / "file").write_text("in the way")
    settings.CS_DATA_DIR = tmp_path / "file"
    with tenant_scope(acme):
        assert "CS_INSTALLATION_ID" in selectors.why_nothing_is_sent()
        with pytest.raises(ledger.Refused):
            services.adopt_installation(actor=TEST, now=WEDNESDAY)
    minute(WEDNESDAY)
    assert mailbox.mails() == []


def test_the_name_of_an_installation_is_made_once_and_kept(settings, tmp_path):
    from campaigns.installation import installation_id

    settings.CS_DATA_DIR = tmp_path / "data"
    first = installation_id()
    assert first and installation_id() == first == (tmp_path / "data" / "installation-id").read_text()


def test_a_suspended_organisation_sends_nothing(acme, tips, mailbox):
    expanded(acme)
    type(acme).objects.filter(pk=acme.pk).update(status="suspended")
    minute(WEDNESDAY)
    assert mailbox.mails() == [] and states(acme) == ["planned"]


def test_an_archived_series_leaves_out_what_waits_and_ends_for_all(acme, tips, mailbox):
    expanded(acme)
    with tenant_scope(acme):
        services.archive_series(tips, actor=TEST, now=WEDNESDAY)
        assert Enrolment.objects.get().state == "stopped"
        with pytest.raises(services.SeriesClosed):
            services.enrol_contacts(Series.objects.get(pk=tips.pk), [], actor=TEST, now=WEDNESDAY)
    minute(WEDNESDAY)
    assert mailbox.mails() == [] and states(acme) == ["skipped"]


def test_the_clock_decides_alone_and_a_message_left_out_by_hand_is_skipped_for_good(acme, tips, mailbox):
    expanded(acme)
    with tenant_scope(acme):
        services.skip_message(Message.objects.get(), actor=TEST, now=WEDNESDAY)
    minute(WEDNESDAY)
    minute(FRIDAY)
    assert subjects(mailbox) == ["Tips 2 for Ada"]
