"""The rows of the console: our accounts and those that only Salesforce knows, as one list in one question.

Both sides give the same columns: what the list is sorted by (never empty, so that a place in the list is a plain
comparison), a key that tells rows apart, and what is wrong with the row. The rest is asked for the rows of a page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property, reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.core import signing
from django.db.models import (
    BigIntegerField,
    BooleanField,
    Case,
    CharField,
    Count,
    DateField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    Value,
    When,
)  # fmt: skip
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce, Concat, Left, Lower, NullIf

from accounts import services
from accounts.models import Account, AccountAlert, Opportunity
from cs_platform.people.models import Membership
from cs_platform.tenancy.scope import require_tenant_id
from cs_platform.workspace.console.asking import ACCOUNTS, KINDS, ME, NONE, PROBLEMS, WATCH, Asked
from integrations.salesforce import mapping
from integrations.salesforce.models import Connection, MirrorRecord
from integrations.salesforce.models_writing import Conflict, Write
from onboarding.models import HandoffSettings

ROWS = 50
FIRST_DAY, LAST_DAY = date(1, 1, 1), date(9999, 12, 31)
LEAST, MOST = -(2**62), 2**62
OURS, THEIRS = "a", "s"
ALERTS = ("segment", "segment_override")
NO_WORDS = Value("", output_field=TextField())
COLUMNS = ("sort_value", "key", *(f"is_{kind}" for kind in KINDS))


@dataclass(frozen=True)
class Leads:
    """How many days before the expected close something has to be done: the tenant's settings."""

    level: int
    advisor: int
    document: int

    @classmethod
    def of_tenant(cls) -> "Leads":
        found = HandoffSettings.objects.first() or HandoffSettings()
        return cls(found.support_level_days, found.ta_named_days, found.document_days)


@dataclass(frozen=True)
class Line:
    """A row of the page: whose it is, and what is wrong with it."""

    key: str
    problems: tuple[str, ...]

    @property
    def account_id(self) -> UUID | None:
        return UUID(self.key[1:]) if self.key[0] == OURS else None

    @property
    def salesforce_id(self) -> str:
        return self.key[1:] if self.key[0] == THEIRS else ""


@dataclass(frozen=True)
class Page:
    lines: list[Line]
    next: str
    found: bool = True  # False: the cursor was none of this list, and the page is its first


