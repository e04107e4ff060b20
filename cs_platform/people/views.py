"""Two pages: join by invitation, and change the tenant one works in."""

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from cs_platform import ledger
from cs_platform.people import entry, selectors, services
from cs_platform.people.forms import NewUserForm
from cs_platform.people.models import Invitation, Membership, User
from cs_platform.tenancy import clock
from cs_platform.tenancy.scope import tenant_scope

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@require_POST
def switch_tenant(request: HttpRequest) -> HttpResponse:
    """The session moves to another tenant of the same user; any other slug is not there."""
    if not isinstance(request.user, User):
        return redirect_to_login("/")
    wanted = request.POST.get("tenant", "")
    place = next((p for p in selectors.places_of(request.user) if p.tenant.slug == wanted), None)
    if place is None:
        raise Http404
    entry.enter(request, place.tenant.pk)
    messages.success(request, f"You are now in {place.tenant.name}.")
    target = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return redirect(target if safe and target.startswith("/") else "/")


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def accept_invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Anybody with the link sees whom it is for. A new person chooses a password; a known one must be signed in as
    that person; somebody else is told to sign out."""
    invitation = selectors.invitation_for(token, now=clock.now())
    if invitation is None:
        return render(request, "people/invitation_unusable.html", status=404)
    known = selectors.user_with_address(invitation.email)
    context = {"invitation": invitation, "tenant": invitation.tenant, "path": request.path}
    if known is not None and request.user != known:
        return render(request, "people/invitation_sign_in.html", {**context, "other": request.user.is_authenticated})
    if known is None and request.user.is_authenticated:
        return render(request, "people/invitation_sign_in.html", {**context, "other": True})
    form = None if known else NewUserForm(request.POST or None)
    if request.method == "POST" and (form is None or form.is_valid()):
        try:
            member = _accept(invitation, known, form)
        except ledger.Refused as refusal:
            if refusal.code == "invitation_unusable":
                return render(request, "people/invitation_unusable.html", status=404)
            if form is None:
                raise
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            if known is None:
                login(request, member.user, backend=BACKEND)
            entry.enter(request, member.tenant_id)
            messages.success(request, f"Welcome to {invitation.tenant.name}.")
            return redirect("/")
    status = 422 if request.method == "POST" else 200
    return render(request, "people/accept_invitation.html", {**context, "form": form}, status=status)


def _accept(invitation: Invitation, known: User | None, form: NewUserForm | None) -> Membership:
    typed = form.cleaned_data if form else {"name": "", "password": ""}
    with tenant_scope(invitation.tenant_id):
        return services.accept_invitation(
            invitation, user=known, name=typed["name"], password=typed["password"], now=clock.now()
        )
