from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from accounts import services as accounts
from activities import selectors, services
from activities.models import Task
from cs_platform import ledger
from cs_platform.ledger.models import FactRow
from cs_platform.tenancy.scope import tenant_scope
from tests.cast import NOW, api, sign_in

pytestmark = pytest.mark.django_db
TEST = ledger.system("test")
TODAY = NOW.date()


def task(title="Call them", **values):
    return services.create_task({"title": title, **values}, actor=TEST, now=NOW)


def of_source(part, source_id="1", **values):
    source = {"source_kind": "test.thing", "source_id": source_id, "source_part": part}
    return services.TaskInput(title=f"Do {part}", **source, **values)


def told(name):
    return [row.payload for row in FactRow.objects.filter(name=name).order_by("pk")]


def test_a_task_goes_from_to_do_to_completed(in_acme):
    made = task()
    made = services.start_task(made, actor=TEST, now=NOW)
    made = services.send_task_to_review(made, actor=TEST, now=NOW)
    made = services.complete_task(made, outcome="They are happy.", actor=TEST, now=NOW)
    assert (made.state, made.outcome, made.closed_at) == ("completed", "They are happy.", NOW)
    assert told("activities.tasks_completed") == [{"task_ids": [str(made.pk)], "source_kind": ""}]


@pytest.mark.parametrize("verb", ["start_task", "send_task_to_review", "complete_task", "cancel_task"])
def test_what_is_closed_is_not_worked_on(in_acme, verb):
    made = services.complete_task(task(), actor=TEST, now=NOW)
    with pytest.raises(ledger.NotAllowed):
        getattr(services, verb)(made, actor=TEST, now=NOW)


def test_a_closed_task_can_be_opened_again(in_acme):
    made = services.cancel_task(task(), outcome="No.", actor=TEST, now=NOW)
    made = services.reopen_task(made, actor=TEST, now=NOW)
    assert (made.state, made.outcome, made.closed_at) == ("to_do", "", None)


def test_the_database_refuses_a_state_that_nobody_told_the_ledger(in_acme):
    made = task()
    with pytest.raises(IntegrityError), transaction.atomic():
        Task.objects.filter(pk=made.pk).update(state="completed", closed_at=NOW)


def test_the_tasks_of_a_source_are_made_once(in_acme):
    first = services.create_tasks([of_source("a"), of_source("b")], actor=TEST, now=NOW)
    again = services.create_tasks([of_source("a"), of_source("b"), of_source("c")], actor=TEST, now=NOW)
    assert len(first) == 2 and [made.source_part for made in again] == ["c"]
    assert len(told("activities.tasks_created")) == 2


def test_many_tasks_cost_as_many_statements_as_one(in_acme, django_assert_max_num_queries):
    rows = [of_source(f"part {number}") for number in range(200)]
    with django_assert_max_num_queries(12):
        services.create_tasks(rows, actor=TEST, now=NOW)


def test_sets_leave_what_is_completed_alone(in_acme):
    one, two = services.create_tasks([of_source("a"), of_source("b")], actor=TEST, now=NOW)
    services.complete_task(one, actor=TEST, now=NOW)
    pairs = [("1", "a"), ("1", "b")]
    assert services.withdraw_tasks_of("test.thing", pairs, outcome="Over.", actor=TEST, now=NOW) == [two.pk]
    assert services.renew_tasks_of("test.thing", pairs, actor=TEST, now=NOW) == [two.pk]
    assert services.complete_tasks_of("test.thing", pairs, actor=TEST, now=NOW) == [two.pk]


def test_a_guard_says_what_is_missing(in_acme, monkeypatch):
    monkeypatch.setitem(services.guards._guards, "test.thing", lambda tasks, verb: {t.pk: "Not yet." for t in tasks})
    (made,) = services.create_tasks([of_source("a")], actor=TEST, now=NOW)
    with pytest.raises(services.Guarded, match="Not yet"):
        services.complete_task(made, actor=TEST, now=NOW)
    assert Task.objects.get(pk=made.pk).state == "to_do"


def test_mine_is_what_is_given_to_me_or_to_a_role_of_mine(in_acme, ben):
    task("mine", assignee_id=ben.pk)
    task("of my role", role="csm")
    task("of another role", role="sales")
    task("nobody's")
    found = selectors.task_list(selectors.TaskFilters(mine=ben))
    assert {made.title for made in found} == {"mine", "of my role"}


