"""Nobody leaves while something would be left without anybody."""

import pytest
from django.test import Client

from accounts.models import Account
from cs_platform.ledger.models import AuditRow
from cs_platform.people import belongings, services, teams
from cs_platform.people.models import ApiKey, Membership, TeamMember
from cs_platform.tenancy.scope import tenant_scope
from tests.cast import NOW, api, make_member, sign_in
from tests.workspace.world import form_of, make_account, make_many, text

pytestmark = pytest.mark.django_db
OURS = {"accounts": 2, "api_keys": 1, "teams": 1}


@pytest.fixture(autouse=True)
def _today(clock_at):
    clock_at(NOW)


@pytest.fixture
def laden(acme, ana, ben):
    """ben owns two accounts, a key, and leads a team; an archived account and a revoked key do not count."""
    make_many(acme, 2, csm=ben)
    gone = make_account(acme, "Gone", csm=ben)
    with tenant_scope(acme):
        from accounts import services as accounts

        accounts.archive_accounts([gone.pk], "left", actor=ana.actor, now=NOW)
        for name in ("Export", "Old"):
            key, _ = services.create_api_key(name, ["audit:read"], by=ben, actor=ben.actor, now=NOW)
        services.revoke_api_key(key, actor=ben.actor, now=NOW)
        team = teams.create_team("North", actor=ana.actor, now=NOW)
        teams.set_members(team, {ben.pk: True}, actor=ana.actor, now=NOW)
    return ben


def counts(member):
    with tenant_scope(member.tenant_id):
        return {one.belonging.kind: one.count for one in belongings.of(member)}


def ours(member):
    """Without what other rooms found for the member."""
    return {kind: number for kind, number in counts(member).items() if kind in OURS}


def everything(member, value, **others):
    """A plan for all that the member owns."""
    return {**dict.fromkeys(counts(member), str(value)), **others}


def is_active(member):
    with tenant_scope(member.tenant_id):
        return Membership.objects.get(pk=member.pk).is_active


def test_without_a_plan_the_answer_says_what_is_owned(laden, ana):
    answer = api(member=ana).post(f"members/{laden.pk}/deactivate")
    body = answer.json()
    assert (answer.status_code, body["code"]) == (409, "still_owns")
    assert {one["kind"]: one["count"] for one in body["belongings"]}.items() >= OURS.items()
    assert "accounts as CSM (2)" in body["detail"] and is_active(laden)
    asked = api(member=ana).get(f"members/{laden.pk}/belongings").json()["belongings"]
    assert asked == body["belongings"]


@pytest.mark.parametrize("left_out", ["accounts", "api_keys", "teams"])
def test_a_plan_that_leaves_something_out_changes_nothing(laden, ana, tess, left_out):
    plan = everything(laden, tess.pk)
    del plan[left_out]
    answer = api(member=ana).post(f"members/{laden.pk}/deactivate", {"plan": plan})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (409, f"plan.{left_out}")
    assert is_active(laden) and ours(laden) == OURS


def test_with_a_plan_everything_goes_to_its_new_owner(laden, acme, ana, tess, rhea):
    plan = everything(laden, tess.pk, api_keys=str(ana.pk), teams=str(rhea.pk))
    answer = api(member=ana).post(f"members/{laden.pk}/deactivate", {"plan": plan})
    assert (answer.status_code, answer.json()["active"]) == (200, False)
    assert counts(laden) == {} and ours(tess) == {"accounts": 2}
    with tenant_scope(acme):
        assert ApiKey.objects.get(name="Export").created_by_id == ana.pk
        assert TeamMember.objects.get(is_lead=True).member_id == rhea.pk
        assert AuditRow.objects.filter(verb="account.assign_owner", call__note="Ben leaves").count() == 2


def test_unassign_leaves_accounts_alone_and_revokes_keys(laden, acme, ana):
    plan = everything(laden, "unassign")
    assert api(member=ana).post(f"members/{laden.pk}/deactivate", {"plan": plan}).status_code == 200
    with tenant_scope(acme):
        assert not Account.objects.filter(state="managed", csm__isnull=False).exists()
        assert ApiKey.objects.get(name="Export").revoked_at == NOW


