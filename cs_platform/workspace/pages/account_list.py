"""The list of accounts. The same address gives the page, or with htmx its rows."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts import selectors as accounts
from accounts import services
from cs_platform import ledger
from cs_platform.people import policies
from cs_platform.people.doors import member_view, saved
from cs_platform.workspace import account_list as lists
from cs_platform.workspace import composing, selectors
from cs_platform.workspace.forms import NewAccountForm, zone_names

PAGE = "workspace/account_list.html"


@member_view("account.view")
def account_list(request: HttpRequest) -> HttpResponse:
    member = request.member  # type: ignore[attr-defined]
    zone = request.tenant.timezone  # type: ignore[attr-defined]
    found = lists.listed(lists.Asked.of(request.GET), member, now=request.now, zone=zone)  # type: ignore[attr-defined]
    choices = selectors.list_choices()
    context = {
        "listed": found,
        "asked": found.asked,
        "rows": found.rows,
        "chips": lists.chips(found.asked, choices),
        "heads": lists.heads(found.asked),
        "choices": choices,
        "may_create": policies.may(member, "account.create"),
        "may_connect": policies.may(member, "connection.create"),
        "first_page": found.asked.but(),
        "with_archive": found.asked.but(state="all"),
    }
    if request.htmx and not request.htmx.boosted:  # type: ignore[attr-defined]
        answer = render(request, f"{PAGE}#list", context)
        answer["HX-Push-Url"] = f"{request.path}{found.asked.query}"
        return answer
    return render(request, PAGE, context)


@member_view("account.create")
def add_account(request: HttpRequest) -> HttpResponse:
    may_set_level = policies.may(request.member, "account.set_support_level")  # type: ignore[attr-defined]
    levels = [level.name for level in accounts.support_levels(active_only=True)] if may_set_level else []
    form = NewAccountForm(request.POST or None, levels=levels)
    if not may_set_level:
        del form.fields["support_level"]
    context = {"form": form, "zones": zone_names()}
    template = "workspace/add_account.html"
    if request.method != "POST":
        return composing.form_page(request, template, context)
    if form.is_valid():
        try:
            with composing.once(form.token, request.now):  # type: ignore[attr-defined]
                account = services.create_account(form.values(), actor=request.member.actor, now=request.now)  # type: ignore[attr-defined]
        except composing.SentBefore:
            return saved(request, "workspace:account-list", message="The account was added already.")
        except ledger.Refused as refusal:
            composing.add_refusal(form, refusal)
        else:
            return saved(request, "workspace:account", account.pk, message=f"{account.name} was added.")
    return composing.form_page(request, template, context, wrong=True)