def test_a_member_takes_a_roles_place(in_acme, ben):
    made = services.edit_task(task(role="sales"), {"assignee_id": ben.pk}, actor=TEST, now=NOW)
    assert (made.assignee_id, made.role) == (ben.pk, "")


@pytest.mark.parametrize(
    "values, field",
    [({"title": ""}, "title"), ({"title": "x" * 201}, "title"), ({"title": "x", "role": "king"}, "role"),
     ({"title": "x", "priority": "huge"}, "priority"), ({"title": "x", "due_date": "soon"}, "due_date")],
)  # fmt: skip
def test_bad_values_are_refused_at_their_field(in_acme, values, field):
    with pytest.raises(ledger.Refused) as refusal:
        services.create_task(values, actor=TEST, now=NOW)
    assert refusal.value.field == field


# --- doors ----------------------------------------------------------------------------------------------------------


def test_the_api_makes_lists_and_completes(acme, ben):
    key = api(tenant=acme, scopes=("tasks:read", "tasks:write"))
    answer = key.post("tasks/", {"title": "Call", "assignee": {"member": str(ben.pk)}, "due_date": "2026-11-20"})
    assert answer.status_code == 201, answer.content
    body = answer.json()
    assert body["assignee"] == {"member": str(ben.pk), "role": ""} and body["state"] == "to_do"
    assert body["source"] is None
    listed = key.get(f"tasks/?overdue=true&assignee_id={ben.pk}&state=open").json()["results"]
    assert [row["id"] for row in listed] == [body["id"]]
    done = key.post(f"tasks/{body['id']}/complete", {"outcome": "Done."}).json()
    assert (done["state"], done["outcome"]) == ("completed", "Done.")
    assert key.post(f"tasks/{body['id']}/complete").status_code == 409
    assert key.get("tasks/?mine=true").status_code == 400


def test_a_reader_may_not_and_an_outsider_sees_nothing(acme, umbra):
    with tenant_scope(acme):
        made = task()
    assert api(tenant=acme, scopes=("tasks:read",)).post(f"tasks/{made.pk}/complete").status_code == 403
    assert api(tenant=umbra).get(f"tasks/{made.pk}").status_code == 404
    assert api(tenant=umbra).post(f"tasks/{made.pk}/complete").status_code == 404


def test_the_page_shows_mine_and_completes_with_a_click(acme, ben):
    with tenant_scope(acme):
        account = accounts.create_account({"name": "Globex", "support_level": "Named"}, actor=TEST, now=NOW)
        late = task("Late one", assignee_id=ben.pk, account_id=account.pk, due_date=TODAY - timedelta(days=3))
        task("Somebody else's", role="sales")
    client = sign_in(Client(), ben)
    page = client.get("/tasks/").content.decode()
    assert "Late one" in page and "late since" in page and "Globex" in page and "Somebody else" not in page
    assert "Somebody else" in client.get("/tasks/?show=everyone").content.decode()
    answer = client.post(f"/tasks/{late.pk}/complete/", headers={"HX-Request": "true"})
    assert answer.status_code == 200 and "is-closed" in answer.content.decode()
    assert "Late one" in client.get("/tasks/?state=done").content.decode()


def test_adding_a_task_on_its_page(acme, ben):
    with tenant_scope(acme):
        accounts.create_account({"name": "Globex", "support_level": "Named"}, actor=TEST, now=NOW)
    client = sign_in(Client(), ben)
    good = {"title": "Call them", "account": "globex", "who": "role:sales", "priority": "high"}
    assert client.post("/tasks/add/", good).status_code == 302
    with tenant_scope(acme):
        made = Task.objects.get()
        assert (made.title, made.account.name, made.role, made.priority) == ("Call them", "Globex", "sales", "high")
    bad = client.post("/tasks/add/", {**good, "account": "Nobody Ltd"})
    assert bad.status_code == 422 and "There is no account of this name" in bad.content.decode()


def test_a_viewer_sees_no_buttons_and_is_refused(acme, rhea):
    with tenant_scope(acme):
        made = task(role="viewer")
    client = sign_in(Client(), rhea)
    assert client.get("/tasks/").status_code == 200
    assert client.post(f"/tasks/{made.pk}/complete/").status_code == 403