@pytest.mark.parametrize("taker", ["himself", "a stranger", "inactive", "nobody", "nonsense"])
def test_only_another_active_member_takes_over(laden, acme, ana, otto, taker):
    with tenant_scope(acme):
        idle = services.deactivate_member(make_member(acme, "Idle", "csm"), by=ana, actor=ana.actor, now=NOW)
    ids = {"himself": laden.pk, "a stranger": otto.pk, "inactive": idle.pk, "nobody": "", "nonsense": "x' OR 1=1"}
    plan = everything(laden, "unassign", accounts=str(ids[taker]))
    answer = api(member=ana).post(f"members/{laden.pk}/deactivate", {"plan": plan})
    assert is_active(laden) and counts(laden)["accounts"] == 2
    if taker == "nobody":
        assert answer.status_code == 400
    else:
        assert (answer.status_code, answer.json()["code"]) == (409, "not_a_taker")


def test_a_kind_that_does_not_exist_is_refused(ben, ana):
    answer = api(member=ana).post(f"members/{ben.pk}/deactivate", {"plan": {"castles": "unassign"}})
    assert (answer.status_code, answer.json()["code"]) == (409, "unknown_kind")


def test_who_leaves_is_out_with_the_next_request(ben, ana):
    browser, program = sign_in(Client(), ben), api(member=ben)
    assert browser.get("/accounts/").status_code == 200 and program.get("accounts/").status_code == 200
    api(member=ana).post(f"members/{ben.pk}/deactivate")
    assert browser.get("/accounts/").status_code == 403 and program.get("accounts/").status_code == 403


def test_the_last_owner_does_not_leave_and_keeps_everything(acme, ana, ben):
    make_many(acme, 1, csm=ana)
    make_member(acme, "Adam", "admin")
    answer = api(member=ana).post(f"members/{ana.pk}/deactivate", {"plan": everything(ana, ben.pk)})
    assert (answer.status_code, answer.json()["code"]) == (409, "last_owner")
    assert ours(ana) == {"accounts": 1}


def test_what_comes_while_the_plan_is_carried_out_is_noticed(acme, ana, ben, monkeypatch):
    known = belongings.Belonging("late", "late things", lambda _: len(arrived), lambda *_: arrived.append(1), "drop")
    arrived = [1]
    monkeypatch.setitem(belongings._known, "late", known)
    answer = api(member=ana).post(f"members/{ben.pk}/deactivate", {"plan": {"late": "unassign"}})
    assert (answer.status_code, answer.json()["code"]) == (409, "still_owns") and is_active(ben)


def test_the_page_asks_kind_by_kind(laden, ana, tess, client):
    sign_in(client, ana)
    path = f"/settings/members/{laden.pk}/deactivate/"
    asked = client.get(path)
    assert "Accounts as CSM: 2" in text(asked) and "Working API keys: 1" in text(asked)
    form = form_of(asked, "/deactivate/")
    assert set(form) >= {"plan.accounts", "plan.api_keys", "plan.teams"}
    wrong = client.post(path, {**form, "plan.accounts": str(tess.pk)})
    assert wrong.status_code == 422 and text(wrong).count("Choose what happens to them.") >= 2
    assert is_active(laden)
    done = {f"plan.{kind}": value for kind, value in everything(laden, "unassign", accounts=str(tess.pk)).items()}
    assert client.post(path, done).status_code == 302
    assert not is_active(laden) and ours(tess) == {"accounts": 2}


def test_handing_over_costs_the_same_however_much_there_is(acme, ana, tess):
    from tests.workspace.world import queries, questions

    asked = []
    for number in (2, 40):
        leaver = make_member(acme, f"Leaver{number}", "csm")
        with tenant_scope(acme):
            from accounts import services as accounts

            ids = [
                result.id
                for result in accounts.upsert_accounts(
                    [
                        accounts.AccountInput({"name": f"N{n}", "support_level": "Named"}, external_id=f"{number}-{n}")
                        for n in range(number)
                    ],
                    actor=ana.actor,
                    now=NOW,
                )
            ]
            accounts.assign_owners(ids, leaver, actor=ana.actor, now=NOW)
            with queries() as captured:
                services.deactivate_member(leaver, by=ana, actor=ana.actor, now=NOW, plan=everything(leaver, tess.pk))
        asked.append(len(questions(captured)))
    assert asked[0] == asked[1]
