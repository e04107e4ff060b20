"""The page of one account and its panels."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client

from accounts import services as accounts
from cs_platform.tenancy.scope import tenant_scope
from lifecycle import services as lifecycle
from tests.cast import NOW, sign_in
from tests.workspace.world import (
    HTMX,
    TEST,
    enrol,
    fresh,
    get,
    make_account,
    make_contact,
    make_deal,
    queries,
    questions,
    text,
    url,
)

pytestmark = pytest.mark.django_db
VERBS = ("edit", "set-support-level", "move-stage", "assign-owner", "archive", "contacts/add", "enrol")


@pytest.fixture(autouse=True)
def _at_nine(clock_at):
    clock_at(NOW)


@pytest.fixture
def initech(acme, ben):
    return make_account(
        acme, "Initech", csm=ben, salesforce_id="001000000000001AAA", seats_purchased=100, seats_used=40
    )


def test_the_head_says_where_the_account_stands(client, ana, initech, clock_at):
    clock_at(NOW + timedelta(days=12))
    page = get(sign_in(client, ana), url(initech))
    said = text(page)
    for words in ("Initech", "Prospect", "12 days", "of 45 days", "Enterprise", "Named", "Ben", "$250,000", "40 / 100"):
        assert words in said, words
    assert "Comes from Salesforce" in page


def test_why_it_is_in_its_segment_is_one_click_away(client, ana, initech):
    said = text(get(sign_in(client, ana), url(initech)))
    assert "Enterprise because developers = 1,200 (501–2,500), rule v1 of 23 Nov 2026" in said
    assert "Enterprise TA team because" in said


def test_contacts_show_their_roles_and_whether_they_get_mail(client, ana, initech):
    enrol(make_contact(initech, "Ada Byron"))
    make_contact(initech, "Bob Silent", email="", roles=["Champion"])
    said = text(get(sign_in(client, ana), url(initech)))
    assert "Ada Byron" in said and "Program Contact" in said and "In Onboarding" in said
    assert "Bob Silent" in said and "Champion" in said and "No e-mail address" in said


def test_whoever_unsubscribed_is_marked(client, acme, ana, initech):
    from campaigns import services as campaigns

    contact = make_contact(initech)
    enrol(contact)
    with tenant_scope(acme):
        campaigns.suppress_contact(contact, actor=TEST, now=NOW)
    said = text(get(sign_in(client, ana), url(initech)))
    assert "In Onboarding" not in said
    assert "By hand" in said or "Unsubscribed" in said


def test_alerts_stand_above_everything(client, acme, ana, initech):
    with tenant_scope(acme):
        accounts.raise_alert([initech.pk], "test", "Nobody to write to.", actor=TEST, now=NOW)
    assert "Nobody to write to." in text(get(sign_in(client, ana), url(initech)))


def test_an_archived_account_says_so_and_can_not_be_moved(client, acme, ana, initech):
    with tenant_scope(acme):
        accounts.archive_account(initech, "They left.", actor=TEST, now=NOW)
    page = get(sign_in(client, ana), url(initech))
    assert "This account is archived" in page and "They left." in page
    assert "move-stage" not in page and "restore/" in page


def test_the_timeline_is_the_ledger_in_words(client, acme, ana, ben, initech):
    with tenant_scope(acme):
        accounts.edit_account(initech, {"arr_minor": 30_000_000}, actor=ben.actor, now=NOW)
    said = text(get(sign_in(client, ana), url(initech)))
    assert "edited Initech" in said and "ARR 250,000 → 300,000" in said
    assert "owner – → Ben" in said


def test_older_entries_are_loaded_on_request(client, acme, ana, initech):
    with tenant_scope(acme):
        for number in range(30):
            accounts.edit_account(initech, {"employees": number + 1}, actor=TEST, now=NOW)
    sign_in(client, ana)
    page = get(client, url(initech))
    older = re.search(r'hx-get="([^"]+before=\d+)"', page)[1].replace("&amp;", "&")
    part = client.get(older, headers=HTMX).content.decode()
    assert "<html" not in part and part.count("cs-event-icon") > 10
    assert "created Initech" in part
    whole = get(client, older)
    assert "<html" in whole and "created Initech" in whole


def test_the_timeline_can_be_narrowed(client, acme, ana, initech):
    enrol(make_contact(initech))
    sign_in(client, ana)
    stages = text(client.get(url(initech, "timeline") + "?only=stages", headers=HTMX))
    assert "put the account into a lifecycle" in stages and "created Initech" not in stages
    mails = text(client.get(url(initech, "timeline") + "?only=mails", headers=HTMX))
    assert "enrolled Ada Byron in Onboarding" in mails and "lifecycle" not in mails
    rest = text(client.get(url(initech, "timeline") + "?only=changes", headers=HTMX))
    assert "created Initech" in rest and "enrolled" not in rest
    assert client.get(url(initech, "timeline") + "?only=%3Cscript%3E").status_code == 200


def test_the_history_draws_every_stretch_and_says_why(client, acme, ana, initech, clock_at):
    with tenant_scope(acme):
        lifecycle.move_stage(initech, "customer", "1. Onboarding", actor=ana.actor, now=NOW + timedelta(days=10))
    clock_at(NOW + timedelta(days=20))
    sign_in(client, ana)
    part = client.get(url(initech, "stages"), headers=HTMX).content.decode()
    assert len(re.findall(r"<rect", part)) == 2
    assert "style=" not in part
    said = text(part)
    assert "Because the account became managed" in said and "10 days of 45 days" in said and "Ana" in said


def test_deals_and_mails_come_as_panels(client, acme, ana, initech):
    make_deal(initech, "Rollout")
    enrol(make_contact(initech))
    sign_in(client, ana)
    assert "Rollout" in text(client.get(url(initech, "opportunities"), headers=HTMX))
    mails = text(client.get(url(initech, "emails"), headers=HTMX))
    assert "Ada Byron" in mails and "1 of 15" in mails and "Wed 25 Nov, 09:00" in mails


@pytest.mark.parametrize("panel", ["timeline", "stages", "opportunities", "emails"])
def test_every_panel_is_a_page_without_htmx(client, ana, initech, panel):
    page = get(sign_in(client, ana), url(initech, panel))
    assert "<html" in page and "Initech" in page


def test_first_paint_and_panels_stay_within_their_questions(client, acme, ana, initech, ben):
    for name in ("Ada Byron", "Bob Able", "Cy Cole"):
        enrol(make_contact(initech, name))
    for number in range(5):
        make_deal(initech, f"Deal {number}", number=number)
    with tenant_scope(acme):
        accounts.raise_alert([initech.pk], "test", "Look.", actor=TEST, now=NOW)
        accounts.assign_owner(initech, None, actor=TEST, now=NOW)
    sign_in(client, ana)
    client.get(url(initech))
    with queries() as captured:
        client.get(url(initech))
    frame = 4  # session, user, member, organisations
    assert len(questions(captured)) - frame <= 8, questions(captured)
    for panel in ("timeline", "stages", "opportunities", "emails"):
        with queries() as captured:
            client.get(url(initech, panel), headers=HTMX)
        access = 4  # session, user, member, the account
        assert len(questions(captured)) - access <= 3, (panel, questions(captured))


def test_names_of_every_kind_are_shown_as_text(client, acme, ana):
    account = make_account(acme, "<script>alert(1)</script>", industry="<i>", country="=cmd|' /C calc'!A0")
    make_contact(account, "<b>Ada</b> Byron", title="<u>Boss</u>", email="ada@x.example")
    make_deal(account, "<img src=x onerror=alert(1)>")
    with tenant_scope(acme):
        accounts.raise_alert([account.pk], "test", "<svg onload=alert(1)>", actor=TEST, now=NOW)
    sign_in(client, ana)
    for path in (url(account), url(account, "opportunities"), url(account, "timeline"), url(account, "edit")):
        page = get(client, path)
        for markup in ("<script>alert", "<img src=x", "<svg onload", "<b>Ada", "<u>Boss", "<i>"):
            assert markup not in page, (path, markup)


def test_a_viewer_reads_everything_and_changes_nothing(client, rhea, initech):
    contact = make_contact(initech)
    page = get(sign_in(client, rhea), url(initech))
    assert "Initech" in page
    for verb in VERBS:
        assert f"/{verb}/" not in page, verb
    for verb in (*VERBS, "restore", f"contacts/{contact.pk}/edit", f"contacts/{contact.pk}/set-roles"):
        assert client.get(url(initech, *verb.split("/"))).status_code == 403, verb
        assert client.post(url(initech, *verb.split("/"))).status_code == 403, verb
    assert fresh(initech).version == initech.version or fresh(initech).name == "Initech"


def test_another_tenants_account_is_as_absent_as_none(client, otto, initech):
    sign_in(client, otto)
    contact = make_contact(initech)
    for parts in (
        (),
        ("timeline",),
        ("stages",),
        ("edit",),
        ("set-support-level",),
        ("contacts", str(contact.pk), "edit"),
    ):
        foreign = client.get(url(initech, *parts))
        path = url(initech, *parts).replace(str(initech.pk), str(uuid4()))
        absent = client.get(path)
        assert foreign.status_code == absent.status_code == 404
        assert _same(foreign) == _same(absent)
    assert client.post(url(initech, "archive"), {"reason": "mine now"}).status_code == 404
    assert fresh(initech).is_managed


def _same(answer):
    once = r'(content|value)="[A-Za-z0-9]{64}"|<code>[0-9a-f]{12}</code>'
    return re.sub(once, "", answer.content.decode())


def test_a_stranger_is_asked_to_sign_in(initech):
    assert "/auth/login/" in Client().get(url(initech))["Location"]
    assert "/auth/login/" in Client().post(url(initech, "archive"))["Location"]
