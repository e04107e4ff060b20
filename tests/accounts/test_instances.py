import csv
import io

import pytest
from django.test import Client

from accounts import selectors, services
from accounts.exporting import safe
from accounts.models import Contact, Instance, InstanceAdmin
from cs_platform import ledger
from cs_platform.tenancy.scope import tenant_scope
from tests.cast import NOW, api, sign_in

pytestmark = pytest.mark.django_db
TEST = ledger.system("test")
WHO = {"actor": TEST, "now": NOW}


def customer(name="Globex"):
    return services.create_account({"name": name, "support_level": "Named"}, **WHO)


def contact(account, name="Ada", *roles):
    return services.create_contact(account, {"name": name, "roles": list(roles)}, **WHO)


def instance(account, name="Production", *admins, **values):
    return services.create_instance(account, {"name": name, **values}, [who.pk for who in admins], **WHO)


def roles(who):
    return set(Contact.objects.get(pk=who.pk).roles)


def test_who_looks_after_an_instance_has_the_role_and_loses_it_with_the_last(in_acme):
    account = customer()
    ada = contact(account, "Ada", "Champion")
    one, two = instance(account, "One", ada), instance(account, "Two", ada)
    assert roles(ada) == {"Champion", "Instance Admin"}
    assert Contact.objects.get(pk=ada.pk).is_instance_admin
    services.set_instance_admins(one, [], **WHO)
    assert "Instance Admin" in roles(ada)
    services.delete_instance(two, **WHO)
    assert roles(ada) == {"Champion"}


def test_the_role_of_an_admin_can_not_be_taken_by_hand(in_acme):
    account = customer()
    ada = contact(account)
    instance(account, "Production", ada)
    with pytest.raises(services.Invalid, match="admin of Production"):
        services.set_contact_roles(Contact.objects.get(pk=ada.pk), ["Champion"], **WHO)


def test_another_system_that_leaves_the_role_out_does_not_take_it(in_acme):
    account = customer()
    ada = contact(account)
    instance(account, "Production", ada)
    services.upsert_contacts([services.ContactInput(account.pk, {"roles": ["Champion"]}, id=ada.pk)], **WHO)
    assert roles(ada) == {"Champion", "Instance Admin"}


def test_a_role_that_was_set_without_a_mapping_stays(in_acme):
    account = customer()
    ada = contact(account, "Ada", "Instance Admin")
    instance(account, "Production", contact(account, "Bob"))
    assert "Instance Admin" in roles(ada)


def test_a_contact_who_goes_to_another_account_leaves_the_mapping(in_acme):
    account, other = customer(), customer("Other")
    ada = contact(account)
    instance(account, "Production", ada)
    services.upsert_contacts([services.ContactInput(other.pk, {"title": "CTO"}, id=ada.pk)], **WHO)
    assert not InstanceAdmin.objects.exists()


@pytest.mark.parametrize(
    "values, field",
    [({"name": ""}, "name"), ({"name": "production"}, "name"), ({"name": "New", "url": "code.acme.com"}, "url"),
     ({"name": "New", "url": "javascript:alert(1)"}, "url"), ({"name": "New", "kind": "odd"}, "kind"),
     ({"name": "New", "external_id": "taken"}, "external_id")],
)  # fmt: skip
def test_bad_rows_are_refused_at_their_field_and_nothing_is_saved(in_acme, values, field):
    account = customer()
    instance(account, "Production", external_id="taken")
    rows = [services.InstanceInput({"name": "Good"}), services.InstanceInput(values)]
    with pytest.raises(services.InvalidRows) as refusal:
        services.save_instances(account, rows, **WHO)
    assert {error.field for error in refusal.value.rows[1]} == {field}
    assert Instance.objects.count() == 1


def test_an_admin_is_a_contact_of_the_account(in_acme):
    account, stranger = customer(), contact(customer("Other"))
    with pytest.raises(services.Invalid, match="contact of this account"):
        instance(account, "Production", stranger)


def test_a_row_that_somebody_else_changed_is_not_overwritten_unseen(in_acme):
    account = customer()
    one = instance(account)
    services.edit_instance(one, {"url": "https://new.example"}, **WHO)
    stale = services.InstanceInput({"url": "https://old.example"}, id=one.pk, version=1)
    with pytest.raises(services.InvalidRows, match="Somebody else"):
        services.save_instances(account, [stale], **WHO)


