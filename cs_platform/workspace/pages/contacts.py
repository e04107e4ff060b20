"""The people of an account, and which series they get."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from accounts import selectors as accounts
from accounts import services
from accounts.models import Account, Contact
from campaigns import services as campaigns
from cs_platform import ledger
from cs_platform.people.doors import member_view, saved
from cs_platform.workspace import composing, selectors
from cs_platform.workspace.forms import ContactForm, EnrolForm, RolesForm, zone_names
from cs_platform.workspace.pages.account_verbs import Deed, answer, form_door


def _account(request: HttpRequest, account_id: UUID) -> Account:
    return accounts.account_for(request.member, account_id)  # type: ignore[attr-defined]


def _contact(request: HttpRequest, account: Account, contact_id: UUID) -> Contact:
    found = accounts.contact_for(request.member, contact_id)  # type: ignore[attr-defined]
    if found.account_id != account.pk:
        raise Http404
    return found


def _who(request: HttpRequest) -> dict[str, Any]:
    return {"actor": request.member.actor, "now": request.now}  # type: ignore[attr-defined]


@member_view("contact.create")
@form_door
def add_contact(request: HttpRequest, account_id: UUID) -> HttpResponse:
    account = _account(request, account_id)
    form = ContactForm(request.POST or None, initial={"is_active": True})
    template = "workspace/account/contact.html"
    context = {"account": account, "form": form, "zones": zone_names(), "contact": None}
    if request.method != "POST":
        return composing.form_page(request, template, context)
    if form.is_valid():
        try:
            with composing.once(form.token, request.now):  # type: ignore[attr-defined]
                contact = services.create_contact(account, form.values(), **_who(request))
        except composing.SentBefore:
            return saved(request, "workspace:account", account.pk, message="The contact was added already.")
        except ledger.Refused as refusal:
            composing.add_refusal(form, refusal)
        else:
            return saved(request, "workspace:account", account.pk, message=f"{contact.name} was added.")
    return composing.form_page(request, template, context, wrong=True)


@member_view("contact.edit")
@form_door
def edit_contact(request: HttpRequest, account_id: UUID, contact_id: UUID) -> HttpResponse:
    account = _account(request, account_id)
    contact = _contact(request, account, contact_id)
    form = ContactForm(request.POST or None, initial=ContactForm.initial_of(contact))
    context = {"contact": contact, "zones": zone_names()}
    deed = Deed(account, form, "workspace/account/contact.html", context, guarded=contact)

    def do() -> None:
        services.edit_contact(contact, form.values(), **_who(request))

    return answer(request, deed, form.values, do, "Saved.")


@member_view("contact.set_roles")
@form_door
def set_contact_roles(request: HttpRequest, account_id: UUID, contact_id: UUID) -> HttpResponse:
    account = _account(request, account_id)
    contact = _contact(request, account, contact_id)
    initial = {"roles": contact.roles, "version": contact.version}
    form = RolesForm(request.POST or None, initial=initial)
    deed = Deed(account, form, "workspace/account/set_roles.html", {"contact": contact}, guarded=contact)

    def do() -> None:
        services.set_contact_roles(contact, form.cleaned_data["roles"], **_who(request))

    def typed() -> dict[str, Any]:
        return {"roles": form.cleaned_data["roles"]}

    return answer(request, deed, typed, do, f"The roles of {contact.name} are saved.")


# --- series ---------------------------------------------------------------------------------------------------------


@member_view("series.enrol")
@form_door
def enrol_contacts(request: HttpRequest, account_id: UUID) -> HttpResponse:
    account = _account(request, account_id)
    people, series = list(accounts.contacts_of(account.pk)), list(selectors.series_for_enrolment())
    asked = request.GET.getlist("contact")
    ready = [str(contact.pk) for contact in people if str(contact.pk) in asked]
    whom = EnrolForm.CHOSEN if ready else EnrolForm.ROLES
    form = EnrolForm(request.POST or None, initial={"contacts": ready, "whom": whom}, series=series, contacts=people)
    deed = Deed(account, form, "workspace/account/enrol.html", {"people": people, "series": series})
    done: list[Any] = []

    def do() -> None:
        chosen = form.offered[form.cleaned_data["series"]]
        if form.cleaned_data["whom"] == EnrolForm.ROLES:
            done.append(campaigns.start_audience(chosen, [account.pk], **_who(request)))
            return
        ids = [UUID(pk) for pk in form.cleaned_data["contacts"]]
        done.extend(campaigns.enrol_contacts(chosen, ids, **_who(request)))

    return answer(request, deed, dict, do, lambda: _told(done))


def _told(results: list[Any]) -> str:
    if results and isinstance(results[0], int):
        return f"{results[0]} {'contact was' if results[0] == 1 else 'contacts were'} enrolled by role."
    return _told_of_each(results)


def _told_of_each(results: list[Any]) -> str:
    """What became of each: numbers for those who are in, words for those who are not."""
    enrolled = sum(result.result in ("enrolled", "restarted") for result in results)
    already = sum(result.result == "already" for result in results)
    parts = [f"{enrolled} {'contact gets' if enrolled == 1 else 'contacts get'} the series from its next slot on."]
    if already:
        parts.append(f"{already} {'was' if already == 1 else 'were'} in it already.")
    others = len(results) - enrolled - already
    if others:
        why = sorted({_reason(result.result) for result in results if result.result not in _GOOD})
        parts.append(f"{others} {'is' if others == 1 else 'are'} not enrolled: {'; '.join(why)}.")
    return " ".join(parts if enrolled or not others else parts[1:])


_GOOD = ("enrolled", "restarted", "already")


def _reason(code: str) -> str:
    from campaigns.models import Enrolment

    return dict(Enrolment.Reason.choices).get(code, code.replace("_", " "))


@member_view("series.enrol")
@require_POST
def stop_enrolment(request: HttpRequest, account_id: UUID, enrolment_id: UUID) -> HttpResponse:
    account = _account(request, account_id)
    enrolment = selectors.enrolment_of(account.pk, enrolment_id)
    if enrolment is None:
        raise Http404
    message = f"{enrolment.contact.name} gets no more e-mails of {enrolment.series.name}."
    if enrolment.state in (enrolment.State.ACTIVE, enrolment.State.PAUSED):
        campaigns.stop_enrolment(enrolment, **_who(request))
    return saved(request, "workspace:account", account.pk, message=message)