class Listing:
    """What is asked for, as questions to the database."""

    def __init__(self, asked: Asked, member: Membership, *, now: datetime) -> None:
        self.asked, self.member = asked, member
        self.today = services.today(now)
        self.leads = Leads.of_tenant()

    # --- pages ------------------------------------------------------------------------------------------------------

    def page(self) -> Page:
        place = self._place()
        found = self._rows(self.ours(), self.theirs(), place)
        rows = list(found[: ROWS + 1])
        lines = [_line(row) for row in rows[:ROWS]]
        following = self._seal(rows[ROWS - 1]) if len(rows) > ROWS else ""
        return Page(lines, following, place is not None or not self.asked.cursor)

    def chosen(self, limit: int) -> tuple[list[UUID], list[str]]:
        """Every row of the list: ids of ours, and Salesforce ids of the others."""
        keys = [row[1] for row in self._rows(self.ours(), self.theirs(), None)[:limit]]
        return refs(keys)

    def count(self) -> int:
        return self.ours().count() + self.theirs().count()

    def problems(self) -> dict[str, int]:
        """How many rows have each problem, among all that are watched or managed."""
        whole = Listing.__new__(Listing)
        whole.asked, whole.member, whole.today, whole.leads = Asked(tab=PROBLEMS), self.member, self.today, self.leads
        wanted = {f"n_{kind}": Count("pk", filter=Q(**{f"is_{kind}": True})) for kind in KINDS}
        ours, theirs = whole.ours().aggregate(**wanted), whole.theirs().aggregate(**wanted)
        return {kind: ours[f"n_{kind}"] + theirs[f"n_{kind}"] for kind in KINDS}

    def _rows(self, ours: QuerySet[Account], theirs: QuerySet[MirrorRecord], place: tuple[Any, str] | None) -> Any:
        is_down = self.asked.sort.startswith("-")
        sides = [side if place is None else side.filter(_after(place, is_down)) for side in (ours, theirs)]
        values = [side.order_by().values_list(*COLUMNS) for side in sides]
        order = ("-sort_value", "-key") if is_down else ("sort_value", "key")
        return values[0].union(values[1], all=True).order_by(*order)

    # --- the place in the list --------------------------------------------------------------------------------------

    def _signer(self) -> signing.Signer:
        return signing.Signer(salt=f"workspace.console:{require_tenant_id()}:{self.asked.sort}")

    def _seal(self, row: Sequence[Any]) -> str:
        value = row[0].isoformat() if isinstance(row[0], date) else row[0]
        return self._signer().sign_object([value, row[1]]).replace(":", "~")

    def _place(self) -> tuple[Any, str] | None:
        if not self.asked.cursor:
            return None
        try:
            value, key = self._signer().unsign_object(self.asked.cursor.replace("~", ":"))
            return (date.fromisoformat(value) if self.asked.sort.endswith("close") else value), str(key)
        except (signing.BadSignature, ValueError, TypeError):
            return None

    def _sorted(self, columns: dict[str, Any]) -> Any:
        """What the list is sorted by; what is not there comes last in both directions."""
        name, is_down = self.asked.sort.removeprefix("-"), self.asked.sort.startswith("-")
        expression = columns[name]
        if name == "close":
            return Coalesce(expression, Value(FIRST_DAY if is_down else LAST_DAY, output_field=DateField()))
        if name in ("amount", "level"):
            last = Value(LEAST if is_down else MOST, output_field=BigIntegerField())
            return Coalesce(Cast(expression, BigIntegerField()), last)
        return Cast(Coalesce(expression, Value("")), CharField())

    # --- our accounts -----------------------------------------------------------------------------------------------

    def ours(self) -> QuerySet[Account]:
        deals = Opportunity.objects.filter(
            account=OuterRef("pk"), is_closed=False, is_active=True, is_new_business=True
        ).order_by(F("close_date").asc(nulls_last=True), "pk")
        # Without a level and without Salesforce, somebody here has made it to be decided about.
        by_hand = Q(state="archived", support_level__isnull=True, salesforce_id__isnull=True) & Q(Exists(deals))
        found = Account.objects.filter(Q(state="managed") | by_hand)
        if self.asked.tab == WATCH:
            found = found.filter(Exists(deals))
        found = found.annotate(close=Subquery(deals.values("close_date")[:1]), **self._wrong_with_ours())
        found = self._narrowed(found)
        columns = {
            "close": F("close"),
            "name": F("sort_name"),
            "amount": Subquery(deals.values("amount_minor")[:1]),
            "level": F("support_level__position"),
            "segment": F("segment"),
        }
        key = Concat(Value(OURS), Cast("pk", CharField()), output_field=CharField())
        return found.annotate(sort_value=self._sorted(columns), key=key)

    def _wrong_with_ours(self) -> dict[str, Any]:
        mine = {"account": OuterRef("pk")}
        alerts = AccountAlert.objects.filter(**mine, kind__in=ALERTS, cleared_at__isnull=True)
        undecided = Conflict.objects.filter(**mine, state=Conflict.State.OPEN)
        refused = Write.objects.filter(**mine, state__in=[Write.State.FAILED, Write.State.UNKNOWN])
        managed = Q(state="managed")
        return {
            "is_conflict": Exists(undecided),
            "is_failed": Exists(refused),
            "is_no_level": _is(Q(support_level__isnull=True) & self._closes_within(self.leads.level)),
            "is_no_ta": _is(Q(csm__isnull=True) & self._closes_within(self.leads.advisor)),
            "is_segment": Exists(alerts),
            "is_unknown": _is(managed & (Q(developers__isnull=True) | Q(arr_minor__isnull=True))),
        }

    def _closes_within(self, days: int) -> Q:
        return Q(close__isnull=False, close__lte=self.today + timedelta(days=days))

    def _narrowed(self, found: QuerySet[Account]) -> QuerySet[Account]:
        asked = self.asked
        for word in asked.q.lower().split()[:8]:
            found = found.filter(search_text__contains=word[:100])
        if asked.level:
            none = Q(support_level__isnull=True)
            found = found.filter(none if asked.level == NONE else Q(support_level__name=asked.level))
        if asked.segment:
            found = found.filter(segment="" if asked.segment == NONE else asked.segment)
        if asked.owner:
            found = found.filter(csm__isnull=True) if asked.owner == NONE else found.filter(csm_id=self._owner())
        return self._by_close_and_problem(found)

    def _owner(self) -> UUID:
        try:
            return self.member.pk if self.asked.owner == ME else UUID(self.asked.owner)
        except ValueError:
            return UUID(int=0)  # nobody has it: the list is empty, and its chip says why

    def _by_close_and_problem(self, found: QuerySet[Any]) -> QuerySet[Any]:
        asked = self.asked
        if asked.closing:
            days = -1 if asked.closing == "overdue" else int(asked.closing)
            found = found.filter(self._closes_within(days))
        if asked.problem:
            return found.filter(**{f"is_{asked.problem}": True})
        if asked.tab == PROBLEMS:
            return found.filter(reduce(or_, (Q(**{f"is_{kind}": True}) for kind in KINDS)))
        return found

    # --- accounts that only Salesforce knows ------------------------------------------------------------------------

    @cached_property
    def _new_business(self) -> Q:
        """Which mirrored deals would make a customer, by the settings of each connection."""
        found = Q(pk__isnull=True)
        for connection in Connection.objects.only("settings"):
            types = [str(word).lower() for word in connection.settings.get("new_business_types", ())]
            found |= Q(connection=connection, kind__in=types)
        return found

    def deals_of_theirs(self) -> QuerySet[MirrorRecord]:
        """The open new-business deals that wait in the mirror, with `close` and `amount`."""
        open_ones = MirrorRecord.objects.filter(
            sobject="Opportunity", deleted=False, values__opportunity_closed=False, managed=False
        )
        kind = Lower(_said("opportunity_type"))
        close = Cast(NullIf(_said("opportunity_close_date"), NO_WORDS), DateField())
        amount = Cast(NullIf(_said("opportunity_amount"), NO_WORDS), BigIntegerField())
        return open_ones.annotate(kind=kind, close=close, amount=amount).filter(self._new_business)

    def theirs(self) -> QuerySet[MirrorRecord]:
        deals = self.deals_of_theirs().filter(
            connection=OuterRef("connection"), account_ref=OuterRef("sf_id")
        ).order_by(F("close").asc(nulls_last=True), "sf_id")  # fmt: skip
        found = MirrorRecord.objects.filter(Exists(deals), sobject="Account", managed=False, deleted=False)
        found = found.alias(type=_said("account_type")).exclude(type=mapping.ATTRITED)
        name = Left(Lower(Coalesce(NullIf(_said("account_name"), NO_WORDS), F("sf_id"), output_field=TextField())), 300)
        found = found.annotate(close=Subquery(deals.values("close")[:1]), name_key=name)  # type: ignore[misc]
        no = Value(False, output_field=BooleanField())
        unknown = Q(values__developers__isnull=True) | Q(values__developers=None) | Q(values__arr=None)
        found = found.annotate(
            is_conflict=no, is_failed=no, is_segment=no,
            is_no_level=_is(self._closes_within(self.leads.level)),
            is_no_ta=_is(self._closes_within(self.leads.advisor)),
            is_unknown=_is(unknown | Q(values__arr__isnull=True)),
        )  # fmt: skip
        found = self._narrowed_theirs(found)
        columns = {
            "close": F("close"),
            "name": F("name_key"),
            "amount": Subquery(deals.values("amount")[:1]),  # type: ignore[misc]
            "level": Value(None, output_field=BigIntegerField()),
            "segment": Value("", output_field=CharField()),
        }
        key = Concat(Value(THEIRS), F("sf_id"), output_field=CharField())
        return found.annotate(sort_value=self._sorted(columns), key=key)

    def _narrowed_theirs(self, found: QuerySet[MirrorRecord]) -> QuerySet[MirrorRecord]:
        asked = self.asked
        if asked.tab == ACCOUNTS or asked.level not in ("", NONE) or asked.segment not in ("", NONE):
            return found.filter(pk__isnull=True)
        if asked.owner not in ("", NONE):
            return found.filter(pk__isnull=True)
        for word in asked.q.lower().split()[:8]:
            found = found.filter(name_key__contains=word[:100])  # type: ignore[misc]
        return self._by_close_and_problem(found)


