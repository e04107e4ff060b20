"""The pages of the settings."""

import re
import zlib
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts import selectors as accounts
from accounts.models import SegmentationRules, SupportLevel
from cs_platform import ledger
from cs_platform.ledger import sealing
from cs_platform.ledger.models import AuditCall, Outbox
from cs_platform.people.models import ApiKey, Invitation, Membership
from cs_platform.tenancy.models import Tenant
from cs_platform.tenancy.scope import tenant_scope
from cs_platform.workspace import bands
from tests.cast import NOW, api, make_member, sign_in
from tests.workspace.world import HTMX, form_of, fresh, get, make_account, make_many, queries, questions, text

pytestmark = pytest.mark.django_db
PAGES = {
    "segmentation": {"ana", "ben", "tess", "rhea"},
    "support-levels": {"ana", "ben", "tess", "rhea"},
    "members": {"ana", "ben", "tess", "rhea"},
    "teams": {"ana", "ben", "tess", "rhea"},
    "roles": {"ana", "ben", "tess", "rhea"},
    "security": {"ana"},
    "organisation": {"ana"},
    "api-keys": {"ana"},
    "audit": {"ana"},
    "queue": {"ana"},
}


@pytest.fixture(autouse=True)
def _at_nine(clock_at):
    clock_at(NOW)


@pytest.mark.parametrize("name", ["ana", "ben", "tess", "rhea"])
def test_everybody_sees_what_the_role_allows(client, request, name, acme):
    sign_in(client, request.getfixturevalue(name))
    index = get(client, "/settings/")
    for page, allowed in PAGES.items():
        answer = client.get(f"/settings/{page}/")
        assert answer.status_code == (200 if name in allowed else 403), page
        assert (f'href="/settings/{page}/"' in index) == (name in allowed), page


def test_a_stranger_is_asked_to_sign_in(client, acme):
    for page in PAGES:
        assert "/auth/login/" in client.get(f"/settings/{page}/")["Location"]


