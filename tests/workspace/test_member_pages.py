"""The pages of members, teams and roles."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from cs_platform.people import services, teams
from cs_platform.people.models import Membership, Role, Team
from cs_platform.people.permissions import VERBS
from cs_platform.tenancy.scope import tenant_scope
from tests.cast import NOW, make_member, sign_in
from tests.people.factors import with_app
from tests.workspace.world import HTMX, form_of, get, make_many, queries, questions, text

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _at_nine(clock_at):
    clock_at(NOW)


@pytest.fixture
def north(acme, ana, ben):
    with tenant_scope(acme):
        team = teams.create_team("North", "All of the north.", actor=ana.actor, now=NOW)
        return teams.set_members(team, {ben.pk: True}, actor=ana.actor, now=NOW)


class TestMember:
    def test_it_says_who_what_and_since_when(self, client, acme, ana, ben, north):
        make_many(acme, 3, csm=ben)
        with_app(ben.user)
        with tenant_scope(acme):
            services.create_api_key("Nightly export", ["audit:read"], by=ben, actor=ben.actor, now=NOW)
        shown = text(get(sign_in(client, ana), f"/settings/members/{ben.pk}/"))
        for words in ("Customer success manager", "North ( lead )", "Authenticator app", "Accounts as CSM 3"):
            assert re.sub(r"\s", "", words) in re.sub(r"\s", "", shown), words
        assert "Nightly export" in shown and "created the API key Nightly export" in shown and "never" in shown

    def test_somebody_without_rights_sees_no_keys_no_log_and_no_buttons(self, client, acme, ana, rhea):
        with_app(ana.user)
        page = get(sign_in(client, rhea), f"/settings/members/{ana.pk}/")
        for words in ("API keys made", "What this member did", "Deactivate", "Take it away", "Authenticator app"):
            assert words not in page
        assert "Is set up." in page

    def test_one_of_another_organisation_is_not_there(self, client, ana, otto):
        sign_in(client, ana)
        for verb in ("", "deactivate/"):
            assert client.get(f"/settings/members/{otto.pk}/{verb}").status_code == 404
        assert client.post(f"/settings/members/{otto.pk}/reset-second-factor/").status_code == 404

    def test_last_seen_is_written_once_an_hour(self, client, acme, ben, clock_at):
        sign_in(client, ben)
        seen = []
        for minutes in (0, 10, 59, 60, 61, 121):
            clock_at(NOW + timedelta(minutes=minutes))
            client.get("/accounts/")
            with tenant_scope(acme):
                seen.append((Membership.objects.get(pk=ben.pk).last_seen_at - NOW).total_seconds() / 60)
        assert seen == [0, 0, 0, 60, 60, 121]

    def test_it_asks_the_same_however_much_there_is(self, client, acme, ana, ben):
        sign_in(client, ana)
        counts = []
        for number in (1, 8):
            with tenant_scope(acme):
                for n in range(number):
                    team = teams.create_team(f"T{number}{n}", actor=ben.actor, now=NOW)
                    teams.set_members(team, {ben.pk: True}, actor=ben.actor, now=NOW)
                    services.create_api_key(f"K{number}{n}", ["audit:read"], by=ben, actor=ben.actor, now=NOW)
            client.get(f"/settings/members/{ben.pk}/")
            with queries() as captured:
                client.get(f"/settings/members/{ben.pk}/")
            counts.append(len(questions(captured)))
        assert counts[0] == counts[1]


class TestTeams:
    def test_the_whole_way(self, client, acme, ana, ben, tess):
        sign_in(client, ana)
        assert "There is no team yet" in text(get(client, "/settings/teams/"))
        form = form_of(client.get("/settings/teams/create/"), "/create/")
        sent = {**form, "name": "North", "description": "All of it"}
        made = client.post("/settings/teams/create/", sent)
        assert client.post("/settings/teams/create/", sent).status_code == 302, "the same form, sent twice"
        path = made["Location"]
        assert client.post(path, {"members": [str(ben.pk)], "leads": [str(tess.pk)]}).status_code == 302
        with tenant_scope(acme):
            (team,) = Team.objects.all()
            assert {str(p.member): p.is_lead for p in team.places.select_related("member__user")} == {
                "Ben": False,
                "Tess": True,
            }
        shown = text(get(client, "/settings/teams/"))
        assert "North" in shown and "Tess lead" in shown
        assert client.post(f"/settings/teams/{team.pk}/archive/").status_code == 302
        assert "Bring back" in get(client, "/settings/teams/")
        assert client.post(f"/settings/teams/{team.pk}/restore/").status_code == 302

    def test_a_name_that_is_taken_is_said_at_the_field(self, client, acme, ana, north):
        form = form_of(sign_in(client, ana).get("/settings/teams/create/"), "/create/")
        answer = client.post("/settings/teams/create/", {**form, "name": "North"})
        assert answer.status_code == 422 and "There is a team" in text(answer)

    def test_two_people_who_edit_it_are_told(self, client, acme, ana, north):
        sign_in(client, ana)
        path = f"/settings/teams/{north.pk}/edit/"
        form = form_of(client.get(path), "/edit/")
        with tenant_scope(acme):
            teams.edit_team(north, name="Far north", actor=ana.actor, now=NOW)
        answer = client.post(path, {**form, "name": "South"})
        assert answer.status_code == 422 and "Somebody else changed this meanwhile" in text(answer)

    def test_members_of_another_organisation_can_not_be_put_in(self, client, acme, ana, north, otto):
        path = f"/settings/teams/{north.pk}/members/"
        assert sign_in(client, ana).post(path, {"members": [str(otto.pk)]}).status_code == 422
        assert sign_in(Client(), otto).get(path).status_code == 404

    def test_who_only_reads_gets_no_buttons(self, client, north, rhea):
        page = get(sign_in(client, rhea), "/settings/teams/")
        assert "North" in page and "/archive/" not in page and "Create team" not in page
        assert client.post(f"/settings/teams/{north.pk}/archive/").status_code == 403


class TestRoles:
    def test_every_right_and_every_role_is_there(self, client, rhea):
        page = get(sign_in(client, rhea), "/settings/roles/")
        for verb, right in VERBS.items():
            assert f"<code>{verb}</code>" in page and right.sentence[1:] in page
        assert all(f">{role.label}<" in page for role in Role)

    @pytest.mark.parametrize("role", list(Role))
    def test_narrowed_to_a_role_it_shows_what_that_role_may(self, client, rhea, role):
        page = get(sign_in(client, rhea), f"/settings/roles/?role={role}")
        shown = set(re.findall(r"<code>([\w.]+)</code>", page))
        assert shown == {verb for verb, right in VERBS.items() if role in right.roles}

    def test_what_i_may_is_what_the_doors_say(self, client, acme):
        both = make_member(acme, "Both", "support", "marketing")
        page = get(sign_in(client, both), "/settings/roles/?role=mine")
        wanted = {verb for verb, right in VERBS.items() if {"support", "marketing"} & right.roles}
        assert set(re.findall(r"<code>([\w.]+)</code>", page)) == wanted

    def test_it_is_searched(self, client, rhea):
        sign_in(client, rhea)
        part = client.get("/settings/roles/?q=API+KEY", headers=HTMX)
        assert "api_key.create" in text(part) and "account.edit" not in text(part) and "<html" not in text(part)
        assert "Nothing is called that" in text(client.get("/settings/roles/?q=%3Cscript%3E"))

    def test_nothing_on_it_changes_a_right(self, client, ana):
        assert sign_in(client, ana).post("/settings/roles/", {"role": "viewer"}).status_code in (200, 405)


class TestInvitations:
    def test_one_is_revoked(self, client, acme, ana, rhea):
        with tenant_scope(acme):
            invitation = services.invite_member("x@acme.example.com", ["csm"], by=ana, actor=ana.actor, now=NOW)
        path = f"/settings/invitations/{invitation.pk}/revoke/"
        assert sign_in(Client(), rhea).post(path).status_code == 403
        sign_in(client, ana)
        for _ in range(2):
            assert client.post(path).status_code == 302
        assert "x@acme.example.com" not in text(get(client, "/settings/members/").split('id="toasts"')[0])