def refs(keys: Sequence[str]) -> tuple[list[UUID], list[str]]:
    """The rows behind keys, as ids of ours and Salesforce ids. A key that is none is left out."""
    ids, theirs = [], []
    for key in dict.fromkeys(keys):
        if key[:1] == THEIRS and len(key) == 19:
            theirs.append(key[1:])
        elif key[:1] == OURS:
            try:
                ids.append(UUID(key[1:]))
            except ValueError:
                continue
    return ids, theirs


def _after(place: tuple[Any, str], is_down: bool) -> Q:
    value, key = place
    way = "lt" if is_down else "gt"
    return Q(**{f"sort_value__{way}": value}) | Q(**{"sort_value": value, f"key__{way}": key})


def _said(name: str) -> Any:
    """What a mirrored row holds under this name, as text; empty if it is not there."""
    return Coalesce(KT(f"values__{name}"), NO_WORDS, output_field=TextField())


def _is(condition: Q) -> Any:
    yes = Case(When(condition, then=Value(True)), default=Value(False), output_field=BooleanField())
    return ExpressionWrapper(yes, output_field=BooleanField())


def _line(row: Sequence[Any]) -> Line:
    wrong = tuple(kind for kind, is_so in zip(KINDS, row[2:], strict=True) if is_so)
    return Line(row[1], wrong)