class TestSegmentation:
    def rows(self, form):
        return int(form["rules-TOTAL_FORMS"])

    def draft(self, client, **changes):
        form = form_of(client.get("/settings/segmentation/draft/"), "/draft/")
        return client.post("/settings/segmentation/draft/", {**form, **changes})

    def test_the_rules_in_force_are_told_in_words(self, client, acme, rhea):
        said = text(get(sign_in(client, rhea), "/settings/segmentation/"))
        assert "Version 1, in force" in said
        assert "developers is 501–2,500 and ARR is at least 100,000" in said
        assert "Draft a new version" not in said

    def test_a_draft_that_is_saved_unchanged_says_the_same(self, client, acme, tess):
        answer = self.draft(sign_in(client, tess), label="Just looking")
        assert answer.status_code == 302, text(answer)
        with tenant_scope(acme):
            current = accounts.segmentation_in_force()
            fresh_draft = SegmentationRules.objects.get(state="draft")
            assert bands.told(fresh_draft.rules) == bands.told(current.rules)
        assert "Nobody would move." in text(client.get(answer["Location"]))

    def test_who_would_move_is_counted_before_it_is_published(self, client, acme, tess):
        account = make_account(acme, "Initech", developers=600)
        sign_in(client, tess)
        form = form_of(client.get("/settings/segmentation/draft/"), "/draft/")
        strategic = next(key for key, value in form.items() if value == "2501")
        answer = client.post("/settings/segmentation/draft/", {**form, strategic: "550"})
        page = get(client, answer["Location"])
        assert "1 of 1 account moves" in text(page) or "1 of 1 accounts moves" in text(page)
        assert "Initech" in page and "Enterprise → Strategic" in text(page)
        publish = re.search(r'action="([^"]+/publish/)"', page)[1]
        for _ in range(2):
            assert client.post(publish).status_code == 302
        assert fresh(account).segment == "Strategic"
        assert "Version 2, in force" in text(client.get("/settings/segmentation/"))

    def test_rows_are_added_moved_and_removed(self, client, acme, tess):
        sign_in(client, tess)
        form = form_of(client.get("/settings/segmentation/draft/"), "/draft/")
        last = self.rows(form) - 1
        answer = client.post(
            "/settings/segmentation/draft/",
            {
                **form,
                f"rules-{last}-place": "1",
                f"rules-{last}-arr": "gte",
                f"rules-{last}-amount": "1000000",
                f"rules-{last}-segment": "Whales",
                f"rules-{last}-service_model": "Enterprise TA team",
                "rules-0-remove": "on",
            },
        )
        assert answer.status_code == 302, text(answer)
        with tenant_scope(acme):
            given = SegmentationRules.objects.get(state="draft").rules
        assert given[0]["segment"] == "Whales" and given[0]["label"] == "ARR is at least 1,000,000"
        assert given[0]["when"] == {"field": "arr", "op": "gte", "value": 1000000}
        assert len(given) == last - 1

    def test_what_is_wrong_stands_at_its_row(self, client, acme, tess):
        sign_in(client, tess)
        form = form_of(client.get("/settings/segmentation/draft/"), "/draft/")
        answer = client.post(
            "/settings/segmentation/draft/",
            {
                **form,
                "rules-2-at_least": "3000",
                "rules-2-at_most": "10",
                "rules-3-segment": "x" * 70,
                "rules-4-amount": "a lot",
                "label": "kept",
            },
        )
        said = text(answer)
        assert answer.status_code == 422
        assert "Developers to: This is less than where it begins." in said and "ARR amount: Enter a number." in said
        assert 'value="kept"' in answer.content.decode()

    def test_a_rule_that_says_more_keeps_its_own_words(self, client, acme, tess):
        from accounts import services

        rule = {
            "when": {"any": [{"field": "country", "op": "eq", "value": "DE"}, {"field": "arr", "op": "exists"}]},
            "segment": "Home",
            "service_model": "",
            "label": "ours",
        }
        with tenant_scope(acme):
            draft = services.save_segmentation_draft([rule], "Own", actor=ledger.system("test"), now=NOW)
        sign_in(client, tess)
        path = f"/settings/segmentation/{draft.pk}/edit/"
        form = form_of(client.get(path), "/edit/")
        assert client.post(path, form).status_code == 302
        with tenant_scope(acme):
            assert SegmentationRules.objects.get(pk=draft.pk).rules == [rule]
        answer = client.post(path, {**form_of(client.get(path), "/edit/"), "rules-0-condition": "{not json"})
        assert answer.status_code == 422 and "This is not JSON." in text(answer)
        unknown = '{"field": "shoe_size", "op": "eq", "value": 43}'
        answer = client.post(path, {**form_of(client.get(path), "/edit/"), "rules-0-condition": unknown})
        assert answer.status_code == 422 and "shoe_size" in text(answer)

    def test_a_published_version_is_looked_at_and_not_edited(self, client, acme, tess):
        with tenant_scope(acme):
            current = accounts.segmentation_in_force()
        answer = sign_in(client, tess).get(f"/settings/segmentation/{current.pk}/edit/")
        assert answer.status_code == 302 and answer["Location"].endswith(f"{current.pk}/")

    def test_a_viewer_can_not_draft_and_another_tenant_can_not_look(self, client, acme, rhea, otto):
        with tenant_scope(acme):
            current = accounts.segmentation_in_force()
        sign_in(client, rhea)
        assert client.get("/settings/segmentation/draft/").status_code == 403
        assert client.post(f"/settings/segmentation/{current.pk}/publish/").status_code == 403
        sign_in(client, otto)
        assert client.get(f"/settings/segmentation/{current.pk}/").status_code == 404
        assert client.get(f"/settings/segmentation/{uuid4()}/").status_code == 404


