"""Series: the list, one of them, its rule and its e-mails, and who is in it."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import Account, Contact
from campaigns import selectors, services
from campaigns.forms import SeriesForm, StopForm
from campaigns.models import Enrolment, Series, SeriesRun
from cs_platform import ledger
from cs_platform.people.doors import member_view, refused, saved
from cs_platform.people.paging import MemberRequest, page_of, uuid_or_none

READING = ["GET", "HEAD", "POST"]


@member_view("series.view")
def series_list(request: MemberRequest) -> HttpResponse:
    archived = request.GET.get("archived") == "1"
    rows = selectors.series_list(now=request.now, archived=archived)
    context = {"rows": rows, "archived": archived, **_sending()}
    return render(request, "campaigns/series_list.html", context)


def _sending() -> dict[str, Any]:
    return {"control": selectors.control(), "why_not": selectors.why_nothing_is_sent()}


@member_view("series.view")
def series(request: MemberRequest, series_id: UUID) -> HttpResponse:
    found = selectors.series_for(series_id)
    items = selectors.items_of(found)
    state = request.GET.get("state", "")
    people = selectors.enrolments().filter(series=found)
    people = people.filter(state=state) if state in Enrolment.State.values else people
    page = page_of(request, people, "-created_at", {"created_at": "created_at"})
    metrics = selectors.metrics(found)
    by_template = {line.template_id: line for line in metrics.items}
    missed = selectors.runs().filter(series=found, state=SeriesRun.State.SKIPPED, reason=SeriesRun.Reason.LATE)
    context = {
        "series": found,
        "items": items,
        "metrics": metrics,
        "lines": [{"item": item, "metrics": by_template.get(item.template_id)} for item in items],
        "slots": selectors.next_slots(found, now=request.now, tenant=request.tenant),
        "zone": found.fixed_zone or request.tenant.timezone,
        "days_off": selectors.days_left_out(found, now=request.now),
        "missed": missed.order_by("-due_at")[:5],
        "page": page,
        "state": state,
        "states": Enrolment.State.choices,
        "templates": selectors.templates().exclude(pk__in=[item.template_id for item in items]),
        "is_open": found.state != Series.State.ARCHIVED,
        **_sending(),
    }
    return render(request, "campaigns/series.html", context)


@member_view("series.edit")
@require_http_methods(READING)
def new_series(request: MemberRequest) -> HttpResponse:
    if request.method != "POST":
        return render(request, "campaigns/edit_series.html", {"form": SeriesForm()})
    form = SeriesForm(request.POST)
    if form.is_valid():
        try:
            made = services.create_series(form.values(), actor=request.member.actor, now=request.now)
        except ledger.Refused as refusal:
            _at_field(form, refusal)
        else:
            return saved(request, "campaigns:series", made.pk, message=f"Created the series {made}. Add its e-mails.")
    return refused(request, "campaigns/edit_series.html", {"form": form})


@member_view("series.edit")
@require_http_methods(READING)
def edit_series(request: MemberRequest, series_id: UUID) -> HttpResponse:
    found = selectors.series_for(series_id)
    if request.method != "POST":
        form = SeriesForm(initial=SeriesForm.initial_of(found))
        return render(request, "campaigns/edit_series.html", {"form": form, "series": found})
    form = SeriesForm(request.POST)
    if form.is_valid():
        try:
            services.edit_series(found, form.values(), actor=request.member.actor, now=request.now)
        except ledger.Refused as refusal:
            _at_field(form, refusal)
        else:
            words = "Saved. It counts for every slot that has not begun."
            return saved(request, "campaigns:series", found.pk, message=words)
    return refused(request, "campaigns/edit_series.html", {"form": form, "series": found})


def _at_field(form: Any, refusal: ledger.Refused) -> None:
    field = "fixed_zone" if refusal.field == "zone" else refusal.field
    form.add_error(field if field in form.fields else None, str(refusal))


@member_view("series.edit")
@require_POST
def set_items(request: MemberRequest, series_id: UUID) -> HttpResponse:
    """The buttons beside the e-mails of a series: up, down, out, and one more at the end."""
    found = selectors.series_for(series_id)
    order = [item.template_id for item in selectors.items_of(found)]
    changed = _reordered(order, request.POST.get("move", ""), request.POST.get("add", ""))
    services.set_items(found, changed, actor=request.member.actor, now=request.now)
    return saved(request, "campaigns:series", found.pk, message="Saved the e-mails of the series.")


def _reordered(order: list[UUID], move: str, add: str) -> list[UUID]:
    kind, _, name = move.partition(":")
    target = next((pk for pk in order if str(pk) == name), None)
    if target is not None:
        place = order.index(target)
        order.remove(target)
        if kind in ("up", "down"):
            order.insert(max(0, place + (-1 if kind == "up" else 1)), target)
    if add:
        order.append(selectors.template_for(uuid_or_none(add)).pk)
    return order


@member_view("series.edit")
@require_POST
def activate_series(request: MemberRequest, series_id: UUID) -> HttpResponse:
    found = selectors.series_for(series_id)
    services.activate_series(found, actor=request.member.actor, now=request.now)
    return saved(request, "campaigns:series", found.pk, message="Active. It sends from its next slot on.")


@member_view("series.pause")
@require_POST
def pause_series(request: MemberRequest, series_id: UUID) -> HttpResponse:
    found = selectors.series_for(series_id)
    note = request.POST.get("note", "")[:500]
    services.pause_series(found, note=note, actor=request.member.actor, now=request.now)
    return saved(request, "campaigns:series", found.pk, message="Paused. Nothing of it goes out.")


@member_view("series.resume")
@require_POST
def resume_series(request: MemberRequest, series_id: UUID) -> HttpResponse:
    found = selectors.series_for(series_id)
    services.resume_series(found, actor=request.member.actor, now=request.now)
    words = "Resumed. Everybody goes on with the next slot; what fell due meanwhile is not made up for."
    return saved(request, "campaigns:series", found.pk, message=words)


@member_view("series.edit")
@require_POST
def archive_series(request: MemberRequest, series_id: UUID) -> HttpResponse:
    found = selectors.series_for(series_id)
    services.archive_series(found, actor=request.member.actor, now=request.now)
    return saved(request, "campaigns:series-list", message=f"Archived {found}.")


# --- who is in it ---------------------------------------------------------------------------------------------------


@member_view("series.enrol")
@require_http_methods(READING)
def enrol(request: MemberRequest, series_id: UUID) -> HttpResponse:
    """Choose an account, then its people."""
    found = selectors.series_for(series_id)
    if request.method == "POST":
        ids = [pk for pk in map(uuid_or_none, request.POST.getlist("contact")) if pk]
        results = services.enrol_contacts(found, ids, actor=request.member.actor, now=request.now)
        return saved(request, "campaigns:series", found.pk, message=_told(results))
    account_id, words = uuid_or_none(request.GET.get("account", "")), request.GET.get("q", "").strip()
    account = Account.objects.filter(pk=account_id).first() if account_id else None
    context = {
        "series": found,
        "account": account,
        "q": words,
        "accounts": _accounts(words) if words and not account else [],
        "people": _people(found, account) if account else [],
    }
    return render(request, "campaigns/enrol.html", context)


def _accounts(words: str) -> list[Account]:
    found = Account.objects.filter(state=Account.State.MANAGED, search_text__contains=words.lower())
    return list(found.order_by("sort_name", "id")[:20])


def _people(series: Series, account: Account) -> list[dict[str, Any]]:
    roles = set(series.audience_roles)
    people: list[Contact] = list(selectors.may_be_enrolled(series, account.pk)[:200])
    return [{"contact": contact, "fits": bool(roles & set(contact.roles))} for contact in people]


def _told(results: list[services.Enrolled]) -> str:
    good = sum(result.result in ("enrolled", "restarted") for result in results)
    reasons = dict(Enrolment.Reason.choices)
    others = [reasons.get(r.result, "already in it") for r in results if r.result not in ("enrolled", "restarted")]
    words = f"Enrolled {good} of {len(results)}; the first e-mail goes out at the next slot."
    return f"{words} Not enrolled: {'; '.join(sorted(set(others)))}." if others else words


@member_view("series.enrol")
@require_POST
def pause_enrolment(request: MemberRequest, enrolment_id: UUID) -> HttpResponse:
    found = services.pause_enrolment(selectors.enrolment_for(enrolment_id), actor=request.member.actor, now=request.now)
    return saved(request, "campaigns:series", found.series_id, message=f"Paused the e-mails to {found.contact}.")


@member_view("series.enrol")
@require_POST
def resume_enrolment(request: MemberRequest, enrolment_id: UUID) -> HttpResponse:
    found = services.resume_enrolment(
        selectors.enrolment_for(enrolment_id), actor=request.member.actor, now=request.now
    )
    return saved(request, "campaigns:series", found.series_id, message=f"Resumed the e-mails to {found.contact}.")


@member_view("series.enrol")
@require_POST
def stop_enrolment(request: MemberRequest, enrolment_id: UUID) -> HttpResponse:
    found = services.stop_enrolment(selectors.enrolment_for(enrolment_id), actor=request.member.actor, now=request.now)
    return saved(request, "campaigns:series", found.series_id, message=f"Stopped the e-mails to {found.contact}.")


@member_view("message.resend")
@require_POST
def send_late(request: MemberRequest, run_id: UUID) -> HttpResponse:
    run = selectors.run_for(run_id)
    services.send_late(run, actor=request.member.actor, now=request.now)
    return saved(request, "campaigns:series", run.series_id, message=f"{run} goes out now.")


# --- all mail -------------------------------------------------------------------------------------------------------


@member_view("sending.stop")
@require_POST
def stop_sending(request: MemberRequest) -> HttpResponse:
    form = StopForm(request.POST)
    if not form.is_valid():
        raise ledger.Refused("Say why, in at most 300 characters.", code="required", field="why")
    services.stop_sending(form.cleaned_data["why"], actor=request.member.actor, now=request.now)
    return saved(request, "campaigns:series-list", message="All mail to customers is stopped.")


@member_view("sending.start")
@require_POST
def start_sending(request: MemberRequest) -> HttpResponse:
    services.start_sending(actor=request.member.actor, now=request.now)
    return saved(request, "campaigns:series-list", message="Mail goes out again, from the next slot on.")


@member_view("sending.start")
@require_POST
def adopt_installation(request: MemberRequest) -> HttpResponse:
    services.adopt_installation(actor=request.member.actor, now=request.now)
    return saved(request, "campaigns:series-list", message="This installation sends from now on.")
