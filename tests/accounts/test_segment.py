"""Which segment and service model an account gets by the shipped rules, and why."""

from datetime import timedelta

import pytest

from accounts import selectors, services
from accounts.models import AccountAlert, Decision
from tests.accounts.seen import TESTER, facts, nothing_happens, verbs
from tests.cast import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_acme")]

ENTERPRISE, SCALED, DIGITAL = "Enterprise TA team", "Scaled TA team", "Digital TA team"
BELOW, EXACTLY = 9_999_999, 10_000_000


@pytest.mark.parametrize(
    ("developers", "arr_minor", "level", "segment", "service_model"),
    [
        (0, None, "Named", "SMB", DIGITAL),
        (99, EXACTLY, "Named", "SMB", DIGITAL),
        (100, BELOW, "Named", "Mid-Market", DIGITAL),
        (100, EXACTLY, "Named", "Mid-Market", SCALED),
        (500, BELOW, "Named", "Mid-Market", DIGITAL),
        (500, EXACTLY + 1, "Named", "Mid-Market", SCALED),
        (500, None, "Named", "Mid-Market", DIGITAL),
        (501, BELOW, "Named", "Enterprise", SCALED),
        (501, EXACTLY, "Named", "Enterprise", ENTERPRISE),
        (2500, 0, "Named", "Enterprise", SCALED),
        (2500, -100, "Named", "Enterprise", SCALED),
        (2500, EXACTLY, "Named", "Enterprise", ENTERPRISE),
        (2500, None, "Named", "Enterprise", SCALED),
        (2501, None, "Named", "Strategic", ENTERPRISE),
        (2501, BELOW, "Named", "Strategic", ENTERPRISE),
        (100_000, EXACTLY, "Named", "Strategic", ENTERPRISE),
        (2501, EXACTLY, "Digital", "Scaled", DIGITAL),
        (None, None, "Digital", "Scaled", DIGITAL),
        (99, BELOW, "Scaled", "Scaled", SCALED),
        (None, EXACTLY, "Named", "", ""),
    ],
)
def test_the_shipped_bands(make_account, developers, arr_minor, level, segment, service_model):
    account = make_account("Globex", developers=developers, arr_minor=arr_minor, support_level=level)
    assert (account.segment, account.service_model) == (segment, service_model)


def test_the_reason_is_told_in_words(make_account):
    account = make_account("Globex", developers=1200, arr_minor=15_000_000)
    why = selectors.explain_segment(account)
    assert why.words == "Enterprise because developers = 1,200 (501–2,500), rule v1 of 23 Nov 2026"
    assert why.service_model_words == (
        "Enterprise TA team because developers = 1,200 (501–2,500) and ARR = USD 150,000 (100,000 or more),"
        " rule v1 of 23 Nov 2026"
    )
    assert why.inputs == {"developers": 1200, "arr": "150000.00", "currency": "USD", "support_level": "Named"}
    assert (why.rule, why.version) == ("501–2,500 developers, ARR 100,000 or more", 1)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"developers": 2501}, "Strategic because developers = 2,501 (2,501 or more), rule v1 of 23 Nov 2026"),
        ({"developers": 5}, "SMB because developers = 5 (0–99), rule v1 of 23 Nov 2026"),
        ({"support_level": "Digital"}, "Scaled because support level = Digital, rule v1 of 23 Nov 2026"),
        ({}, "No segment because the number of developers is unknown, rule v1 of 23 Nov 2026"),
    ],
)
def test_other_reasons(make_account, values, words):
    assert selectors.explain_segment(make_account("Globex", **values)).words == words


def test_an_unknown_arr_is_said(make_account):
    why = selectors.explain_segment(make_account("Globex", developers=600))
    assert why.service_model_words.startswith(
        "Scaled TA team because developers = 600 (501–2,500) and ARR is unknown, rule v1"
    )


def test_what_cannot_be_decided_is_an_alert_until_it_can(make_account):
    account = make_account("Globex")
    alert = selectors.open_alerts(account.pk).get()
    assert (alert.kind, "number of developers is unknown" in alert.message) == ("segment", True)
    assert verbs(alert.pk) == ["alert.raise"]
    services.edit_account(account, {"developers": 50}, actor=TESTER, now=NOW)
    assert not selectors.open_alerts(account.pk).exists()
    assert AccountAlert.objects.get().cleared_at == NOW
    services.edit_account(account, {"developers": None}, actor=TESTER, now=NOW)
    assert selectors.open_alerts(account.pk).count() == 1


def test_an_alert_of_an_archived_account_needs_no_look(make_account):
    account = make_account("Globex")
    services.archive_account(account, "gone", actor=TESTER, now=NOW)
    assert not selectors.open_alerts().exists()


def test_a_decision_is_kept_when_inputs_or_outcome_change_and_only_then(make_account):
    account = make_account("Globex", developers=1200)
    services.edit_account(account, {"developers": 1300}, actor=TESTER, now=NOW + timedelta(days=1))
    with nothing_happens():
        services.segment_accounts([account.pk], now=NOW + timedelta(days=2))
        services.edit_account(account, {"developers": 1300}, actor=TESTER, now=NOW + timedelta(days=2))
    services.edit_account(account, {"industry": "Toys"}, actor=TESTER, now=NOW + timedelta(days=3))
    kept = list(Decision.objects.order_by("pk").values_list("inputs__developers", "at"))
    assert kept == [(1200, NOW), (1300, NOW + timedelta(days=1))]
    assert selectors.explain_segment(account).words.startswith("Enterprise because developers = 1,300")
    assert len(facts("accounts.segmented")) == 1


def test_a_move_is_audited_with_the_rule_and_told_once(make_account):
    account = make_account("Globex", developers=50)
    services.edit_account(account, {"developers": 500}, actor=TESTER, now=NOW)
    assert verbs(account.pk) == ["account.create", "account.segment", "account.edit", "account.segment"]
    assert [fact["account_ids"] for fact in facts("accounts.segmented")] == [[str(account.pk)]] * 2


def test_an_archived_account_keeps_its_segment(make_account):
    account = make_account("Globex", developers=50)
    services.archive_account(account, "gone", actor=TESTER, now=NOW)
    account = services.edit_account(account, {"developers": 5000}, actor=TESTER, now=NOW)
    assert account.segment == "SMB"
    assert services.restore_account(account, actor=TESTER, now=NOW).segment == "Strategic"


def test_a_decision_can_not_be_altered(make_account):
    from django.db import IntegrityError, transaction

    make_account("Globex", developers=50)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Decision.objects.update(rule="another")
