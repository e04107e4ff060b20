"""What of a row is shown: every field of every model, but nothing secret and nothing that a model calls private."""

import re
from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponse

from cs_platform.people.platform import looking
from cs_platform.tenancy.models import TenantOwned

# By name, in whichever model: what a field of this name holds opens something, or stands for something that does.
SECRET = re.compile(r"password|secret|digest|sealed|wrapped|token|credential|private|^hash$|_hash$|answer|address_key")
COLUMNS = 8


def is_hidden(model: type[models.Model], field: Any) -> bool:
    """JSON and bytes are left out altogether: what is sealed or copied in there can not be told by its name."""
    private: set[str] = getattr(model, "ledger_private", set())
    return (
        isinstance(field, models.JSONField | models.BinaryField)
        or bool(SECRET.search(field.name))
        or field.name in private
        or field.attname in private
    )


def shown_fields(model: type[models.Model]) -> list[Any]:
    return [field for field in model._meta.concrete_fields if not is_hidden(model, field)]


def _key_of(field: Any) -> Callable[[models.Model], Any]:
    def key(row: models.Model) -> Any:
        return getattr(row, field.attname)

    key.__name__ = field.attname
    key.short_description = field.verbose_name  # type: ignore[attr-defined]
    key.admin_order_field = None  # type: ignore[attr-defined]
    return key


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """A list and a page for each row. There is no button and no address that would change something."""

    actions = None
    list_per_page = 50
    list_max_show_all = 0
    show_full_result_count = False
    list_select_related = False
    view_on_site = False

    def __init__(self, model: type[models.Model], site: admin.AdminSite) -> None:
        fields = shown_fields(model)
        # A row's neighbours are told by their keys: a name would be a query for each, and is not always ours to show.
        for field in fields:
            if field.is_relation:
                setattr(self, field.attname, _key_of(field))
        names = tuple(field.attname if field.is_relation else field.name for field in fields)
        self.list_display = names[:COLUMNS]
        self.fields = self.readonly_fields = names  # type: ignore[misc]
        self.ordering = ("-pk",)  # type: ignore[misc]
        super().__init__(model, site)

    def get_urls(self) -> list[Any]:
        from django.urls import path

        info = f"{self.opts.app_label}_{self.opts.model_name}"
        guarded = self.admin_site.admin_view
        return [
            path("", guarded(self.changelist_view), name=f"{info}_changelist"),
            path("<path:object_id>/change/", guarded(self.change_view), name=f"{info}_change"),
        ]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.admin_site.has_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site.has_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """A filter on a hidden field would tell it letter by letter."""
        return False


class TenantRowsAdmin(ReadOnlyAdmin):
    """Rows of an organisation: only of the one that was chosen, and it hears of it."""

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        shown = super().changelist_view
        page = f"list of {self.opts.verbose_name_plural}"
        return looking.within(request, page, lambda: shown(request, extra_context))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        shown = super().change_view
        page = f"{self.opts.verbose_name} {object_id[:60]}"
        return looking.within(request, page, lambda: shown(request, object_id, form_url, extra_context))


def admin_of(model: type[models.Model]) -> type[ReadOnlyAdmin]:
    return TenantRowsAdmin if issubclass(model, TenantOwned) else ReadOnlyAdmin
