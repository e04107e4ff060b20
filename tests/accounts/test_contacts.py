"""The people at an account: synced, added, edited, tagged."""

from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import selectors, services
from accounts.models import Contact
from accounts.services import ContactInput
from cs_platform.ledger.models import AuditRow
from cs_platform.tenancy.scope import tenant_scope
from tests.accounts.seen import TESTER, facts, nothing_happens, verbs
from tests.cast import NOW, api

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today(clock_at):
    clock_at(NOW)


def sf(n):
    return f"003{n:012d}AAA"


def row(account, n, **values):
    return ContactInput(account.pk, {"name": f"Person {n}", **values}, salesforce_id=sf(n))


def upsert(*rows):
    return services.upsert_contacts(list(rows), actor=TESTER, now=NOW)


def results(found):
    return [result.result for result in found]


def errors(result):
    return [(error.field, error.code) for error in result.errors]


class TestUpsert:
    def test_rows_are_created_then_unchanged_then_updated(self, acme, globex):
        with tenant_scope(acme):
            first = upsert(row(globex, 1, email="Pat@Globex.COM", roles=["instance admin", "Champion"]))
            contact = Contact.objects.get()
            assert (contact.email, contact.roles) == ("pat@globex.com", ["Champion", "Instance Admin"])
            assert facts("accounts.contacts_changed") == [
                {"account_ids": [str(globex.pk)], "contact_ids": [str(first[0].id)]}
            ]
            with nothing_happens():
                again = upsert(row(globex, 1, email="pat@globex.com", roles=["Champion", "Instance Admin"]))
                assert results(again) == ["unchanged"]
            assert results(upsert(row(globex, 1, roles=["End User"], phone="1"))) == ["updated"]
            assert verbs(contact.pk) == ["contact.create", "contact.edit", "contact.set_roles"]

    def test_a_contact_that_moves_names_both_accounts(self, acme, globex, make_account):
        initech = make_account("Initech")
        with tenant_scope(acme):
            upsert(row(globex, 1))
            upsert(row(initech, 1))
            assert Contact.objects.get().account == initech
            moved = facts("accounts.contacts_changed")[-1]
            assert set(moved["account_ids"]) == {str(globex.pk), str(initech.pk)}

    def test_one_who_is_gone_is_inactive_and_kept(self, acme, globex):
        with tenant_scope(acme):
            upsert(row(globex, 1))
            upsert(row(globex, 1, is_active=False))
            assert not selectors.contacts_of(globex.pk).exists() and Contact.objects.count() == 1

    def test_the_name_follows_what_is_there(self, acme, globex):
        with tenant_scope(acme):
            upsert(
                ContactInput(globex.pk, {"first_name": "Pat", "last_name": "Poe"}, salesforce_id=sf(1)),
                ContactInput(globex.pk, {"email": "sam@globex.com"}, salesforce_id=sf(2)),
            )
            assert list(Contact.objects.order_by("pk").values_list("name", flat=True)) == ["Pat Poe", "sam@globex.com"]
            upsert(ContactInput(globex.pk, {"last_name": "Doe"}, salesforce_id=sf(1)))
            upsert(ContactInput(globex.pk, {"title": "CTO"}, salesforce_id=sf(1)))
            assert Contact.objects.order_by("pk").first().name == "Pat Doe"

    def test_what_is_wrong_rejects_only_its_row(self, acme, umbra, globex, make_account):
        theirs = make_account("Theirs", tenant=umbra)
        with tenant_scope(acme):
            found = upsert(
                row(globex, 1),
                ContactInput(uuid4(), {"name": "x"}, salesforce_id=sf(2)),
                row(theirs, 3),
                row(globex, 4, email="no address", roles=["Boss"], timezone="Mars"),
                ContactInput(globex.pk, {}, salesforce_id=sf(5)),
                ContactInput(globex.pk, {"name": "keyless"}),
                ContactInput(globex.pk, {"name": "x"}, salesforce_id="short"),
                row(globex, 1, title="later"),
            )
            assert [errors(result) for result in found] == [
                [("salesforce_id", "repeated")],
                [("account_id", "not_found")],
                [("account_id", "not_found")],
                [("email", "invalid_email"), ("roles", "unknown_role"), ("timezone", "invalid_timezone")],
                [("name", "required")],
                [("salesforce_id", "required")],
                [("salesforce_id", "invalid_salesforce_id")],
                [],
            ]
            assert Contact.objects.get().title == "later"

    def test_a_page_costs_the_same_whatever_its_length(self, acme, globex):
        def cost(*rows):
            with CaptureQueriesContext(connection) as queries:
                upsert(*rows)
            return len(queries)

        with tenant_scope(acme):
            assert cost(row(globex, 1)) == cost(*(row(globex, n) for n in range(10, 60))) < 18

    def test_addresses_are_masked_in_the_audit(self, acme, globex):
        with tenant_scope(acme):
            upsert(row(globex, 1, email="pat@globex.com"))
            upsert(row(globex, 1, email="sam@globex.com"))
            assert "globex.com" not in str(list(AuditRow.objects.filter(object_type="contact").values("changes")))


