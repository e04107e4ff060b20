"""The people of an account, and which series they get."""

import re

import pytest

from accounts.models import Contact
from campaigns.models import Enrolment, Series
from cs_platform.tenancy.scope import tenant_scope
from tests.cast import NOW, sign_in
from tests.workspace.world import enrol, form_of, get, make_account, make_contact, text, url

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _at_nine(clock_at):
    clock_at(NOW)


@pytest.fixture
def initech(acme):
    return make_account(acme, "Initech")


def people(account):
    with tenant_scope(account.tenant_id):
        return list(Contact.objects.filter(account=account).order_by("pk"))


def typed(client, account, *parts, **changes):
    return {**form_of(client.get(url(account, *parts)), "/" + "/".join(parts[-1:]) + "/"), **changes}


def test_a_contact_is_added_with_roles(client, ben, initech):
    sign_in(client, ben)
    sent = typed(
        client,
        initech,
        "contacts",
        "add",
        first_name="Ada",
        last_name="Byron",
        email="Ada@Initech.example",
        roles=["Champion", "Program Contact"],
    )
    assert client.post(url(initech, "contacts", "add"), sent).status_code == 302
    (ada,) = people(initech)
    assert (ada.name, ada.email, ada.roles) == ("Ada Byron", "ada@initech.example", ["Champion", "Program Contact"])
    assert ada.is_active


def test_sent_twice_it_is_there_once(client, ben, initech):
    sign_in(client, ben)
    sent = typed(client, initech, "contacts", "add", first_name="Ada")
    for _ in range(2):
        assert client.post(url(initech, "contacts", "add"), sent).status_code == 302
    assert len(people(initech)) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "not an address"),
        ("email", "x" * 10_000),
        ("timezone", "Mars/Base"),
        ("first_name", "x" * 10_000),
        ("roles", ["King"]),
    ],
)
def test_what_can_not_be_is_said_at_its_field_and_kept(client, ben, initech, field, value):
    sign_in(client, ben)
    sent = typed(client, initech, "contacts", "add", **{"first_name": "Ada", "title": "<b>Boss</b>", field: value})
    answer = client.post(url(initech, "contacts", "add"), sent)
    html = answer.content.decode()
    assert answer.status_code == 422 and f'id="id_{field}_error"' in html
    assert "&lt;b&gt;Boss" in html and people(initech) == []


def test_somebody_without_any_name_is_nobody(client, ben, initech):
    answer = sign_in(client, ben).post(url(initech, "contacts", "add"), {"title": "Boss"})
    assert answer.status_code == 422 and "A contact needs a name or an e-mail address." in text(answer)


def test_roles_are_set_by_themselves(client, ben, initech):
    ada = make_contact(initech)
    sign_in(client, ben)
    sent = typed(client, initech, "contacts", str(ada.pk), "set-roles", roles=["Executive"])
    assert client.post(url(initech, "contacts", str(ada.pk), "set-roles"), sent).status_code == 302
    assert people(initech)[0].roles == ["Executive"]


def test_two_people_at_one_contact(client, ben, ana, acme, initech):
    from accounts import services

    ada = make_contact(initech)
    sign_in(client, ben)
    parts = ("contacts", str(ada.pk), "edit")
    sent = typed(client, initech, *parts, title="CTO")
    with tenant_scope(acme):
        services.edit_contact(ada, {"title": "CEO"}, actor=ana.actor, now=NOW)
    answer = client.post(url(initech, *parts), sent)
    assert answer.status_code == 422 and "Ana changed title from – to CEO" in text(answer)
    assert 'value="CTO"' in answer.content.decode()


def test_somebody_who_left_is_taken_off_the_list(client, ben, initech):
    ada = make_contact(initech)
    sign_in(client, ben)
    sent = typed(client, initech, "contacts", str(ada.pk), "edit")
    del sent["is_active"]
    assert client.post(url(initech, "contacts", str(ada.pk), "edit"), sent).status_code == 302
    assert not people(initech)[0].is_active
    assert "Ada Byron" not in text(get(client, url(initech)).split('id="contacts"')[1].split('id="opportunities"')[0])


def test_a_contact_of_another_account_is_not_there(client, acme, ben, initech):
    other = make_contact(make_account(acme, "Globex"))
    answer = sign_in(client, ben).get(url(initech, "contacts", str(other.pk), "edit"))
    assert answer.status_code == 404


class TestSeries:
    def series(self, acme):
        with tenant_scope(acme):
            return Series.objects.get(shipped_key="onboarding")

    def test_chosen_people_are_enrolled_and_the_others_are_explained(self, client, acme, ben, initech):
        ada, bob = make_contact(initech), make_contact(initech, "Bob Silent", email="")
        sign_in(client, ben)
        sent = typed(client, initech, "enrol", whom="chosen", contacts=[str(ada.pk), str(bob.pk)])
        assert client.post(url(initech, "enrol"), sent).status_code == 302
        said = text(client.get(url(initech)))
        assert "1 contact gets the series from its next slot on." in said
        assert "1 is not enrolled: the contact has no e-mail address that can be written to." in said

    def test_everybody_with_its_roles_at_once(self, client, acme, ben, initech):
        make_contact(initech), make_contact(initech, "Bob Able", roles=["Champion"])
        sign_in(client, ben)
        client.post(url(initech, "enrol"), typed(client, initech, "enrol", whom="roles"))
        assert "1 contact was enrolled by role." in text(client.get(url(initech)))

    def test_nobody_chosen_is_refused(self, client, ben, initech):
        make_contact(initech)
        sign_in(client, ben)
        answer = client.post(url(initech, "enrol"), typed(client, initech, "enrol", whom="chosen", contacts=[]))
        assert answer.status_code == 422 and "Choose somebody." in text(answer)

    def test_a_contact_of_another_account_can_not_be_chosen(self, client, acme, ben, initech):
        other = make_contact(make_account(acme, "Globex"))
        make_contact(initech)
        sign_in(client, ben)
        sent = typed(client, initech, "enrol", whom="chosen", contacts=[str(other.pk)])
        assert client.post(url(initech, "enrol"), sent).status_code == 422
        with tenant_scope(acme):
            assert not Enrolment.objects.exists()

    def test_it_is_stopped_from_the_list_of_contacts_and_only_once(self, client, acme, ben, initech):
        enrolment = enrol(make_contact(initech))
        sign_in(client, ben)
        stop = re.search(r'action="([^"]+/enrolments/[^"]+/stop/)"', get(client, url(initech)))[1]
        for _ in range(2):
            assert client.post(stop).status_code == 302
        with tenant_scope(acme):
            assert Enrolment.objects.get(pk=enrolment.pk).state == "stopped"
        assert "ended after 0: somebody stopped it" in text(client.get(url(initech)))
