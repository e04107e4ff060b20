"""accounts/ with its verbs."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import rules, selectors, services
from accounts.api import bulk, extensions, shapes
from accounts.api.bulk_changes import BulkChanges
from accounts.api.fields import told
from accounts.models import Account
from accounts.services import cleaning
from cs_platform import ledger
from cs_platform.people import policies
from cs_platform.people import selectors as people
from cs_platform.people.api import Lists, Retrieves
from cs_platform.people.api.parsers import loads
from cs_platform.people.api.shapes import NothingIn

STATES = ("managed", "archived", "all")


class AccountViewSet(Lists, Retrieves, BulkChanges):
    model = Account
    required = {
        "list": "account.view",
        "retrieve": "account.view",
        "create": "account.create",
        "partial_update": "account.edit",
        "set_support_level": "account.set_support_level",
        "assign_owner": "account.assign_owner",
        "archive": "account.archive",
        "restore": "account.restore",
        "timeline": "account.view",
        "explain_segment": "account.view",
        "alerts": "account.view",
        "bulk_upsert": "account.create",
        "bulk_set_support_level": "account.set_support_level",
        "bulk_update": "account.edit",
        "override_segment": "account.override_segment",
    }
    serializer_class = shapes.AccountOut
    sort_fields = dict(selectors.ACCOUNT_SORTS)
    default_sort = "name"

    @property
    def query_params(self) -> tuple[str, ...]:  # type: ignore[override]
        own = ("q", "state", "support_level", "csm_id", "parent_id", "filter", "verbs", *selectors.ACCOUNT_EQUALS)
        return (*own, *extensions.filter_names())

    # --- reading ----------------------------------------------------------------------------------------------------

    def rows(self) -> QuerySet[Any]:
        if self.action != "list":
            return selectors.accounts()
        found = selectors.account_rows(self._filters())
        for name in extensions.filter_names():
            if self.param(name):
                found = extensions.narrowed(found, name, self.param(name) or "")
        return found

    def _filters(self) -> selectors.AccountFilters:
        state = self.param("state") or "managed"
        if state not in STATES:
            self.invalid("state", f"Say one of {', '.join(STATES)}.")
        csm = self.param("csm_id")
        return selectors.AccountFilters(
            q=self.param("q") or "",
            state=state,  # type: ignore[arg-type]
            support_level=self.param("support_level"),
            csm="none" if csm == "none" else self._id("csm_id"),
            parent=self._id("parent_id"),
            rule=self._rule(),
            now=self.now,
            zone=self.tenant.timezone,
            equal={name: self.param(name) for name in selectors.ACCOUNT_EQUALS if self.param(name) is not None},
        )

    def _id(self, name: str) -> UUID | None:
        try:
            return cleaning.reference(self.param(name))
        except cleaning.BadValue as bad:
            self.invalid(name, str(bad), code=bad.code)
        return None

    def _rule(self) -> rules.Node | None:
        given = self.param("filter")
        if given is None:
            return None
        with told():
            return rules.parse(loads(given.encode("utf-8", "surrogatepass")), rules.ACCOUNTS, at="filter")

    def many(self, found: Iterable[Any]) -> list[Any]:
        return self._bodies(list(found))

    def serialize(self, found: Any, *, whole: bool = False) -> Any:
        return self._bodies([shapes.row_of(found)], whole=whole)[0]

    def _bodies(self, rows: list[Any], *, whole: bool = False) -> list[Any]:
        wanted = frozenset() if whole else self.shape_context()["fields"]
        extras = extensions.filled("account", [row["id"] for row in rows], wanted)
        bodies = [shapes.account_body(row, extras) for row in rows]
        return [{k: v for k, v in body.items() if k in wanted} for body in bodies] if wanted else bodies

    @extend_schema(responses=shapes.SegmentExplanationOut)
    @action(detail=True, methods=["get"], url_path="explain/segment")
    def explain_segment(self, request: Request, pk: UUID) -> Response:
        """Why the account is in its segment, and looked after as it is."""
        found = selectors.explain_segment(self.get_object())
        return Response(shapes.SegmentExplanationOut(found).data)

    @extend_schema(responses=shapes.TimelineOut(many=True))
    @action(detail=True, methods=["get"])
    def timeline(self, request: Request, pk: UUID) -> Response:
        """What happened to the account, newest first. `?verbs=account.archive,contact.create` picks."""
        account, (_, cursor, limit) = self.get_object(), self.page_args()
        if cursor is not None and not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 18):
            self.invalid("cursor", "This cursor is not of this list. Start again without one.", code="bad_cursor")
        before = int(cursor) if cursor else None
        verbs = self.params_list("verbs") or None
        entries = ledger.timeline(account.pk, limit=limit + 1, before=before, verbs=verbs)
        following = None
        if len(entries) > limit:
            query = request.query_params.copy()
            query["cursor"] = str(entries[limit - 1].id)
            following = request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
        results = shapes.TimelineOut(entries[:limit], many=True).data
        return Response({"results": results, "next": following, "count": None})

    @extend_schema(responses=shapes.AlertOut(many=True))
    @action(detail=True, methods=["get"])
    def alerts(self, request: Request, pk: UUID) -> Response:
        """The open alerts of the account, newest first; at most 200."""
        found = selectors.open_alerts(self.get_object().pk)[:200]
        return Response({"results": shapes.AlertOut(found, many=True).data, "next": None, "count": None})

    # --- verbs ------------------------------------------------------------------------------------------------------

    @extend_schema(request=shapes.NewAccountIn, responses={201: shapes.AccountOut})
    def create(self, request: Request) -> Response:
        """A new account: managed with a support level, archived until it gets one."""
        typed = self.parse(shapes.NewAccountIn)
        if typed.get("support_level"):
            policies.require(self.who, "account.set_support_level")
        if typed.get("csm_id"):
            policies.require(self.who, "account.assign_owner")
        with told():
            return self.created(services.create_account(typed, actor=self.actor, now=self.now))

    @extend_schema(request=shapes.AccountIn, responses=shapes.AccountOut)
    def partial_update(self, request: Request, pk: UUID) -> Response:
        """Change the given fields; null clears."""
        account = self.get_object()
        typed = self.parse(shapes.AccountIn, partial=True)
        with told():
            return self.one(services.edit_account(account, typed, actor=self.actor, now=self.now))

    @extend_schema(request=shapes.SupportLevelOfAccountIn, responses=shapes.AccountOut)
    @action(detail=True, methods=["post"], url_path="set-support-level")
    def set_support_level(self, request: Request, pk: UUID) -> Response:
        """How the customer is looked after; null means not at all, and archives."""
        account = self.get_object()
        typed = self.parse(shapes.SupportLevelOfAccountIn)
        name, note = typed["support_level"] or "", typed.get("note") or ""
        with told():
            return self.one(services.set_support_level(account, name, actor=self.actor, now=self.now, note=note))

    @extend_schema(request=shapes.OverrideIn, responses={201: shapes.OverrideOut})
    @action(detail=True, methods=["post"], url_path="override-segment")
    def override_segment(self, request: Request, pk: UUID) -> Response:
        """A segment or service model by hand, with a reason, somebody who answers for it, and an end. It takes the
        place of one that holds."""
        account = self.get_object()
        with told():
            typed = self.parse(shapes.OverrideIn)
        owner = people.members().filter(pk=typed.pop("owner_id")).first()
        if owner is None:
            self.invalid("owner_id", "There is no such member.", code="not_found")
        words = {name: typed.pop(name, None) or "" for name in ("segment", "service_model")}
        with told():
            made = services.override_segment(account, **words, **typed, owner=owner, actor=self.actor, now=self.now)  # type: ignore[arg-type]
        return Response(shapes.OverrideOut(made).data, status=201)

    @extend_schema(request=shapes.OwnerIn, responses=shapes.AccountOut)
    @action(detail=True, methods=["post"], url_path="assign-owner")
    def assign_owner(self, request: Request, pk: UUID) -> Response:
        """Who looks after the customer; null for nobody."""
        account = self.get_object()
        typed = self.parse(shapes.OwnerIn)
        owner = people.members().filter(pk=typed["csm_id"]).first() if typed["csm_id"] else None
        if typed["csm_id"] and owner is None:
            self.invalid("csm_id", "There is no such member.", code="not_found")
        note = typed.get("note") or ""
        return self.one(services.assign_owner(account, owner, actor=self.actor, now=self.now, note=note))

    @extend_schema(request=shapes.ReasonIn, responses=shapes.AccountOut)
    @action(detail=True, methods=["post"])
    def archive(self, request: Request, pk: UUID) -> Response:
        """The customer is not looked after any more. Nothing is deleted."""
        account = self.get_object()
        reason = self.parse(shapes.ReasonIn)["reason"]
        return self.one(services.archive_account(account, reason, actor=self.actor, now=self.now))

    @extend_schema(request=NothingIn, responses=shapes.AccountOut)
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, pk: UUID) -> Response:
        """The customer is looked after again."""
        account = self.get_object()
        self.parse(NothingIn)
        return self.one(services.restore_account(account, actor=self.actor, now=self.now))

    @extend_schema(request=shapes.BulkIn, responses=shapes.BulkOut)
    @action(detail=False, methods=["post"], url_path="bulk-upsert")
    def bulk_upsert(self, request: Request) -> Response:
        """Create or update up to 5,000 accounts, found by `id`, `salesforce_id` or `external_id`. Each row has its own
        result; a bad row does not stop the others."""
        rows = self.parse(shapes.BulkIn)["rows"]
        for verb in bulk.verbs_needed(rows):
            policies.require(self.who, verb)
        return Response(bulk.upsert(rows, actor=self.actor, now=self.now))