def test_saving_the_same_table_again_changes_nothing(in_acme):
    from cs_platform.ledger.models import AuditRow

    account = customer()
    ada = contact(account)
    one = instance(account, "Production", ada)
    before = AuditRow.objects.count()
    services.save_instances(
        account, [services.InstanceInput({"name": "Production"}, (ada.pk,), one.pk, one.version)], **WHO
    )
    assert AuditRow.objects.count() == before


# --- the page -------------------------------------------------------------------------------------------------------


def form(*rows, verb="save"):
    data = {"rows": str(len(rows)), "verb": verb}
    for place, row in enumerate(rows):
        full = {"id": "", "version": "", "leaving": "", "name": "", "url": "", "kind": "production", "deployment": "",
                "external_id": "", **row}  # fmt: skip
        data |= {f"{place}-{name}": value for name, value in full.items()}
    return data


def test_the_table_is_edited_without_losing_what_was_typed(acme, ben):
    with tenant_scope(acme):
        account = customer()
        ada = contact(account)
    client, path = sign_in(Client(), ben), f"/accounts/{account.pk}/instances/"
    assert "No instance yet" in client.get(path).content.decode()
    more = client.post(f"{path}save/", form({"name": "Prod"}, verb="add")).content.decode()
    assert 'name="1-name"' in more and 'value="Prod"' in more
    bad = client.post(f"{path}save/", form({"name": "Prod"}, {"name": "Trial", "url": "nonsense"}))
    text = bad.content.decode()
    assert bad.status_code == 422 and "Give the whole address" in text and 'value="Prod"' in text
    with tenant_scope(acme):
        assert not Instance.objects.exists()
    good = client.post(f"{path}save/", form({"name": "Prod", "admins": [str(ada.pk)]}, {"name": "Trial"}))
    assert good.status_code == 302
    with tenant_scope(acme):
        one = Instance.objects.get(name="Prod")
        assert "Instance Admin" in roles(ada)
    gone = {"name": "Prod", "id": str(one.pk), "version": str(one.version)}
    marked = client.post(f"{path}save/", form(gone, verb="leave:0")).content.decode()
    assert "is-leaving" in marked
    client.post(f"{path}save/", form({**gone, "leaving": "1"}))
    with tenant_scope(acme):
        assert list(Instance.objects.values_list("name", flat=True)) == ["Trial"]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_cell_is_never_a_formula(text):
    assert safe(text) == f"'{text}"


@pytest.mark.parametrize("number", [-1, 0, 3.5])
def test_numbers_stay_numbers(number):
    assert safe(number) == number


def test_the_export_holds_a_line_for_each_admin(acme, ben):
    with tenant_scope(acme):
        account = customer("=cmd()")
        instance(account, "=Production", contact(account, "@Ada"), contact(account, "Bob"))
    answer = sign_in(Client(), ben).get(f"/accounts/{account.pk}/instances/export/")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    lines = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [(line[0], line[5]) for line in lines[1:]] == [("'=Production", "'@Ada"), ("'=Production", "Bob")]


def test_the_api_has_the_same_verbs(acme, umbra):
    with tenant_scope(acme):
        account = customer()
        ada = contact(account)
    key = api(tenant=acme, scopes=("accounts:read", "accounts:write"))
    made = key.post("instances/", {"account_id": str(account.pk), "name": "Prod", "deployment": "cloud"})
    assert made.status_code == 201, made.content
    pk = made.json()["id"]
    assert key.post(f"instances/{pk}/set-admins", {"contact_ids": [str(ada.pk)]}).json()["admins"] == [
        {"contact_id": str(ada.pk), "name": "Ada"}
    ]
    assert key.get(f"contacts/{ada.pk}").json()["is_instance_admin"] is True
    assert key.patch(f"instances/{pk}", {"url": "nonsense"}).status_code == 400
    assert [row["id"] for row in key.get(f"instances/?account_id={account.pk}").json()["results"]] == [pk]
    assert api(tenant=umbra).get(f"instances/{pk}").status_code == 404
    assert key.delete(f"instances/{pk}").status_code == 204
    with tenant_scope(acme):
        assert not selectors.instances().exists()
