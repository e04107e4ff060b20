"""contacts/, opportunities/ and alerts/."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import selectors, services
from accounts.api import extensions, shapes
from accounts.api.fields import told
from accounts.models import Account, AccountAlert, Contact, ContactRole, Opportunity
from accounts.services import cleaning
from cs_platform.people.api import Lists, Retrieves, TenantViewSet
from cs_platform.people.api.shapes import NothingIn

MAX_DAYS = 36_500


class _Narrowed(TenantViewSet, abstract=True):
    def id_param(self, name: str) -> UUID | None:
        try:
            return cleaning.reference(self.param(name))
        except cleaning.BadValue as bad:
            self.invalid(name, str(bad), code=bad.code)
        return None


class ContactViewSet(Lists, Retrieves, _Narrowed):
    model = Contact
    required = {
        "list": "contact.view",
        "retrieve": "contact.view",
        "create": "contact.create",
        "partial_update": "contact.edit",
        "set_roles": "contact.set_roles",
    }
    serializer_class = shapes.ContactOut
    sort_fields = dict(selectors.CONTACT_SORTS)
    default_sort = "name"
    query_params = ("account_id", "q", "role", "email", "salesforce_id", "is_active")

    def rows(self) -> QuerySet[Contact]:
        if self.action != "list":
            return Contact.objects.all()
        role = self.param("role")
        if role is not None and role not in ContactRole.values:
            self.invalid("role", f"Say one of {', '.join(ContactRole.values)}.")
        given = selectors.ContactFilters(
            q=self.param("q") or "",
            account_id=self.id_param("account_id"),
            role=role,
            email=(self.param("email") or "").lower() or None,
            salesforce_id=self.param("salesforce_id"),
            is_active=self.bool_param("is_active"),
        )
        return selectors.contact_list(given)

    def many(self, found: Iterable[Any]) -> list[Any]:
        contacts = list(found)
        return list(self.shape()(contacts, many=True, context=self._context(contacts)).data)

    def serialize(self, found: Any, *, whole: bool = False) -> Any:
        return self.shape()(found, context=self._context([found], whole=whole)).data

    def _context(self, contacts: list[Contact], *, whole: bool = False) -> dict[str, Any]:
        context: dict[str, Any] = {"request": self.request, "view": self} if whole else self.shape_context()
        extras = extensions.filled("contact", [contact.pk for contact in contacts], context.get("fields", ()))
        return {**context, "extras": extras}

    @extend_schema(request=shapes.NewContactIn, responses={201: shapes.ContactOut})
    def create(self, request: Request) -> Response:
        """A person at an account."""
        typed = self.parse(shapes.NewContactIn)
        account = Account.objects.filter(pk=typed.pop("account_id")).first()
        if account is None:
            self.invalid("account_id", "There is no such account.", code="not_found")
        with told():
            return self.created(services.create_contact(account, typed, actor=self.actor, now=self.now))

    @extend_schema(request=shapes.ContactIn, responses=shapes.ContactOut)
    def partial_update(self, request: Request, pk: UUID) -> Response:
        """Change the given fields; null clears."""
        contact = self.get_object()
        typed = self.parse(shapes.ContactIn, partial=True)
        with told():
            return self.one(services.edit_contact(contact, typed, actor=self.actor, now=self.now))

    @extend_schema(request=shapes.RolesIn, responses=shapes.ContactOut)
    @action(detail=True, methods=["post"], url_path="set-roles")
    def set_roles(self, request: Request, pk: UUID) -> Response:
        """What this person is to us; all roles at once."""
        contact = self.get_object()
        roles = self.parse(shapes.RolesIn)["roles"]
        with told():
            return self.one(services.set_contact_roles(contact, roles, actor=self.actor, now=self.now))


class OpportunityViewSet(Lists, Retrieves, _Narrowed):
    """Deals, as the sales system tells them."""

    model = Opportunity
    required = {"list": "opportunity.view", "retrieve": "opportunity.view"}
    serializer_class = shapes.OpportunityOut
    sort_fields = dict(selectors.OPPORTUNITY_SORTS)
    default_sort = "-close_date"
    query_params = (
        "account_id", "owner_id", "q", "stage", "type", "salesforce_id", "is_closed", "is_won", "is_new_business",
        "open", "closing_within",
    )  # fmt: skip

    def rows(self) -> QuerySet[Opportunity]:
        if self.action != "list":
            return Opportunity.objects.all()
        given = selectors.OpportunityFilters(
            q=self.param("q") or "",
            account_id=self.id_param("account_id"),
            owner_id=self.id_param("owner_id"),
            stage=self.param("stage"),
            type=self.param("type"),
            salesforce_id=self.param("salesforce_id"),
            is_closed=self._is_closed(),
            closes_by=self._closes_by(),
            is_won=self.bool_param("is_won"),
            is_new_business=self.bool_param("is_new_business"),
        )
        return selectors.opportunity_list(given)

    def _is_closed(self) -> bool | None:
        """`open=true` is `is_closed=false`, in the words of whoever watches deals."""
        is_open, is_closed = self.bool_param("open"), self.bool_param("is_closed")
        if is_open is not None and is_closed is not None and is_open == is_closed:
            self.invalid("open", "`open` and `is_closed` contradict each other.")
        return is_closed if is_open is None else not is_open

    def _closes_by(self) -> date | None:
        """`closing_within=45`: the expected close is at most so many days ahead, or has passed."""
        given = self.param("closing_within")
        if given is None:
            return None
        if not given.isascii() or not given.isdigit() or int(given[:6]) > MAX_DAYS or len(given) > 5:
            self.invalid("closing_within", f"Give a whole number of days from 0 to {MAX_DAYS:,}.")
        return services.today(self.now) + timedelta(days=int(given))


class AlertViewSet(Lists, Retrieves, _Narrowed):
    """What needs a look on an account. Resolved alerts are shown by their id only."""

    model = AccountAlert
    required = {"list": "account.view", "retrieve": "account.view", "resolve": "alert.resolve"}
    serializer_class = shapes.AlertOut
    sort_fields = {"raised_at": "raised_at"}
    default_sort = "-raised_at"
    query_params = ("account_id", "kind")

    def rows(self) -> QuerySet[AccountAlert]:
        if self.action != "list":
            return AccountAlert.objects.all()
        return selectors.open_alerts(self.id_param("account_id"), kind=self.param("kind"))

    @extend_schema(request=NothingIn, responses=shapes.AlertOut)
    @action(detail=True, methods=["post"])
    def resolve(self, request: Request, pk: UUID) -> Response:
        """Somebody has seen to it."""
        alert = self.get_object()
        self.parse(NothingIn)
        return self.one(services.resolve_alert(alert, actor=self.actor, now=self.now))