class TestSupportLevels:
    def level(self, acme, name="Digital"):
        with tenant_scope(acme):
            return SupportLevel.objects.get(name=name)

    def test_add_rename_and_switch_off(self, client, acme, ana):
        sign_in(client, ana)
        form = form_of(client.get("/settings/support-levels/"), "/add/")
        for _ in range(2):
            assert client.post("/settings/support-levels/add/", {**form, "name": "Premium"}).status_code == 302
        level = self.level(acme, "Premium")
        path = f"/settings/support-levels/{level.pk}/rename/"
        assert client.post(path, {**form_of(client.get(path)), "name": "Gold"}).status_code == 302
        assert client.post(f"/settings/support-levels/{level.pk}/deactivate/").status_code == 302
        assert not self.level(acme, "Gold").is_active
        assert client.post(f"/settings/support-levels/{level.pk}/activate/").status_code == 302
        assert client.post(f"/settings/support-levels/{level.pk}/move/", {"to": "up"}).status_code == 302
        with tenant_scope(acme):
            assert [found.name for found in accounts.support_levels()] == ["Named", "Scaled", "Gold", "Digital"]

    @pytest.mark.parametrize("name", ["Named", "", "x" * 10_000])
    def test_a_name_that_can_not_be_is_refused(self, client, acme, ana, name):
        answer = sign_in(client, ana).post("/settings/support-levels/add/", {"name": name})
        assert answer.status_code == 422 and 'id="id_name_error"' in answer.content.decode()

    def test_it_is_not_for_everybody(self, client, acme, tess):
        sign_in(client, tess)
        assert client.post("/settings/support-levels/add/", {"name": "Premium"}).status_code == 403
        assert client.post(f"/settings/support-levels/{self.level(acme).pk}/deactivate/").status_code == 403


class TestOrganisation:
    PATH = "/settings/organisation/"

    def typed(self, client, **changes):
        return {**form_of(client.get(self.PATH), "/organisation/"), **changes}

    def test_the_next_holidays_are_shown(self, client, acme, ana):
        sign_in(client, ana)
        sent = self.typed(
            client,
            holiday_country="DE",
            holiday_subdivision="BE",
            own_holidays="2026-12-24\n2026-12-31",
            sender_name="Acme Success",
            postal_address="Street 1\nBerlin",
            brand_colour="#AA3377",
        )
        assert client.post(self.PATH, sent).status_code == 302
        said = text(client.get(self.PATH))
        assert "a day off of the organisation" in said and "24 Dec" in said
        tenant = Tenant.objects.get(pk=acme.pk)
        assert tenant.brand_colour == "#aa3377" and tenant.postal_address == "Street 1\nBerlin"
        with tenant_scope(acme):
            assert AuditCall.objects.filter(verb="tenant.edit").count() == 1

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("timezone", "Mars/Base"),
            ("name", ""),
            ("brand_colour", "red"),
            ("holiday_country", "ZZ"),
            ("holiday_subdivision", "XX"),
            ("own_holidays", "Christmas"),
            ("sender_email", "nobody"),
            ("reply_to", "x" * 10_000),
            ("postal_address", "x" * 10_000),
        ],
    )
    def test_what_can_not_be_is_said_at_its_field(self, client, acme, ana, field, value):
        sign_in(client, ana)
        changes = {"holiday_country": "DE", "sender_name": "kept", field: value}
        answer = client.post(self.PATH, self.typed(client, **changes))
        html = answer.content.decode()
        assert answer.status_code == 422 and f'id="id_{field}_error"' in html, text(answer)
        assert 'value="kept"' in html and Tenant.objects.get(pk=acme.pk).sender_name == ""

    def test_two_people_at_it(self, client, acme, ana):
        from cs_platform.people import services

        sign_in(client, ana)
        sent = self.typed(client, sender_name="Mine")
        with tenant_scope(acme):
            services.edit_tenant(acme, {"sender_name": "Theirs"}, actor=ledger.system("somebody"), now=NOW)
        answer = client.post(self.PATH, sent)
        assert answer.status_code == 422 and "somebody changed sender name from – to Theirs" in text(answer)

    def test_a_logo_is_a_small_png(self, client, acme, ana):
        sign_in(client, ana)
        good = SimpleUploadedFile("logo.png", png(64, 64), content_type="image/png")
        assert client.post("/settings/organisation/logo/", {"logo": good}).status_code == 302
        shown = re.search(r'src="(/brand/logo/[^"]+)"', get(client, "/settings/"))[1]
        assert client.get(shown)["Content-Type"] == "image/png"
        for bad in (b"<svg onload=alert(1)>", png(5000, 10), png(64, 64) + b"x" * 200_000, b""):
            answer = client.post("/settings/organisation/logo/", {"logo": SimpleUploadedFile("logo.png", bad)})
            assert answer.status_code == 422 and 'id="id_logo_error"' in answer.content.decode()
        assert client.post("/settings/organisation/logo/remove/").status_code == 302
        assert not Tenant.objects.get(pk=acme.pk).logo_type