class TestThroughTheApi:
    def test_create_edit_and_tag(self, acme, acme_api, globex):
        body = {"account_id": str(globex.pk), "name": "Pat", "email": "pat@globex.com", "roles": ["Champion"]}
        made = acme_api.post("contacts/", body)
        assert made.status_code == 201
        contact = made.json()
        assert (contact["subscribed"], contact["suppressed"], contact["roles"]) == ({}, False, ["Champion"])
        path = f"contacts/{contact['id']}"
        assert acme_api.patch(f"{path}/", {"title": "CTO", "phone": None}).json()["title"] == "CTO"
        tagged = acme_api.post(f"{path}/set-roles", {"roles": ["program contact", "End User"]})
        assert tagged.json()["roles"] == ["End User", "Program Contact"]
        with nothing_happens(acme):
            assert acme_api.post(f"{path}/set-roles", {"roles": ["End User", "Program Contact"]}).status_code == 200
        with tenant_scope(acme):
            assert verbs(contact["id"]) == ["contact.create", "contact.edit", "contact.set_roles"]

    @pytest.mark.parametrize(
        "wrong",
        [
            {"name": None, "email": None}, {"name": 5}, {"email": "x"}, {"email": "a@b"}, {"email": '"a b"@c.de'},
            {"roles": "Champion"}, {"roles": ["Boss"]}, {"roles": [None]}, {"roles": {}}, {"timezone": "Mars"},
            {"account_id": None}, {"account_id": "x"}, {"account_id": "0190b6a0-0000-7000-8000-000000000000"},
            {"is_active": "perhaps"}, {"nose": 1}, {"salesforce_id": "short"}, {"phone": "1" * 51},
        ],
    )  # fmt: skip
    def test_a_bad_value_is_400(self, acme, acme_api, globex, wrong):
        body = {"account_id": str(globex.pk), "name": "Pat", **wrong}
        assert acme_api.post("contacts/", body).status_code == 400
        with tenant_scope(acme):
            assert not Contact.objects.exists()

    @pytest.mark.parametrize("body", [{}, {"roles": None}, {"roles": ["Boss"]}, {"roles": "x"}, {"role": []}])
    def test_roles_that_are_none_are_400(self, acme, acme_api, globex, body):
        with tenant_scope(acme):
            contact = services.create_contact(globex, {"name": "Pat"}, actor=TESTER, now=NOW)
        assert acme_api.post(f"contacts/{contact.pk}/set-roles", body).status_code == 400

    def test_the_list_is_narrowed(self, acme, acme_api, globex, make_account):
        initech = make_account("Initech")
        with tenant_scope(acme):
            for account, name, roles in ((globex, "Pat", ["Champion"]), (globex, "Sam", []), (initech, "Kim", [])):
                values = {"name": name, "email": f"{name}@x.com", "roles": roles}
                services.create_contact(account, values, actor=TESTER, now=NOW)

        def names(query):
            return [row["name"] for row in acme_api.get(f"contacts/?{query}").json()["results"]]

        assert names(f"account_id={globex.pk}") == ["Pat", "Sam"]
        assert names("role=Champion") == ["Pat"]
        assert names("q=KIM") == ["Kim"]
        assert names("email=sam@x.com") == ["Sam"]
        assert names("sort=-name&limit=2") == ["Sam", "Pat"]
        for bad in ("account_id=x", "role=Boss", "is_active=1", "nose=1"):
            assert acme_api.get(f"contacts/?{bad}").status_code == 400

    def test_rights_and_tenants(self, acme, umbra_api, globex, ben, rhea):
        body = {"account_id": str(globex.pk), "name": "Pat"}
        assert api(member=rhea).post("contacts/", body).status_code == 403
        made = api(member=ben).post("contacts/", body)
        assert made.status_code == 201
        path = f"contacts/{made.json()['id']}"
        assert api(member=rhea).get(f"{path}/").status_code == 200
        assert api(member=rhea).patch(f"{path}/", {"title": "x"}).status_code == 403
        assert api(member=rhea).post(f"{path}/set-roles", {"roles": []}).status_code == 403
        assert umbra_api.get(f"{path}/").status_code == 404
        assert umbra_api.patch(f"{path}/", {"title": "x"}).status_code == 404
        assert umbra_api.post(f"{path}/set-roles", {"roles": []}).status_code == 404
        assert umbra_api.post("contacts/", body).status_code == 400

    def test_the_list_does_not_ask_more_for_more_rows(self, acme, acme_api, globex):
        def cost():
            with CaptureQueriesContext(connection) as queries:
                acme_api.get("contacts/")
            return len(queries)

        with tenant_scope(acme):
            services.create_contact(globex, {"name": "Pat"}, actor=TESTER, now=NOW)
        cost()
        few = cost()
        with tenant_scope(acme):
            upsert(*(row(globex, n) for n in range(10)))
        assert cost() == few
