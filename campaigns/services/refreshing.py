"""What an enrolment keeps of its contact and account: zone, calendar, address; and whether it may go on at all."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet, TextField, Value
from django.db.models.functions import Cast, Replace

from campaigns import addresses
from campaigns.models import Enrolment, Message, Series
from campaigns.rules import place_of, standing
from campaigns.selectors.sending import address_secret
from campaigns.services import waiting
from cs_platform import ledger

Reason = Enrolment.Reason
# What ended because of the contact's state begins again when that state is as it was.
MENDED_BY_ITSELF = (Reason.ROLE_LOST, Reason.INACTIVE, Reason.NO_ADDRESS, Reason.SAME_ADDRESS)
GOING = (Enrolment.State.ACTIVE, Enrolment.State.PAUSED)
COUNTING = (Enrolment.State.ACTIVE, Enrolment.State.PAUSED, Enrolment.State.COMPLETED)
KEPT = ["account", "name", "zone", "calendar", "address_key"]


def refresh_series(series: Series, *, actor: ledger.Actor, now: datetime) -> None:
    _refresh(Enrolment.objects.filter(series=series), actor=actor, now=now)


def refresh_accounts(account_ids: Iterable[UUID | str], *, actor: ledger.Actor, now: datetime) -> None:
    """Contacts or accounts changed: enrolments follow, end or begin again."""
    ids = list(account_ids)
    of_accounts = Q(account_id__in=ids) | Q(contact__account_id__in=ids)
    _refresh(Enrolment.objects.filter(of_accounts), actor=actor, now=now)


def _refresh(enrolments: QuerySet[Enrolment], *, actor: ledger.Actor, now: datetime) -> None:
    going = Q(state__in=GOING) | Q(state=Enrolment.State.STOPPED, reason__in=MENDED_BY_ITSELF)
    found = enrolments.filter(going).exclude(series__state=Series.State.ARCHIVED).order_by("id")
    with ledger.unit():
        rows = list(found.select_related("series", "contact__account"))
        if rows:
            _write(rows, actor=actor, now=now)


def _write(rows: Sequence[Enrolment], *, actor: ledger.Actor, now: datetime) -> None:
    old_keys = {row.pk: row.address_key for row in rows}
    why = _follow(rows, address_secret())
    _refuse_same_address(rows, why, old_keys)
    stops: dict[str, list[UUID]] = defaultdict(list)
    for row in rows:
        if why[row.pk] and row.state in GOING:
            stops[why[row.pk]].append(row.pk)
    for reason, pks in stops.items():  # first, so that an address is free for who takes it over
        stop_enrolments(Enrolment.objects.filter(pk__in=pks), reason, actor=actor, now=now)
    _let_go([row.pk for row in rows if row.address_key != old_keys[row.pk]])
    ledger.update_many(rows, KEPT, "refresh", actor=actor, now=now)
    back = [row.pk for row in rows if not why[row.pk] and row.state == Enrolment.State.STOPPED]
    if back:
        begun = {"reason": "", "ended_at": None}
        ledger.change_many(Enrolment.objects.filter(pk__in=back), "restart", set=begun, actor=actor, now=now)


def _follow(rows: Sequence[Enrolment], secret: bytes) -> dict[UUID, str]:
    """Sets what the rows keep; returns why each one can not go on (empty: it can)."""
    why: dict[UUID, str] = {}
    for row in rows:
        contact, account = row.contact, row.contact.account
        place = place_of(row.series, contact.timezone, account.timezone, account.country)
        row.account, row.name, row.zone, row.calendar = account, contact.name, place.zone, place.calendar
        row.address_key = addresses.key_or_none(contact.email, secret) or row.address_key
        why[row.pk] = standing(row.series, contact, account, by_role=row.by_role)
    return why


def _refuse_same_address(rows: Sequence[Enrolment], why: dict[UUID, str], old_keys: dict[UUID, str]) -> None:
    """No address twice in a series: whoever has it keeps it, else the first one gets it."""
    others = Enrolment.objects.filter(
        series_id__in={row.series_id for row in rows}, address_key__in={row.address_key for row in rows}
    )
    others = others.filter(state__in=COUNTING).exclude(pk__in=list(old_keys))
    owners = {(series, key): pk for pk, series, key in others.values_list("pk", "series_id", "address_key")}
    able = [row for row in rows if not why[row.pk]]
    for row in sorted(able, key=lambda row: (row.state not in GOING or row.address_key != old_keys[row.pk], row.pk)):
        if owners.setdefault((row.series_id, row.address_key), row.pk) != row.pk:
            why[row.pk] = Reason.SAME_ADDRESS


def _let_go(pks: list[UUID]) -> None:
    """Two contacts may have swapped their addresses: the old ones are given up before the new ones are written."""
    if pks:
        Enrolment.objects.filter(pk__in=pks).update(address_key=Replace(Cast("id", TextField()), Value("-"), Value("")))


def stop_enrolments(
    enrolments: QuerySet[Enrolment], reason: str, *, actor: ledger.Actor, now: datetime, note: str = ""
) -> list[UUID]:
    """They get nothing more; what waits for them is left out, or suppressed when that is the reason."""
    with ledger.unit():
        ended = {"reason": reason, "ended_at": now}
        stopped = ledger.change_many(enrolments, "stop", set=ended, actor=actor, now=now, note=note)
        if not stopped:
            return []
        messages = Message.objects.filter(enrolment_id__in=stopped)
        if reason in (Reason.UNSUBSCRIBED, Reason.SUPPRESSED):
            waiting.suppress(messages)
        else:
            waiting.leave_out(messages, reason)
    return stopped
