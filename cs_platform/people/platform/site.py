"""Django's admin at /platform/, with every address that would change something taken out."""

import functools
import logging
from collections.abc import Callable
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.urls import include, path, re_path

from cs_platform.people.doors import READING
from cs_platform.people.models import User
from cs_platform.people.platform import gate, looking, showing

log = logging.getLogger(__name__)
ROOMS = ("cs_platform", "accounts", "lifecycle", "campaigns", "integrations", "activities")
OF_OTHERS = (EmailAddress, Authenticator)


class PlatformSite(admin.AdminSite):
    site_header = site_title = "Platform"
    index_title = "Everything that is stored"
    site_url = None
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        return isinstance(request.user, User) and request.user.is_active and request.user.is_staff

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Any:
        @functools.wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            halted = gate.halt(request)
            if halted is not None:
                return halted
            if request.method not in READING:
                return HttpResponseNotAllowed(READING)
            log.info("platform staff %s looked at %s: %s", request.user.pk, request.path, gate.reason(request))
            return view(request, *args, **kwargs)  # type: ignore[no-any-return]

        return guarded

    def get_urls(self) -> list[Any]:
        from cs_platform.people.platform import views

        models = list(self._registry.items())
        labels = "|".join(sorted({model._meta.app_label for model, _ in models}))
        return [
            path("", self.admin_view(self.index), name="index"),
            path("reason/", views.reason, name="reason"),
            path("organisation/", views.organisation, name="organisation"),
            path("organisation/leave/", views.leave, name="leave"),
            path("jsi18n/", self.admin_view(self.i18n_javascript), name="jsi18n"),
            *(
                path(f"{model._meta.app_label}/{model._meta.model_name}/", include(shown.get_urls()))
                for model, shown in models
            ),
            re_path(f"^(?P<app_label>{labels})/$", self.admin_view(self.app_index), name="app_list"),
        ]

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        return {**super().each_context(request), "look": looking.chosen(request), "reason": gate.reason(request)}


def _build() -> PlatformSite:
    made = PlatformSite(name="platform")
    for model in apps.get_models():
        if model._meta.managed and (model.__module__.split(".")[0] in ROOMS or model in OF_OTHERS):
            made.register(model, showing.admin_of(model))
    return made


site = _build()
