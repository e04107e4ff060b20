"""The list of hand-offs, the page of one, and the verbs of its items."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from accounts import selectors as accounts
from activities import selectors as activities_selectors
from activities import services as activities
from activities.models import Task
from cs_platform import ledger
from cs_platform.people import selectors as people
from cs_platform.people.doors import member_view, saved
from cs_platform.people.paging import MemberRequest, page_of, uuid_or_none
from onboarding import items, selectors, services
from onboarding.content import blocks
from onboarding.forms import members
from onboarding.models import Handoff

MINE, EVERYONE, OPEN = "mine", "everyone", "open"


@member_view("handoff.view")
def handoff_list(request: MemberRequest) -> HttpResponse:
    show = MINE if request.GET.get("show") == MINE else EVERYONE
    asked = request.GET.get("state", OPEN)
    state = asked if asked in Handoff.State.values else OPEN
    words = request.GET.get("q", "").strip()[:100]
    given = selectors.HandoffFilters(
        q=words,
        states=Handoff.OPEN if state == OPEN else (state,),
        mine=request.member if show == MINE else None,
    )
    sort = "close_date" if state in Handoff.OPEN or state == OPEN else "-updated_at"
    page = page_of(request, selectors.handoff_list(given), sort, dict(selectors.HANDOFF_SORTS))
    page["rows"] = selectors.look(page["rows"], now=request.now, zone=request.tenant.timezone)
    counts = selectors.counts_by_state()
    tabs = [(OPEN, "Open", sum(counts.get(name, 0) for name in Handoff.OPEN))]
    tabs += [(value, label, counts.get(value, 0)) for value, label in Handoff.State.choices]
    context = {"page": page, "tabs": tabs, "state": state, "show": show, "q": words, "lead": selectors.lead_times()}
    return render(request, "onboarding/handoff_list.html", context)


@member_view("handoff.view")
def handoff(request: MemberRequest, handoff_id: UUID) -> HttpResponse:
    found = selectors.handoff_for(request.member, handoff_id)
    look = selectors.look_at(found, now=request.now, zone=request.tenant.timezone)
    context = {
        "handoff": found,
        "look": look,
        "members": members(),
        "texts": {kind: (text, blocks(text)) for kind, text in selectors.texts_of(found).items()},
        "contacts": list(accounts.contacts_of(found.account_id)[:100]),
        "instances": list(accounts.instances(found.account_id).order_by("name", "pk")[:100]),
        "not_needed": items.NOT_NEEDED,
    }
    return render(request, "onboarding/handoff.html", context)


def _done(request: MemberRequest, found: Handoff, words: str) -> HttpResponse:
    return saved(request, "onboarding:handoff", found.pk, message=words)


def _item(found: Handoff, name: str) -> Task:
    tasks = activities_selectors.tasks_of_source(items.KIND, [found.pk]).get(str(found.pk), [])
    task = next((task for task in tasks if task.source_part == name), None)
    if task is None:
        raise ledger.Refused("This hand-off has no such item.", "no_such_item", "item")
    return task


def _who(request: MemberRequest) -> dict[str, Any]:
    return {"actor": request.member.actor, "now": request.now}


@member_view("handoff.edit")
@require_POST
def complete_item(request: MemberRequest, handoff_id: UUID) -> HttpResponse:
    found = selectors.handoff_for(request.member, handoff_id)
    task = activities.complete_task(_item(found, request.POST.get("item", "")), **_who(request))
    return _done(request, found, f"Completed “{task}”.")


@member_view("handoff.edit")
@require_POST
def reopen_item(request: MemberRequest, handoff_id: UUID) -> HttpResponse:
    found = selectors.handoff_for(request.member, handoff_id)
    task = activities.reopen_task(_item(found, request.POST.get("item", "")), **_who(request))
    return _done(request, found, f"“{task}” is open again.")


@member_view("handoff.edit")
@require_POST
def skip_item(request: MemberRequest, handoff_id: UUID) -> HttpResponse:
    found = selectors.handoff_for(request.member, handoff_id)
    services.skip_item(found, request.POST.get("item", ""), request.POST.get("reason", ""), **_who(request))
    return _done(request, found, "Left out; the reason stays with it.")


@member_view("handoff.edit")
@require_POST
def assign_engineer(request: MemberRequest, handoff_id: UUID) -> HttpResponse:
    found = selectors.handoff_for(request.member, handoff_id)
    member_id = uuid_or_none(request.POST.get("member_id", ""))
    member = people.member_for(member_id) if member_id else None
    services.assign_engineer(found, member, **_who(request))
    return _done(request, found, f"The customer engineer is {member or 'nobody'}.")


@member_view("handoff.edit")
@require_POST
def answer_cloud(request: MemberRequest, handoff_id: UUID) -> HttpResponse:
    found = selectors.handoff_for(request.member, handoff_id)
    needed = request.POST.get("needed") == "yes"
    services.answer_cloud(found, needed, **_who(request))
    return _done(request, found, "A cloud instance is needed." if needed else "No cloud instance is needed.")
