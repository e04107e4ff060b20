"""The two questions before something is shown: why, and whose."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST

from cs_platform.people.platform import gate, looking
from cs_platform.tenancy.models import Tenant


def _reason_box(help_text: str) -> forms.CharField:
    return forms.CharField(
        label="Reason",
        min_length=gate.LEAST,
        max_length=gate.MOST,
        help_text=help_text,
        widget=forms.Textarea({"rows": 3}),
    )


class ReasonForm(forms.Form):
    reason = _reason_box("A ticket, or a sentence. It is kept with what you look at.")


class OrganisationForm(forms.Form):
    tenant = forms.ModelChoiceField(
        Tenant.objects.none(), to_field_name="slug", label="Organisation", empty_label="Choose one"
    )
    reason = _reason_box("The organisation reads it in its audit log, with your name.")

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["tenant"].queryset = Tenant.objects.only("slug", "name").order_by("name")  # type: ignore[attr-defined]


@require_http_methods(["GET", "HEAD", "POST"])
def reason(request: HttpRequest) -> HttpResponse:
    halted = gate.halt(request, with_reason=False)
    if halted is not None:
        return halted
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        gate.give_reason(request, form.cleaned_data["reason"])
        return redirect(_next(request))
    return _asked(request, "people/platform_reason.html", form)


@require_http_methods(["GET", "HEAD", "POST"])
def organisation(request: HttpRequest) -> HttpResponse:
    halted = gate.halt(request)
    if halted is not None:
        return halted
    form = OrganisationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        looking.choose(request, form.cleaned_data["tenant"], form.cleaned_data["reason"])
        return redirect(_next(request))
    return _asked(request, "people/platform_organisation.html", form)


@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    halted = gate.halt(request, with_reason=False)
    if halted is not None:
        return halted
    looking.leave(request)
    return redirect("admin:index")


def _asked(request: HttpRequest, template: str, form: forms.Form) -> HttpResponse:
    status = 422 if request.method == "POST" else 200
    return render(request, template, {"form": form, "next": _next(request)}, status=status)


def _next(request: HttpRequest) -> str:
    target = request.POST.get("next") or request.GET.get("next") or ""
    home = reverse("admin:index")
    safe = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if safe and target.startswith(home) else home
