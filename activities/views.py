"""Pages of tasks: the list, one task, its verbs."""

from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from accounts import selectors as accounts
from accounts.models import Account
from activities import selectors, services
from activities.forms import TaskForm
from activities.models import Task
from cs_platform import ledger
from cs_platform.people.doors import member_view, refused, saved
from cs_platform.people.paging import MemberRequest, page_of, uuid_or_none

BOTH = ["GET", "HEAD", "POST"]
MINE, EVERYONE, OPEN, CLOSED = "mine", "everyone", "open", "done"
CLOSED_STATES = (Task.State.COMPLETED, Task.State.CANCELLED)


def today_of(request: MemberRequest) -> date:
    return request.now.astimezone(ZoneInfo(request.tenant.timezone)).date()


@member_view("task.view")
def task_list(request: MemberRequest) -> HttpResponse:
    show = EVERYONE if request.GET.get("show") == EVERYONE else MINE
    state = CLOSED if request.GET.get("state") == CLOSED else OPEN
    words = request.GET.get("q", "").strip()[:100]
    given = selectors.TaskFilters(
        q=words, mine=request.member if show == MINE else None, states=Task.OPEN if state == OPEN else CLOSED_STATES
    )
    sort = "due_date" if state == OPEN else "-closed_at"
    context = {
        "page": page_of(request, selectors.task_list(given), sort, dict(selectors.TASK_SORTS)),
        "counts": selectors.count_open(request.member, today_of(request)),
        "today": today_of(request),
        "show": show,
        "state": state,
        "q": words,
    }
    return render(request, "activities/task_list.html", context)


@member_view("task.view")
def task(request: MemberRequest, task_id: UUID) -> HttpResponse:
    found = selectors.task_for(request.member, task_id)
    return render(request, "activities/task.html", _page(request, found, TaskForm(initial=TaskForm.initial_of(found))))


def _page(request: MemberRequest, found: Task, form: TaskForm) -> dict[str, Any]:
    return {"task": found, "form": form, "today": today_of(request), "names": account_names()}


def account_names() -> list[str]:
    """What the field of the account offers while one types."""
    managed = Account.objects.filter(state=Account.State.MANAGED).order_by("sort_name", "pk")
    return list(managed.values_list("name", flat=True)[:300])


@member_view("task.create")
@require_http_methods(BOTH)
def add_task(request: MemberRequest) -> HttpResponse:
    if request.method == "POST":
        form = TaskForm(request.POST)
        made = _try(form, lambda: services.create_task(form.values(), actor=request.member.actor, now=request.now))
        if made is not None:
            return saved(request, "activities:task-list", message=f"Added “{made}”.")
        return refused(request, "activities/add_task.html", {"form": form, "names": account_names()})
    account_id = uuid_or_none(request.GET.get("account", ""))
    account = accounts.account_for(request.member, account_id) if account_id else None
    form = TaskForm(initial={"account": account.name if account else "", "who": f"member:{request.member.pk}"})
    return render(request, "activities/add_task.html", {"form": form, "names": account_names()})


@member_view("task.edit")
@require_POST
def edit_task(request: MemberRequest, task_id: UUID) -> HttpResponse:
    found = selectors.task_for(request.member, task_id)
    form = TaskForm(request.POST)
    who = {"actor": request.member.actor, "now": request.now}
    if _try(form, lambda: services.edit_task(found, form.values(), **who)) is not None:  # type: ignore[arg-type]
        return saved(request, "activities:task", found.pk, message="Saved.")
    return refused(request, "activities/task.html", _page(request, found, form))


def _try(form: TaskForm, verb: Any) -> Task | None:
    """The verb, if the form is good; what it refuses stands at its field."""
    if not form.is_valid():
        return None
    try:
        return verb()  # type: ignore[no-any-return]
    except ledger.Refused as refusal:
        field = {"account_id": "account", "assignee_id": "who", "role": "who"}.get(refusal.field, refusal.field)
        form.add_error(field if field in form.fields else None, str(refusal))
        return None


# --- the states -----------------------------------------------------------------------------------------------------


def _answer(request: MemberRequest, changed: Task, words: str) -> HttpResponse:
    fresh = selectors.task_for(request.member, changed.pk)
    context = {"task": fresh, "today": today_of(request)}
    to_page = request.POST.get("back") == "task"
    where: tuple[Any, ...] = ("activities:task", fresh.pk) if to_page else ("activities:task-list",)
    fragment = "" if to_page else "activities/_row.html"
    return saved(request, *where, message=words, fragment=fragment, context=context)


@member_view("task.work")
@require_POST
def start_task(request: MemberRequest, task_id: UUID) -> HttpResponse:
    found = selectors.task_for(request.member, task_id)
    return _answer(request, services.start_task(found, actor=request.member.actor, now=request.now), "Begun.")


@member_view("task.work")
@require_POST
def send_task_to_review(request: MemberRequest, task_id: UUID) -> HttpResponse:
    found = selectors.task_for(request.member, task_id)
    changed = services.send_task_to_review(found, actor=request.member.actor, now=request.now)
    return _answer(request, changed, "Waits for a review.")


@member_view("task.work")
@require_POST
def complete_task(request: MemberRequest, task_id: UUID) -> HttpResponse:
    found = selectors.task_for(request.member, task_id)
    outcome = request.POST.get("outcome", "")
    changed = services.complete_task(found, outcome=outcome, actor=request.member.actor, now=request.now)
    return _answer(request, changed, f"Completed “{changed}”.")


@member_view("task.work")
@require_POST
def reopen_task(request: MemberRequest, task_id: UUID) -> HttpResponse:
    found = selectors.task_for(request.member, task_id)
    changed = services.reopen_task(found, actor=request.member.actor, now=request.now)
    return _answer(request, changed, f"“{changed}” is open again.")


@member_view("task.work")
@require_POST
def cancel_task(request: MemberRequest, task_id: UUID) -> HttpResponse:
    found = selectors.task_for(request.member, task_id)
    outcome = request.POST.get("outcome", "")
    changed = services.cancel_task(found, outcome=outcome, actor=request.member.actor, now=request.now)
    return _answer(request, changed, f"Cancelled “{changed}”.")
