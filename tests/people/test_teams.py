"""Teams: who is in them, who leads, and what "my team" means."""

import pytest

from cs_platform import ledger
from cs_platform.ledger.models import AuditRow
from cs_platform.people import selectors, services, teams
from cs_platform.people.models import Team
from cs_platform.tenancy.scope import tenant_scope
from tests.cast import NOW, api
from tests.workspace.world import queries, questions

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today(clock_at):
    clock_at(NOW)


@pytest.fixture
def north(acme, ana, ben, tess):
    with tenant_scope(acme):
        team = teams.create_team("North", "All of the north.", actor=ana.actor, now=NOW)
        return teams.set_members(team, {ben.pk: False, tess.pk: True}, actor=ana.actor, now=NOW)


def test_the_whole_way_through_the_api(acme_api, ben, tess):
    made = acme_api.post("teams/", {"name": " South  West ", "description": "Two regions."})
    team = made.json()
    assert made.status_code == 201 and team["name"] == "South West" and team["members"] == []
    places = [{"member_id": str(ben.pk)}, {"member_id": str(tess.pk), "lead": True}]
    answer = acme_api.post(f"teams/{team['id']}/set-members", {"members": places}).json()
    assert [(place["name"], place["lead"]) for place in answer["members"]] == [("Tess", True), ("Ben", False)]
    mine = acme_api.get(f"members/{ben.pk}/").json()["teams"]
    assert mine == [{"id": team["id"], "name": "South West", "lead": False}]
    assert acme_api.patch(f"teams/{team['id']}/", {"name": "South"}).json()["name"] == "South"
    assert acme_api.delete(f"teams/{team['id']}/").status_code == 204
    assert acme_api.get("teams/?archived=false").json()["results"] == []
    assert acme_api.get(f"members/{ben.pk}/").json()["teams"] == []
    assert acme_api.delete(f"teams/{team['id']}/").status_code == 409
    assert acme_api.post(f"teams/{team['id']}/restore").json()["archived_at"] is None


@pytest.mark.parametrize("name", ["", " ", "x" * 101, "a\x00b", "a\u202eb", "North"])
def test_a_name_that_can_not_be_is_refused(acme_api, north, name):
    assert acme_api.post("teams/", {"name": name}).status_code in (400, 409)


def test_two_teams_do_not_get_the_same_name_by_editing(acme_api, north):
    other = acme_api.post("teams/", {"name": "East"}).json()
    answer = acme_api.patch(f"teams/{other['id']}/", {"name": "North"})
    assert (answer.status_code, answer.json()["code"]) == (409, "name_taken")


def test_nobody_from_elsewhere_gets_in(acme_api, acme, north, otto):
    answer = acme_api.post(f"teams/{north.pk}/set-members", {"members": [{"member_id": str(otto.pk)}]})
    assert (answer.status_code, answer.json()["code"]) == (409, "not_a_member")
    with tenant_scope(acme):
        assert north.places.count() == 2


def test_somebody_who_left_stays_until_taken_out_but_is_not_put_in(acme, ana, ben, rhea, north):
    with tenant_scope(acme):
        services.deactivate_member(ben, by=ana, actor=ana.actor, now=NOW)
        services.deactivate_member(rhea, by=ana, actor=ana.actor, now=NOW)
        teams.set_members(north, {ben.pk: False}, actor=ana.actor, now=NOW)
        with pytest.raises(ledger.Refused, match="not an active member"):
            teams.set_members(north, {rhea.pk: False}, actor=ana.actor, now=NOW)


def test_the_ledger_says_who_was_there_before_and_after(acme, ana, ben, tess, north):
    with tenant_scope(acme):
        teams.set_members(north, {ben.pk: True}, actor=ana.actor, now=NOW)
        before = AuditRow.objects.filter(verb="team.set_members").count()
        teams.set_members(north, {ben.pk: True}, actor=ana.actor, now=NOW)
        rows = AuditRow.objects.filter(verb="team.set_members").order_by("-id")
        assert rows[0].changes == {"members": [["Ben", "Tess (lead)"], ["Ben (lead)"]]} and rows.count() == before
        assert Team.objects.get(pk=north.pk).version == 3


@pytest.mark.parametrize(
    ("who", "create", "members"), [("ana", 201, 200), ("tess", 201, 200), ("ben", 403, 403), ("rhea", 403, 403)]
)
def test_who_may(request, north, who, create, members):
    speaker = api(member=request.getfixturevalue(who))
    assert speaker.get("teams/").status_code == 200
    assert speaker.post("teams/", {"name": "New"}).status_code == create
    assert speaker.post(f"teams/{north.pk}/set-members", {"members": []}).status_code == members


def test_my_team_is_everybody_with_whom_i_share_one(acme, ana, ben, tess, rhea, north):
    with tenant_scope(acme):
        assert selectors.members_of_my_teams(ben) == sorted([ben.pk, tess.pk])
        assert selectors.members_of_my_teams(rhea) == [rhea.pk]
        with queries() as captured:
            selectors.members_of_my_teams(tess)
        assert len(questions(captured)) == 1
        services.deactivate_member(tess, by=ana, actor=ana.actor, now=NOW, plan={"teams": "unassign"})
        assert selectors.members_of_my_teams(ben) == [ben.pk]
        teams.archive_team(north, actor=ana.actor, now=NOW)
        assert selectors.members_of_my_teams(ben) == [ben.pk]


def test_the_list_asks_the_same_however_many_there_are(acme_api, acme, ana, ben, tess):
    counts = []
    for number in (1, 6):
        with tenant_scope(acme):
            for n in range(number):
                team = teams.create_team(f"Team {number}-{n}", actor=ana.actor, now=NOW)
                teams.set_members(team, {ben.pk: True, tess.pk: False}, actor=ana.actor, now=NOW)
        acme_api.get("teams/")
        for path in ("teams/", "members/"):
            with queries() as captured:
                acme_api.get(path)
            counts.append(len(questions(captured)))
    assert counts[:2] == counts[2:]
