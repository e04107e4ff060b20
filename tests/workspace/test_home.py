"""The start page."""

from datetime import timedelta

import pytest

from accounts import services as accounts
from cs_platform import ledger
from cs_platform.tenancy.scope import tenant_scope
from tests.cast import NOW, sign_in
from tests.workspace.world import (
    TEST,
    enrol,
    get,
    make_account,
    make_contact,
    make_deal,
    make_many,
    queries,
    questions,
    text,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _at_nine(clock_at):
    clock_at(NOW)


def test_a_new_organisation_is_told_what_to_do(client, ana):
    page = text(get(sign_in(client, ana), "/"))
    assert "Good morning, Ana" in page
    assert "No account is looked after yet" in page and "Connect Salesforce" in page


def test_mine_comes_first_and_everyone_is_one_click_away(client, acme, ben):
    make_account(acme, "Initech", csm=ben)
    make_account(acme, "Globex")
    sign_in(client, ben)
    assert "My accounts 1" in text(get(client, "/"))
    assert "Accounts 2" in text(get(client, "/?show=everyone"))


def test_whoever_has_no_account_sees_everyones(client, acme, rhea):
    make_account(acme, "Initech")
    sign_in(client, rhea)
    page = get(client, "/")
    assert 'href="?show=everyone" aria-current="true"' in page
    assert "No account is yours" in text(get(client, "/?show=mine"))


def test_it_shows_what_needs_a_person(client, acme, ana):
    account = make_account(acme, "Slowpoke")
    with tenant_scope(acme):
        accounts.raise_alert([account.pk], "test", "Nobody to write to.", actor=TEST, now=NOW)
    sign_in(client, ana)
    page = text(get(client, "/"))
    assert "Nobody to write to." in page
    assert "expected" not in page


def test_accounts_that_stay_too_long_are_named(client, acme, ana, clock_at):
    make_account(acme, "Slowpoke")
    clock_at(NOW + timedelta(days=60))
    assert "60 days in its stage, 45 days expected" in text(get(sign_in(client, ana), "/"))


def test_stages_are_counted_and_lead_to_their_accounts(client, acme, ana):
    make_account(acme)
    page = get(sign_in(client, ana), "/")
    assert 'href="/accounts/?stage=0.+Prospect"' in page
    assert "1 account by stage" in text(page)


def test_open_new_business_is_watched_until_it_closes(client, acme, ana):
    account = make_account(acme)
    make_deal(account, "Rollout")
    assert "in 22 days" in text(get(sign_in(client, ana), "/"))


def test_the_mails_of_the_week_are_announced(client, acme, ana, ben):
    account = make_account(acme, csm=ben)
    enrol(make_contact(account))
    ledger.tick(NOW)
    page = text(get(sign_in(client, ana), "/"))
    assert "Onboarding" in page and "1 contact · 1 account" in page
    assert "1 contact" in text(get(sign_in(client, ben), "/?show=mine"))


def test_dead_work_is_told_to_those_who_may_run_it_again(client, acme, ana, rhea):
    from cs_platform.ledger.models import Outbox

    make_account(acme)
    with tenant_scope(acme):
        ledger.enqueue("nobody.knows.this", {}, due_at=NOW)
    ledger.drain(NOW)
    with tenant_scope(acme):
        assert Outbox.objects.filter(state="dead").count() == 1
    assert "1 piece of work was given up" in text(get(sign_in(client, ana), "/"))
    assert "given up" not in text(get(sign_in(client, rhea), "/"))


def test_names_are_shown_as_text(client, acme, ana):
    account = make_account(acme, "<img src=x onerror=alert(1)> & =HYPERLINK(1)")
    make_deal(account, "<b>bold</b>")
    page = get(sign_in(client, ana), "/")
    assert "<img src=x" not in page and "&lt;img src=x" in page and "<b>bold" not in page


def test_it_asks_the_same_of_the_database_however_many_accounts_there_are(client, acme, ana):
    counts = []
    sign_in(client, ana)
    for number in (1, 10, 50):
        make_many(acme, number, csm=ana)
        client.get("/")
        with queries() as captured:
            client.get("/")
        counts.append(len(questions(captured)))
    assert len(set(counts)) == 1, counts
    frame = 4  # session, user, member, organisations
    assert counts[0] - frame <= 12, counts


def test_another_tenants_accounts_are_not_counted(client, acme, umbra, otto):
    make_account(acme, "Initech")
    assert "Initech" not in get(sign_in(client, otto), "/")
