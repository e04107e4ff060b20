"""accounts/bulk-set-support-level and accounts/bulk-update: looked at first, confirmed with the fingerprint."""

from datetime import date
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import selectors, services
from accounts.api import shapes
from accounts.api.fields import told
from accounts.models import BulkChange
from accounts.services import Wanted
from cs_platform import ledger
from cs_platform.people import policies
from cs_platform.people import selectors as people
from cs_platform.people.api import TenantViewSet

STEP = {"from": "before", "to": "after"}


class NotPreviewed(ledger.Refused):
    def __init__(self) -> None:
        words = "Look at it first: send it with dry_run, then confirm with the fingerprint of the answer."
        super().__init__(words, code="not_previewed", field="fingerprint")


class AnotherChange(ledger.Refused):
    def __init__(self) -> None:
        super().__init__("This fingerprint is of another change.", code="another_change", field="fingerprint")


class BulkChanges(TenantViewSet, abstract=True):
    """What the accounts resource does to many accounts."""

    @extend_schema(request=shapes.BulkSupportLevelIn, responses=shapes.BulkChangeOut)
    @action(detail=False, methods=["post"], url_path="bulk-set-support-level")
    def bulk_set_support_level(self, request: Request) -> Response:
        """How many accounts are looked after. With `dry_run` (the default) it answers what it would do to each of them,
        and a fingerprint; without it confirms the preview of that fingerprint. An account that changed since is left
        out, with the result `stale`."""
        with told():
            typed = self.parse(shapes.BulkSupportLevelIn)
        change = {"support_level": typed["support_level"] or ""} if "support_level" in typed else {}
        with told():
            return self._answer(typed, change, only=("support_level",))

    @extend_schema(request=shapes.BulkUpdateIn, responses=shapes.BulkChangeOut)
    @action(detail=False, methods=["post"], url_path="bulk-update")
    def bulk_update(self, request: Request) -> Response:
        """The same change to many accounts: plain values, the owner, the support level. Like
        `bulk-set-support-level`: looked at first, confirmed with the fingerprint."""
        with told():
            typed = self.parse(shapes.BulkUpdateIn)
        given = dict(typed.get("change") or {})
        change: dict[str, Any] = {}
        if "support_level" in given:
            policies.require(self.who, "account.set_support_level")
            change["support_level"] = given.pop("support_level") or ""
        if "csm_id" in given:
            policies.require(self.who, "account.assign_owner")
            owner = given.pop("csm_id")
            if owner is not None and not people.members().filter(pk=owner).exists():
                self.invalid("change.csm_id", "There is no such member.", code="not_found")
            change["csm_id"] = str(owner) if owner is not None else None
        if given:
            change["values"] = {name: _plain(value) for name, value in given.items()}
        with told():
            return self._answer(typed, change, only=("support_level", "csm_id", "values"))

    def _answer(self, typed: dict[str, Any], change: dict[str, Any], *, only: tuple[str, ...]) -> Response:
        if not typed["dry_run"]:
            return self._confirm(typed, change, only)
        if not change:
            self.invalid("change" if "values" in only else "support_level", "Say what is to change.", code="required")
        wanted = Wanted(change, self._chosen(typed), typed.get("salesforce_ids") or (), typed.get("note") or "")
        return Response(_body(services.preview_bulk(wanted, actor=self.actor, now=self.now)))

    def _confirm(self, typed: dict[str, Any], change: dict[str, Any], only: tuple[str, ...]) -> Response:
        if not typed.get("fingerprint"):
            raise NotPreviewed
        bulk = selectors.bulk_change_for(self.who, typed["fingerprint"])
        seen = {name: value for name, value in bulk.change.items() if name != "note"}
        if set(seen) - set(only) or (change and change != seen):
            raise AnotherChange
        for name, verb in (("support_level", "account.set_support_level"), ("csm_id", "account.assign_owner")):
            if name in seen:
                policies.require(self.who, verb)
        return Response(_body(services.apply_bulk(bulk, actor=self.actor, now=self.now)))

    def _chosen(self, typed: dict[str, Any]) -> list[UUID]:
        if "filter" in typed and "account_ids" in typed:
            self.invalid("filter", "Give the accounts or a filter, not both.")
        if "filter" not in typed:
            return list(typed.get("account_ids") or [])
        given = selectors.AccountFilters(rule=typed["filter"], now=self.now, zone=self.tenant.timezone)
        return selectors.account_ids(given, limit=services.MAX_ROWS + 1)


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _body(bulk: BulkChange) -> dict[str, Any]:
    return {
        "fingerprint": bulk.pk,
        "applied_at": bulk.applied_at,
        **services.counted(bulk),
        "summary": [{STEP.get(name, name): value for name, value in line.items()} for line in bulk.summary],
        "results": [
            {
                "account_id": row["id"] or None,
                "salesforce_id": row["salesforce_id"],
                "name": row["name"],
                "result": row.get("result") or row["would"],
                "reason": row["why"],
                "before": row["before"],
                "after": row["after"],
                "effects": row["effects"],
            }
            for row in bulk.rows
        ],
    }
