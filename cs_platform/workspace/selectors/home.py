"""What the start page asks. `mine` is the member whose accounts count; None is everybody's. One question each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, DateTimeField, DurationField, ExpressionWrapper, F, Min, Q, QuerySet, Sum, Value
from django.urls import reverse

from accounts.models import Account, AccountAlert
from campaigns.models import Enrolment, Message, SeriesRun
from cs_platform.ledger.models import AuditRow, Outbox
from cs_platform.people import policies
from cs_platform.people.models import Membership
from cs_platform.workspace.selectors.telling import Entry, audit_entries
from integrations.salesforce import selectors as salesforce
from lifecycle.models import AccountLifecycle, Stage
from lifecycle.selectors.standing import StageNow, stage_now, standings

ROUTINE = ("message",)  # what goes out every other day stands on the pages of the accounts
RENEWS_SOON = timedelta(days=120)
WEEK, DAY = timedelta(days=7), timedelta(days=1)


@dataclass(frozen=True)
class Book:
    """Accounts in figures, of one member or of everybody: how many are managed, their yearly revenue in the currency
    that most of them have, how many renew soon, and how many are in no segment."""

    accounts: int
    arr_minor: int | None
    currency: str
    other_currencies: int
    renewing: int
    undecided: int


def book_of(member: Membership, today: date) -> tuple[Book, Book]:
    """The member's book and everybody's."""
    mine = Q(csm=member)
    soon = Q(renewal_date__range=(today, today + RENEWS_SOON))
    groups = list(
        Account.objects.filter(state=Account.State.MANAGED)
        .values("currency")
        .annotate(
            n=Count("pk"),
            arr=Sum("arr_minor"),
            renewing=Count("pk", filter=soon),
            undecided=Count("pk", filter=Q(segment="")),
            n_mine=Count("pk", filter=mine),
            arr_mine=Sum("arr_minor", filter=mine),
            renewing_mine=Count("pk", filter=soon & mine),
            undecided_mine=Count("pk", filter=Q(segment="") & mine),
        )
    )
    return _book(groups, "_mine"), _book(groups, "")


def _book(groups: Sequence[Mapping[str, Any]], suffix: str) -> Book:
    there = sorted((group for group in groups if group[f"n{suffix}"]), key=lambda group: -group[f"n{suffix}"])
    if not there:
        return Book(0, None, "", 0, 0, 0)
    main = there[0]
    return Book(
        accounts=sum(group[f"n{suffix}"] for group in there),
        arr_minor=main[f"arr{suffix}"],
        currency=main["currency"],
        other_currencies=len(there) - 1,
        renewing=sum(group[f"renewing{suffix}"] for group in there),
        undecided=sum(group[f"undecided{suffix}"] for group in there),
    )


def stage_counts(mine: Membership | None) -> list[tuple[str, int]]:
    """How many managed accounts are in each stage of the default lifecycle."""
    here = Q(standings__left_at__isnull=True, standings__account__state=Account.State.MANAGED)
    if mine is not None:
        here &= Q(standings__account__csm=mine)
    counted = (
        Stage.objects.filter(lifecycle__is_default=True)
        .annotate(accounts=Count("standings", filter=here))
        .order_by("position", "pk")
        .values_list("name", "accounts", "is_active")
    )
    return [(name, accounts) for name, accounts, is_active in counted if is_active or accounts]


def open_alerts(mine: Membership | None, limit: int) -> list[AccountAlert]:
    found = AccountAlert.objects.filter(cleared_at__isnull=True, account__state=Account.State.MANAGED)
    if mine is not None:
        found = found.filter(account__csm=mine)
    return list(found.select_related("account").order_by("-raised_at", "-pk")[:limit])


def long_in_stage(mine: Membership | None, *, now: datetime, limit: int) -> list[tuple[Any, StageNow]]:
    """Accounts whose clock shows more than their stage expects, the longest overdue first."""
    late = _late(now)
    if mine is not None:
        late = late.filter(account__csm=mine)
    found = late.select_related("account").order_by("over_since", "pk")[:limit]  # type: ignore[misc]
    return [(row.account, stage_now(row, now)) for row in found]


def late_accounts(*, now: datetime) -> QuerySet[AccountLifecycle, Any]:
    """The ids of these accounts, for `.filter(pk__in=…)`."""
    return _late(now).values("account_id")


def accounts_in_stage(name: str) -> QuerySet[AccountLifecycle, Any]:
    """The ids of the accounts in this stage of the default lifecycle."""
    here = AccountLifecycle.objects.filter(left_at__isnull=True, lifecycle__is_default=True, stage__name=name)
    return here.values("account_id")


def _late(now: datetime) -> QuerySet[AccountLifecycle]:
    running = standings().filter(
        lifecycle__is_default=True,
        clock_from__isnull=False,
        stage__expected_days__isnull=False,
        account__state=Account.State.MANAGED,
    )
    allowed = ExpressionWrapper(Value(DAY) * (F("stage__expected_days") + 1), output_field=DurationField())
    due = ExpressionWrapper(F("clock_from") + allowed, output_field=DateTimeField())
    return running.annotate(over_since=due).filter(over_since__lte=now)


@dataclass(frozen=True)
class Trouble:
    """Something that does not go on by itself, with the page where it is mended."""

    tone: str
    icon: str
    title: str
    words: str
    href: str


def attention(member: Membership, *, now: datetime) -> list[Trouble]:
    """What is broken, for those who may mend it: connections, dead work, messages that need a person."""
    found: list[Trouble] = []
    if policies.may(member, "connection.view"):
        for connection in salesforce.needs_attention():
            is_broken = connection.state == "broken"
            found.append(
                Trouble(
                    "bad" if is_broken else "watch",
                    "plug-connected-x",
                    f"{connection.name} is {'broken' if is_broken else 'waiting'}",
                    connection.state_reason if is_broken else connection.hold_reason,
                    reverse("integrations:connection", args=[connection.pk]),
                )
            )
    if policies.may(member, "queue.view"):
        dead = Outbox.objects.filter(state=Outbox.State.DEAD).count()
        if dead:
            title = f"{_count(dead, 'piece of work was', 'pieces of work were')} given up"
            words = "It was tried again and again. Look at the reason, then run it again."
            found.append(Trouble("bad", "refresh-alert", title, words, reverse("workspace:queue")))
    return [*found, *_messages()]


def _messages() -> list[Trouble]:
    states = Message.objects.filter(state__in=[Message.State.UNKNOWN, Message.State.FAILED])
    counts = dict(states.values_list("state").annotate(n=Count("pk")).order_by())
    unknown, failed = counts.get(Message.State.UNKNOWN), counts.get(Message.State.FAILED)
    found = []
    if unknown:
        title = f"{_count(unknown, 'e-mail may or may not have', 'e-mails may or may not have')} arrived"
        words = "The line broke after it was handed over. Only a person can decide whether to send it again."
        found.append(Trouble("watch", "mail-off", title, words, reverse("campaigns:message-list") + "?state=unknown"))
    if failed:
        title = f"{_count(failed, 'e-mail', 'e-mails')} could not be sent"
        found.append(
            Trouble(
                "watch",
                "mail-off",
                title,
                "The mail server refused.",
                reverse("campaigns:message-list") + "?state=failed",
            )
        )
    return found


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def upcoming_emails(mine: Membership | None, *, now: datetime, zone: str) -> Sequence[Mapping[str, Any]]:
    """The slots of the coming week, per series and day: when the first of them is due, in how many time zones, and how
    many contacts (of these accounts) get one. `zone` is the tenant's, which counts for contacts without one."""
    runs = SeriesRun.objects.filter(
        state__in=[SeriesRun.State.PLANNED, SeriesRun.State.EXPANDING, SeriesRun.State.SENDING],
        due_at__lt=now + WEEK,
        series__state="active",
    )
    waiting = Q(series__enrolments__state=Enrolment.State.ACTIVE, series__enrolments__calendar=F("calendar"))
    waiting &= Q(series__enrolments__zone=F("zone")) | Q(series__enrolments__zone="", zone=zone)
    if mine is not None:
        waiting &= Q(series__enrolments__account__csm=mine)
    slots = (
        runs.values("series_id", "series__name", "local_date")
        .annotate(
            first_due=Min("due_at"),
            zones=Count("pk", distinct=True),
            contacts=Count("series__enrolments", filter=waiting, distinct=True),
            accounts=Count("series__enrolments__account", filter=waiting, distinct=True),
        )
        .filter(contacts__gt=0)
        .order_by("local_date", "series__name")
    )
    return list(slots[:12])


def newest_changes(mine: Membership | None, limit: int) -> list[tuple[Entry, str]]:
    """What happened to accounts lately, with the name of each; in at most three questions."""
    rows = AuditRow.objects.select_related("call").filter(account_id__isnull=False).exclude(object_type__in=ROUTINE)
    if mine is not None:
        rows = rows.filter(account_id__in=Account.objects.filter(csm=mine).values("pk"))
    found = list(rows.order_by("-pk")[:limit])
    names = dict(Account.objects.filter(pk__in={row.account_id for row in found}).values_list("pk", "name"))
    return [(entry, names.get(entry.account_id, "")) for entry in audit_entries(found)]  # type: ignore[arg-type]
