"""Which accounts there are, filtered and ready to be paged."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.db import models
from django.db.models import Count, F, QuerySet, Value
from django.db.models.functions import Coalesce, NullIf
from django.http import Http404

from accounts import rules
from accounts.models import Account, Opportunity

State = Literal["managed", "archived", "all"]
ACCOUNT_SORTS: Mapping[str, str] = {
    "name": "sort_name",
    "arr": "arr_minor",
    "mrr": "mrr_minor",
    "renewal_date": "renewal_date",
    "segment": "segment",
    "service_model": "service_model",
    "support_level": "support_level__position",
    "csm": "csm__user__name",
    "developers": "developers",
    "employees": "employees",
    "seats_purchased": "seats_purchased",
    "country": "country",
    "industry": "industry",
    "created_at": "created_at",
    "updated_at": "updated_at",
    "archived_at": "archived_at",
}
#: Columns that a list compares for equality when it is asked to.
ACCOUNT_EQUALS = (
    "segment", "service_model", "external_id", "salesforce_id", "lms_id", "recurly_id", "country", "region", "industry",
    "deployment", "account_type", "currency",
)  # fmt: skip
HIDDEN = ("search_text",)
MAX_WORDS = 8


@dataclass(frozen=True)
class AccountFilters:
    """What a list of accounts is narrowed by. `csm` is a member, or "none" for accounts that nobody looks after;
    `support_level` is a name; `rule` is a parsed rule, asked at `now` in the tenant's `zone`; `equal` compares columns
    (ACCOUNT_EQUALS)."""

    q: str = ""
    state: State = "managed"
    segment: str | None = None
    support_level: str | None = None
    csm: UUID | Literal["none"] | None = None
    parent: UUID | None = None
    rule: rules.Node | None = None
    now: datetime | None = None
    zone: str = "UTC"
    equal: Mapping[str, Any] = field(default_factory=dict)


def accounts() -> QuerySet[Account]:
    """All of them, archived ones too, with what their names need."""
    return Account.objects.select_related("support_level", "csm__user").defer(*HIDDEN)


def account_for(member: Any, pk: Any) -> Account:
    """The account, if it is there for whoever asks. Everybody in the tenant sees every account; the member is asked
    for so that this stays the one place to change that. Another tenant's is not there: 404."""
    try:
        found = accounts().filter(pk=pk if isinstance(pk, UUID) else UUID(str(pk))).first()
    except ValueError:
        found = None
    if found is None:
        raise Http404
    return found


def accounts_for_ids(ids: Collection[UUID | str]) -> dict[UUID, Account]:
    return accounts().in_bulk(list(ids))


def filtered(given: AccountFilters) -> QuerySet[Account]:
    found = Account.objects.all()
    if given.state != "all":
        found = found.filter(state=given.state)
    if given.segment is not None:
        found = found.filter(segment=given.segment)
    if given.support_level is not None:
        found = found.filter(support_level__name=given.support_level)
    if given.csm is not None:
        found = found.filter(csm__isnull=True) if given.csm == "none" else found.filter(csm_id=given.csm)
    if given.parent is not None:
        found = found.filter(parent_id=given.parent)
    unknown = set(given.equal) - set(ACCOUNT_EQUALS)
    if unknown:
        raise ValueError(f"{', '.join(sorted(unknown))} can not be compared here")
    found = found.filter(**given.equal)
    for word in given.q.lower().split()[:MAX_WORDS]:
        found = found.filter(search_text__contains=word[:100])
    if given.rule is not None:
        if given.now is None:
            raise ValueError("a rule is asked at a moment: give `now`")
        found = found.filter(rules.predicate(given.rule, now=given.now, zone=given.zone))
    return found


def account_list(given: AccountFilters) -> QuerySet[Account]:
    """The accounts as objects, in one query, for keyset pages by ACCOUNT_SORTS. Rooms above annotate and filter on."""
    return filtered(given).select_related("support_level", "csm__user").defer(*HIDDEN)


#: What a row of a list holds: the columns of the account, and the names it refers to.
ROW = tuple(
    column.attname
    for column in Account._meta.concrete_fields
    if column.attname not in (*HIDDEN, "tenant_id", "archive_reason")
)


def account_rows(given: AccountFilters) -> QuerySet[Any]:
    """The same list as plain dicts: less than half the time of objects. With `support_level_name` and `csm_name`."""
    named = filtered(given).annotate(
        support_level_name=F("support_level__name"),
        csm_name=Coalesce(
            NullIf(F("csm__user__name"), Value("")), F("csm__user__email"), output_field=models.CharField()
        ),
    )
    rows: QuerySet[Any] = named.values(
        *ROW, "support_level_name", "csm_name", "support_level__position", "csm__user__name"
    )
    return rows


def count_accounts(given: AccountFilters) -> int:
    return filtered(given).count()


def account_ids(given: AccountFilters, *, limit: int) -> list[UUID]:
    """The ids of the list, by name, at most `limit`."""
    return list(filtered(given).order_by("sort_name", "pk").values_list("pk", flat=True)[:limit])


def counts_by_segment() -> dict[str, int]:
    """How many managed accounts are in each segment; "" is undecided."""
    managed = Account.objects.filter(state=Account.State.MANAGED)
    return dict(managed.values_list("segment").annotate(n=Count("pk")).order_by("segment"))


def preview(rule: rules.Node, *, now: datetime, zone: str, limit: int = 50) -> tuple[int, list[Any]]:
    """How many managed accounts a rule selects, and the first of them by name."""
    given = AccountFilters(rule=rule, now=now, zone=zone)
    first = account_rows(given).order_by("sort_name", "pk")[:limit]
    return count_accounts(given), list(first)


def watch_list() -> QuerySet[Opportunity]:
    """The new-business deals of managed accounts that are not closed yet, the next expected close first: what
    leadership watches until the customer is one."""
    return (
        Opportunity.objects.filter(
            is_closed=False, is_active=True, is_new_business=True, account__state=Account.State.MANAGED
        )
        .select_related("account__support_level", "owner__user")
        .order_by(F("close_date").asc(nulls_last=True), "pk")
    )
