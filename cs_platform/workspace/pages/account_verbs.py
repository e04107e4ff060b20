"""What a person does to an account. Each verb has its address: GET is its form, POST does it, 422 says why not."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods, require_POST

from accounts import selectors as accounts
from accounts import services
from accounts.models import Account
from cs_platform import ledger
from cs_platform.people.doors import member_view, saved
from cs_platform.workspace import composing, previewing, selectors
from cs_platform.workspace.forms import (
    AccountForm,
    ArchiveForm,
    MoveStageForm,
    OwnerForm,
    RestoreForm,
    SupportLevelForm,
    VersionedForm,
    zone_names,
)
from lifecycle import selectors as lifecycle
from lifecycle import services as moving

form_door = require_http_methods(["GET", "HEAD", "POST"])
Do = Callable[[], Any]


@dataclass
class Deed:
    """A form on an account: what it is called, what it changes, what it says when it is done."""

    account: Account
    form: VersionedForm
    template: str
    context: dict[str, Any] = field(default_factory=dict)
    guarded: Any = None  # the object whose version the form carries, the account by default


def answer(
    request: HttpRequest, deed: Deed, typed: Callable[[], Mapping[str, Any]], do: Do, message: str | Callable[[], str]
) -> HttpResponse:
    """The five moves of every door: the form is read, guarded against what others did, and the verb is called once."""
    context = {"account": deed.account, "form": deed.form, **deed.context}
    if request.method != "POST":
        return composing.form_page(request, deed.template, context)
    if deed.form.is_valid():
        try:
            with composing.unchanged(deed.guarded or deed.account, deed.form.known_version, typed()):
                do()
        except ledger.Refused as refusal:
            composing.add_refusal(deed.form, refusal)
        else:
            words = message if isinstance(message, str) else message()
            return saved(request, "workspace:account", deed.account.pk, message=words)
    return composing.form_page(request, deed.template, context, wrong=True)


def _was_sent(form: VersionedForm, obj: Any) -> bool:
    """The object has moved on since the form was filled in: what it wants may be done already, by its first sending."""
    return form.known_version is not None and obj is not None and form.known_version < obj.version


def _account(request: HttpRequest, account_id: UUID) -> Account:
    return accounts.account_for(request.member, account_id)  # type: ignore[attr-defined]


def _who(request: HttpRequest) -> dict[str, Any]:
    return {"actor": request.member.actor, "now": request.now}  # type: ignore[attr-defined]


# --- support level --------------------------------------------------------------------------------------------------


@member_view("account.set_support_level")
@form_door
def set_support_level(request: HttpRequest, account_id: UUID) -> HttpResponse:
    account = _account(request, account_id)
    known = list(accounts.support_levels())
    now_named = account.support_level.name if account.support_level else ""
    offered = [level.name for level in known if level.is_active or level.name == now_named]
    initial = {"support_level": now_named, "version": account.version}
    form = SupportLevelForm(request.POST or None, initial=initial, levels=offered)
    deed = Deed(account, form, "workspace/account/set_support_level.html")
    ids = {level.name: level.pk for level in known}

    def typed() -> dict[str, Any]:
        return {"support_level_id": ids.get(form.cleaned_data["support_level"])}

    def do() -> None:
        data = form.cleaned_data
        services.set_support_level(account, data["support_level"], note=data["note"], **_who(request))

    def message() -> str:
        level = form.cleaned_data["support_level"]
        return f"Support level is {level}." if level else f"{account.name} has no support level and is archived."

    return answer(request, deed, typed, do, message)


@member_view("account.set_support_level")
@require_POST
def preview_support_level(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """What the chosen level would do, in a sentence; nothing is kept."""
    account = _account(request, account_id)
    chosen = request.POST.get("support_level", "")[:200]
    words = previewing.support_level(account, chosen, **_who(request))
    return HttpResponse(previewing.as_html(words))


# --- stage ----------------------------------------------------------------------------------------------------------


@member_view("account.move_stage")
@form_door
def move_stage(request: HttpRequest, account_id: UUID) -> HttpResponse:
    account = _account(request, account_id)
    cycles = list(lifecycle.lifecycles())
    wanted = request.GET.get("lifecycle") or request.POST.get("lifecycle") or ""
    cycle = next((found for found in cycles if found.key == wanted), None)
    cycle = cycle or next((found for found in cycles if found.is_default), cycles[0] if cycles else None)
    if cycle is None:
        raise Http404
    standing = lifecycle.standing_of(account.pk, cycle.key)
    here = standing.stage_name if standing is not None and standing.left_at is None else ""
    known = lifecycle.stages_of_lifecycle(cycle.key)
    offered = [stage.name for stage in known if stage.is_active and stage.name != here]
    asked = request.GET.get("stage", "")
    names = [stage.name for stage in known]
    after = names[names.index(here) + 1 :] if here in names else names
    first = asked if asked in offered else next((name for name in after if name in offered), "")
    form = MoveStageForm(
        request.POST or None,
        initial={"version": standing.version if standing else 0, "stage": first},
        stages=[*offered, *([here] if request.method == "POST" and here else [])],
        zone=request.tenant.timezone,  # type: ignore[attr-defined]
    )
    context = {"lifecycle": cycle, "lifecycles": cycles, "here": here, "standing": standing}
    deed = Deed(account, form, "workspace/account/move_stage.html", context, guarded=standing or account)
    ids = {stage.name: stage.pk for stage in known}

    def typed() -> dict[str, Any]:
        return {"stage_id": ids.get(form.cleaned_data["stage"])} if standing else {}

    def do() -> None:
        data = form.cleaned_data
        if data["stage"] == here and _was_sent(form, standing):
            return
        moving.move_stage(
            account, cycle.key, data["stage"], reason=data["reason"], effective_at=data["effective_at"], **_who(request)
        )

    return answer(request, deed, typed, do, lambda: f"{account.name} is in {form.cleaned_data['stage']}.")


# --- owner, basics, archive -----------------------------------------------------------------------------------------


@member_view("account.assign_owner")
@form_door
def assign_owner(request: HttpRequest, account_id: UUID) -> HttpResponse:
    account = _account(request, account_id)
    initial = {"owner": account.csm_id or "", "version": account.version}
    form = OwnerForm(request.POST or None, initial=initial, members=_offered(account))
    deed = Deed(account, form, "workspace/account/assign_owner.html")

    def do() -> None:
        services.assign_owner(account, form.member, note=form.cleaned_data["note"], **_who(request))

    def message() -> str:
        return f"{form.member} looks after {account.name} now." if form.member else f"Nobody owns {account.name} now."

    def typed() -> dict[str, Any]:
        return {"csm_id": form.member.pk if form.member else None}

    return answer(request, deed, typed, do, message)


def _offered(account: Account) -> list[Any]:
    found = list(selectors.managers())
    if account.csm is not None and account.csm not in found:
        found.insert(0, account.csm)
    return found


@member_view("account.edit")
@form_door
def edit_account(request: HttpRequest, account_id: UUID) -> HttpResponse:
    account = _account(request, account_id)
    form = AccountForm(request.POST or None, initial=AccountForm.initial_of(account))
    deed = Deed(account, form, "workspace/account/edit.html", {"zones": zone_names()})

    def do() -> None:
        services.edit_account(account, form.values(), **_who(request))

    return answer(request, deed, form.values, do, "Saved.")


@member_view("account.archive")
@form_door
def archive_account(request: HttpRequest, account_id: UUID) -> HttpResponse:
    account = _account(request, account_id)
    form = ArchiveForm(request.POST or None, initial={"version": account.version})
    deed = Deed(account, form, "workspace/account/archive.html", {"held": previewing.mail_that_ends(account.pk)})

    def do() -> None:
        if account.is_managed or not _was_sent(form, account):
            services.archive_account(account, form.cleaned_data["reason"], **_who(request))

    return answer(request, deed, dict, do, f"{account.name} is archived. Nothing was deleted.")


@member_view("account.restore")
@form_door
def restore_account(request: HttpRequest, account_id: UUID) -> HttpResponse:
    account = _account(request, account_id)
    form = RestoreForm(request.POST or None, initial={"version": account.version})
    deed = Deed(account, form, "workspace/account/restore.html")

    def do() -> None:
        if not account.is_managed or not _was_sent(form, account):
            services.restore_account(account, **_who(request))

    return answer(request, deed, dict, do, f"{account.name} is looked after again.")


@member_view("alert.resolve")
@require_POST
def resolve_alert(request: HttpRequest, account_id: UUID, alert_id: UUID) -> HttpResponse:
    account = _account(request, account_id)
    alert = selectors.alert_of(account.pk, alert_id)
    services.resolve_alert(alert, **_who(request))
    return saved(request, "workspace:account", account.pk, message="The alert is cleared.")
