"""What a person does to an account: each verb through its address."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from accounts import services as accounts
from accounts.models import Account
from cs_platform import ledger
from cs_platform.ledger.models import AuditRow
from cs_platform.tenancy.scope import tenant_scope
from lifecycle import selectors as lifecycle
from tests.cast import NOW, sign_in
from tests.workspace.world import HTMX, TEST, enrol, form_of, fresh, get, make_account, make_contact, text, url

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _at_nine(clock_at):
    clock_at(NOW)


@pytest.fixture
def initech(acme, ben):
    return make_account(acme, "Initech", csm=ben)


def send(client, account, *parts, htmx=False, **changes):
    """The form as it is shown, with these changes, sent."""
    path = url(account, *parts)
    shown = client.get(path)
    assert shown.status_code == 200, shown.status_code
    return client.post(path, {**form_of(shown, path), **changes}, headers=HTMX if htmx else None)


def audited(account, verb):
    with tenant_scope(account.tenant_id):
        return AuditRow.objects.filter(account_id=account.pk, verb=verb).count()


def stage_of(account):
    with tenant_scope(account.tenant_id):
        return lifecycle.current_stages([account.pk], now=NOW)[account.pk]["customer"].stage


class TestSetSupportLevel:
    def test_the_level_counts_at_once(self, client, tess, initech):
        answer = send(sign_in(client, tess), initech, "set-support-level", support_level="Digital", note="Small team.")
        assert answer.status_code == 302 and answer["Location"] == url(initech)
        assert fresh(initech).support_level.name == "Digital"
        page = text(client.get(url(initech)))
        assert "Support level is Digital." in page and "Small team." in page

    def test_the_sentence_before_is_what_happens(self, client, tess, initech):
        sign_in(client, tess)
        said = text(
            client.post(url(initech, "set-support-level", "preview"), {"support_level": "Digital"}, headers=HTMX)
        )
        assert "Segment changes from Enterprise to Scaled." in said
        assert "Service model changes from Enterprise TA team to Digital TA team." in said
        assert fresh(initech).segment == "Enterprise" and audited(initech, "account.set_support_level") == 0

    def test_none_archives_and_the_sentence_counts_the_mails(self, client, tess, initech):
        enrol(make_contact(initech))
        sign_in(client, tess)
        said = text(client.post(url(initech, "set-support-level", "preview"), {"support_level": ""}, headers=HTMX))
        assert "Initech is archived. 1 contact gets no more e-mails." in said
        send(client, initech, "set-support-level", support_level="")
        assert not fresh(initech).is_managed

    def test_a_level_that_is_not_offered_is_refused_at_the_field(self, client, tess, initech):
        answer = send(sign_in(client, tess), initech, "set-support-level", support_level="Platinum", note="keep me")
        assert answer.status_code == 422
        assert "Platinum" in text(answer) and "keep me" in answer.content.decode()
        assert fresh(initech).support_level.name == "Named"

    @pytest.mark.parametrize("role", ["ben", "rhea"])
    def test_it_is_leaderships(self, client, request, initech, role):
        sign_in(client, request.getfixturevalue(role))
        assert client.post(url(initech, "set-support-level"), {"support_level": "Digital"}).status_code == 403
        assert client.post(url(initech, "set-support-level", "preview"), {"support_level": ""}).status_code == 403


class TestMoveStage:
    def test_forward_and_the_page_says_so(self, client, ben, initech):
        answer = send(sign_in(client, ben), initech, "move-stage", stage="1. Onboarding")
        assert answer.status_code == 302
        assert stage_of(initech) == "1. Onboarding"
        assert "Initech is in 1. Onboarding." in text(client.get(url(initech)))

    def test_the_next_stage_is_chosen_already(self, client, ben, initech):
        assert form_of(sign_in(client, ben).get(url(initech, "move-stage")))["stage"] == "1. Onboarding"

    def test_back_needs_a_reason_which_is_asked_at_its_field(self, client, ben, initech, clock_at):
        sign_in(client, ben)
        send(client, initech, "move-stage", stage="2. Adopting")
        clock_at(NOW + timedelta(days=1))
        answer = send(client, initech, "move-stage", stage="1. Onboarding")
        assert answer.status_code == 422 and "needs a reason" in text(answer)
        assert 'id="id_reason_error"' in answer.content.decode()
        assert send(client, initech, "move-stage", stage="1. Onboarding", reason="Too early.").status_code == 302
        assert stage_of(initech) == "1. Onboarding"

    def test_a_day_in_the_past_is_in_the_tenants_zone(self, client, ben, acme, initech, clock_at):
        clock_at(NOW + timedelta(days=5))
        send(sign_in(client, ben), initech, "move-stage", stage="1. Onboarding", effective_at="2026-11-25T10:00")
        with tenant_scope(acme):
            entered = lifecycle.current_stages([initech.pk], now=NOW)[initech.pk]["customer"].entered_at
        assert entered == datetime(2026, 11, 25, 9, 0, tzinfo=UTC)

    @pytest.mark.parametrize(
        "when", ["tomorrow", "2026-13-45T99:99", "9999-01-01T00:00", "2026-11-01T00:00", "2027-01-01T00:00"]
    )
    def test_a_moment_that_can_not_be_is_refused_and_kept(self, client, ben, initech, when):
        answer = send(sign_in(client, ben), initech, "move-stage", stage="1. Onboarding", effective_at=when)
        assert answer.status_code == 422
        assert f'value="{when}"' in answer.content.decode() and 'id="id_effective_at_error"' in answer.content.decode()
        assert stage_of(initech) == "0. Prospect"

    def test_sent_twice_it_moves_once(self, client, ben, initech):
        sign_in(client, ben)
        typed = form_of(client.get(url(initech, "move-stage")))
        for _ in range(2):
            assert client.post(url(initech, "move-stage"), typed).status_code == 302
        assert stage_of(initech) == "1. Onboarding" and audited(initech, "stage.move") == 1

    def test_who_was_faster_is_told(self, client, ben, ana, acme, initech):
        sign_in(client, ben)
        typed = form_of(client.get(url(initech, "move-stage"))) | {"reason": "My reason."}
        from lifecycle import services

        with tenant_scope(acme):
            services.move_stage(initech, "customer", "2. Adopting", actor=ana.actor, now=NOW)
        answer = client.post(url(initech, "move-stage"), typed)
        said = text(answer)
        assert answer.status_code == 422
        assert "Ana changed stage from 0. Prospect to 2. Adopting" in said and "My reason." in answer.content.decode()


class TestAssignOwner:
    def test_somebody_else_takes_over(self, client, ana, tess, initech):
        answer = send(sign_in(client, ana), initech, "assign-owner", owner=str(tess.pk), note="Hand over.")
        assert answer.status_code == 302 and fresh(initech).csm == tess
        assert "Tess looks after Initech now." in text(client.get(url(initech)))

    def test_nobody_is_a_choice(self, client, ana, initech):
        send(sign_in(client, ana), initech, "assign-owner", owner="")
        assert fresh(initech).csm is None

    def test_a_member_of_another_tenant_is_none(self, client, ana, otto, initech, ben):
        answer = send(sign_in(client, ana), initech, "assign-owner", owner=str(otto.pk))
        assert answer.status_code == 422 and fresh(initech).csm == ben


class TestEdit:
    def test_values_are_saved_and_money_is_in_major_units(self, client, ben, initech):
        answer = send(
            sign_in(client, ben),
            initech,
            "edit",
            arr="1234.50",
            domains="initech.com, www.initech.de",
            country="de",
            developers="20",
            renewal_date="2027-03-31",
        )
        assert answer.status_code == 302, text(answer)
        account = fresh(initech)
        assert account.arr_minor == 123_450 and account.domains == ["initech.com", "initech.de"]
        assert account.country == "DE" and account.segment == "SMB" and str(account.renewal_date) == "2027-03-31"

    def test_what_is_sent_unchanged_changes_nothing(self, client, ben, initech):
        before = fresh(initech).version
        assert send(sign_in(client, ben), initech, "edit").status_code == 302
        assert fresh(initech).version == before

    @pytest.mark.parametrize(
        ("field", "typed"),
        [
            ("timezone", "Europe/Nowhere"),
            ("name", ""),
            ("name", "x" * 10_000),
            ("arr", "a lot"),
            ("arr", "1.234"),
            ("arr", "1e30"),
            ("developers", "-3"),
            ("developers", "99999999999"),
            ("renewal_date", "31.03.2027"),
            ("currency", "EURO"),
            ("currency", "12"),
            ("domains", "not a domain"),
            ("seats_used", "1.5"),
            ("industry", "x" * 10_000),
        ],
    )
    def test_what_can_not_be_is_said_at_its_field_and_kept(self, client, ben, initech, field, typed):
        answer = send(sign_in(client, ben), initech, "edit", **{field: typed, "region": "Kept & <b>"})
        html = answer.content.decode()
        assert answer.status_code == 422
        assert f'id="id_{field}_error"' in html, text(answer)
        assert "Kept &amp; &lt;b&gt;" in html
        assert fresh(initech).region == ""

    def test_a_nul_character_is_refused(self, client, ben, initech):
        assert sign_in(client, ben).post(url(initech, "edit"), {"name": "a\x00b"}).status_code == 400

    def test_formulas_and_markup_are_kept_as_they_are(self, client, ben, initech):
        send(sign_in(client, ben), initech, "edit", name='=HYPERLINK("x")', industry="<b>Steel</b>")
        assert fresh(initech).name == '=HYPERLINK("x")'
        assert "<b>Steel" not in get(client, url(initech))

    def test_two_people_at_one_account(self, client, ben, ana, acme, initech):
        sign_in(client, ben)
        typed = form_of(client.get(url(initech, "edit")), "/edit/")
        with tenant_scope(acme):
            accounts.edit_account(initech, {"industry": "Steel"}, actor=ana.actor, now=NOW)
        answer = client.post(url(initech, "edit"), {**typed, "industry": "Software", "region": "EMEA"})
        said = text(answer)
        assert answer.status_code == 422
        assert "Somebody else changed this meanwhile" in said and "Ana changed industry from – to Steel" in said
        again = form_of(answer, "/edit/")
        assert again["industry"] == "Software" and again["region"] == "EMEA"
        assert fresh(initech).industry == "Steel"
        assert client.post(url(initech, "edit"), again).status_code == 302
        assert fresh(initech).industry == "Software"

    def test_changes_of_other_fields_are_no_conflict(self, client, ben, ana, acme, initech):
        sign_in(client, ben)
        typed = form_of(client.get(url(initech, "edit")), "/edit/")
        with tenant_scope(acme):
            accounts.assign_owner(initech, None, actor=ana.actor, now=NOW)
        assert client.post(url(initech, "edit"), {**typed, "industry": "Software"}).status_code == 302
        assert fresh(initech).industry == "Software"

    def test_sent_twice_it_is_saved_once(self, client, ben, initech):
        sign_in(client, ben)
        typed = form_of(client.get(url(initech, "edit")), "/edit/") | {"industry": "Software"}
        for _ in range(2):
            assert client.post(url(initech, "edit"), typed).status_code == 302
        assert audited(initech, "account.edit") == 1


class TestArchiveAndRestore:
    def test_there_and_back(self, client, ana, initech):
        sign_in(client, ana)
        assert send(client, initech, "archive", reason="They left us.").status_code == 302
        assert fresh(initech).archive_reason == "They left us."
        assert send(client, initech, "restore").status_code == 302
        assert fresh(initech).is_managed

    def test_without_a_reason_it_is_not_done(self, client, ana, initech):
        answer = send(sign_in(client, ana), initech, "archive", reason="  ")
        assert answer.status_code == 422 and fresh(initech).is_managed

    def test_the_form_says_in_numbers_what_ends(self, client, ana, initech):
        enrol(make_contact(initech))
        assert "1 contact gets no more e-mails." in text(sign_in(client, ana).get(url(initech, "archive")))

    def test_sent_twice_it_is_archived_once(self, client, ana, initech):
        sign_in(client, ana)
        typed = form_of(client.get(url(initech, "archive"))) | {"reason": "Left."}
        for _ in range(2):
            assert client.post(url(initech, "archive"), typed).status_code == 302
        assert audited(initech, "account.archive") == 1

    def test_an_account_without_a_level_is_not_restored(self, client, ana, tess, acme, initech):
        with tenant_scope(acme):
            accounts.set_support_level(initech, "", actor=TEST, now=NOW)
        answer = send(sign_in(client, ana), initech, "restore")
        assert answer.status_code == 422 and "Set a support level" in text(answer)


def test_an_alert_is_cleared_once(client, acme, ben, initech):
    with tenant_scope(acme):
        accounts.raise_alert([initech.pk], "test", "Look.", actor=TEST, now=NOW)
    sign_in(client, ben)
    clear = re.search(r'action="([^"]+/alerts/[^"]+/resolve/)"', get(client, url(initech)))[1]
    for _ in range(2):
        assert client.post(clear).status_code == 302
    assert "Look." not in get(client, url(initech)).split('id="timeline"')[0]
    assert audited(initech, "alert.clear") == 1


@pytest.mark.parametrize("verb", ["edit", "set-support-level", "move-stage", "assign-owner", "archive", "enrol"])
def test_with_htmx_a_form_is_a_part_and_done_is_a_redirect(client, ana, initech, verb):
    part = sign_in(client, ana).get(url(initech, verb), headers=HTMX).content.decode()
    assert "<html" not in part and "<form" in part and 'id="form-title"' in part


def test_with_htmx_done_sends_the_browser_on(client, ben, initech):
    answer = send(sign_in(client, ben), initech, "move-stage", htmx=True, stage="1. Onboarding")
    assert answer.status_code == 200 and answer["HX-Redirect"] == url(initech)


def test_with_htmx_a_refusal_is_the_form_again(client, ana, initech):
    answer = send(sign_in(client, ana), initech, "archive", htmx=True, reason="")
    assert answer.status_code == 422 and "<html" not in answer.content.decode()


class TestAddAccount:
    def typed(self, client, **changes):
        return form_of(client.get("/accounts/add/"), "/add/") | {"name": "Tyrell", "currency": "EUR", **changes}

    def test_a_customer_that_is_not_in_salesforce(self, client, acme, ana):
        sign_in(client, ana)
        answer = client.post("/accounts/add/", self.typed(client, support_level="Named", developers="700", arr="1000"))
        assert answer.status_code == 302
        ledger.drain(NOW)
        page = text(client.get(answer["Location"]))
        assert "Tyrell" in page and "Prospect" in page and "Enterprise" in page

    def test_sent_twice_it_is_there_once(self, client, acme, ana):
        sign_in(client, ana)
        typed = self.typed(client, support_level="Named")
        for _ in range(2):
            assert client.post("/accounts/add/", typed).status_code == 302
        with tenant_scope(acme):
            assert Account.objects.filter(name="Tyrell").count() == 1

    def test_a_name_is_needed(self, client, acme, ana):
        sign_in(client, ana)
        answer = client.post("/accounts/add/", self.typed(client, name="", industry="kept"))
        assert answer.status_code == 422 and 'value="kept"' in answer.content.decode()

    def test_it_is_not_for_everybody(self, client, ben):
        assert sign_in(client, ben).get("/accounts/add/").status_code == 403