def png(width, height):
    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x06\x00\x00\x00"
    return (
        b"\x89PNG\r\n\x1a\n" + (13).to_bytes(4, "big") + b"IHDR" + head + zlib.crc32(b"IHDR" + head).to_bytes(4, "big")
    )


class TestMembers:
    def test_an_invitation_is_sent_once(self, client, acme, ana):
        sign_in(client, ana)
        sent = {
            **form_of(client.get("/settings/members/"), "/invite/"),
            "email": "new@acme.example.com",
            "roles": ["csm"],
        }
        for _ in range(2):
            assert client.post("/settings/members/invite/", sent).status_code == 302
        with tenant_scope(acme):
            assert Invitation.objects.filter(email="new@acme.example.com").count() == 1
        assert "new@acme.example.com" in text(client.get("/settings/members/"))

    @pytest.mark.parametrize(
        ("email", "roles"), [("nobody", ["csm"]), ("", ["csm"]), ("a@b.example", []), ("a@b.example", ["king"])]
    )
    def test_what_can_not_be_is_refused(self, client, acme, ana, email, roles):
        answer = sign_in(client, ana).post("/settings/members/invite/", {"email": email, "roles": roles})
        assert answer.status_code == 422 and "_error" in answer.content.decode()

    def test_roles_change_and_the_last_owner_stays(self, client, acme, ana, ben):
        sign_in(client, ana)
        path = f"/settings/members/{ben.pk}/edit-roles/"
        assert client.post(path, {**form_of(client.get(path)), "roles": ["csm", "team_lead"]}).status_code == 302
        with tenant_scope(acme):
            assert Membership.objects.get(pk=ben.pk).roles == ["team_lead", "csm"]
        path = f"/settings/members/{ana.pk}/edit-roles/"
        answer = client.post(path, {**form_of(client.get(path)), "roles": ["viewer"]})
        assert answer.status_code == 422 and "last owner" in text(answer)

    def test_a_deactivated_member_is_out(self, client, acme, ana, ben):
        sign_in(client, ana)
        for _ in range(2):
            assert client.post(f"/settings/members/{ben.pk}/deactivate/").status_code == 302
        with tenant_scope(acme):
            assert not Membership.objects.get(pk=ben.pk).is_active

    def test_it_asks_the_same_however_many_there_are(self, client, acme, ana):
        sign_in(client, ana)
        counts = []
        for number in (1, 10):
            for n in range(number):
                make_member(acme, f"Somebody{number}{n}", "csm")
            client.get("/settings/members/")
            with queries() as captured:
                client.get("/settings/members/")
            counts.append(len(questions(captured)))
        assert counts[0] == counts[1]

    def test_nobody_of_another_tenant_can_be_touched(self, client, acme, ana, otto):
        sign_in(client, ana)
        assert client.get(f"/settings/members/{otto.pk}/edit-roles/").status_code == 404
        assert client.post(f"/settings/members/{otto.pk}/deactivate/").status_code == 404


class TestApiKeys:
    def test_a_key_is_shown_once_and_works(self, client, acme, ana):
        sign_in(client, ana)
        form = form_of(client.get("/settings/api-keys/create/"), "/create/")
        sent = {**form, "name": "Warehouse", "scopes": ["accounts:read"]}
        shown = client.post("/settings/api-keys/create/", sent)
        plain = re.search(r'value="(cs_[^"]+)"', shown.content.decode())[1]
        assert api(plain).get("accounts/").status_code == 200
        assert "no-store" in shown["Cache-Control"]
        again = client.post("/settings/api-keys/create/", sent)
        assert again.status_code == 302 and "shown once" in text(client.get("/settings/api-keys/"))
        assert plain not in get(client, "/settings/api-keys/")
        with tenant_scope(acme):
            assert ApiKey.objects.count() == 1

    def test_a_revoked_key_works_no_more(self, client, acme, ana):
        sign_in(client, ana)
        form = form_of(client.get("/settings/api-keys/create/"), "/create/")
        shown = client.post("/settings/api-keys/create/", {**form, "name": "Old", "scopes": ["accounts:read"]})
        plain = re.search(r'value="(cs_[^"]+)"', shown.content.decode())[1]
        revoke = re.search(r'action="([^"]+/revoke/)"', get(client, "/settings/api-keys/"))[1]
        for _ in range(2):
            assert client.post(revoke).status_code == 302
        assert api(plain).get("accounts/").status_code == 401

    @pytest.mark.parametrize(
        "changes",
        [
            {"name": ""},
            {"scopes": []},
            {"scopes": ["root"]},
            {"expires_on": "2020-01-01"},
            {"expires_on": "soon"},
            {"name": "x" * 10_000},
        ],
    )
    def test_what_can_not_be_is_refused(self, client, acme, ana, changes):
        sent = {"name": "Key", "scopes": ["accounts:read"], **changes}
        answer = sign_in(client, ana).post("/settings/api-keys/create/", sent)
        assert answer.status_code == 422 and "_error" in answer.content.decode()


class TestAudit:
    def test_it_is_narrowed_by_verb_and_by_person(self, client, acme, ana, ben):
        from accounts import services

        account = make_account(acme, "Initech")
        with tenant_scope(acme):
            services.edit_account(account, {"industry": "Steel"}, actor=ben.actor, now=NOW)
        sign_in(client, ana)
        page = text(get(client, "/settings/audit/?verb=account.edit"))
        assert "edited Initech" in page and "industry – → Steel" in page and "created Initech" not in page
        part = client.get(f"/settings/audit/?actor={ben.pk}", headers=HTMX)
        assert "edited Initech" in text(part) and "<html" not in part.content.decode()
        for query in ("actor=nobody", "verb=%3Cscript%3E", "account=1", f"account={uuid4()}", "cursor=made-up"):
            assert client.get(f"/settings/audit/?{query}").status_code == 200

    def test_secrets_are_not_in_it(self, client, acme, ana):
        sign_in(client, ana)
        form = form_of(client.get("/settings/api-keys/create/"), "/create/")
        client.post("/settings/api-keys/create/", {**form, "name": "Key", "scopes": ["accounts:read"]})
        with tenant_scope(acme):
            digest = ApiKey.objects.get().digest
        assert digest not in get(client, "/settings/audit/")

    def test_pages_go_back_to_the_first_entry(self, client, acme, ana):
        make_many(acme, 120)
        sign_in(client, ana)
        page, seen = get(client, "/settings/audit/?verb=account.create"), 0
        while True:
            seen += page.count("<time")
            following = re.search(r'rel="next" href="([^"]+)"', page)
            if not following:
                break
            page = get(client, "/settings/audit/" + following[1].replace("&amp;", "&"))
        assert seen == 120

    def test_the_chain_is_checked_on_request(self, client, acme, ana):
        make_account(acme)
        with tenant_scope(acme):
            sealing.seal()
            calls = AuditCall.objects.filter(seq__isnull=False).count()
        said = text(sign_in(client, ana).get("/settings/audit/check/", headers=HTMX))
        assert f"The chain is intact up to call {calls} of {calls}." in said


class TestQueue:
    def test_dead_work_is_run_again_and_the_ledger_knows(self, client, acme, ana):
        with tenant_scope(acme):
            ledger.enqueue("nobody.knows.this", {"token": "secret"}, due_at=NOW)
        ledger.drain(NOW)
        sign_in(client, ana)
        page = get(client, "/settings/queue/")
        assert "nothing in this version does" in text(page) and "secret" not in page
        again = re.search(r'action="([^"]+/replay/)"', page)[1]
        for _ in range(2):
            assert client.post(again).status_code == 302
        with tenant_scope(acme):
            assert Outbox.objects.get(kind="nobody.knows.this").state == "pending"
            assert AuditCall.objects.filter(verb="outbox.replay").count() == 1

    def test_another_tenants_work_is_not_there(self, client, acme, umbra, otto):
        with tenant_scope(acme):
            ledger.enqueue("nobody.knows.this", {}, due_at=NOW)
            row = Outbox.objects.get(kind="nobody.knows.this")
        sign_in(client, otto)
        assert client.post(f"/settings/queue/{row.pk}/replay/").status_code == 404
        assert client.post(f"/settings/queue/{2**70}/replay/").status_code == 404
