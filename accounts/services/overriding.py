"""A person's word against the segmentation rules: with a reason, somebody who answers for it, and an end."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from accounts.models import Account, SegmentOverride
from accounts.services import alerts, cleaning, segmenting
from cs_platform import ledger
from cs_platform.people.models import Membership

ACTOR = "segmentation rules"
ALERT = "segment_override"
LONGEST = timedelta(days=366)
REMIND_BEFORE = timedelta(days=7)
Ended = SegmentOverride.Ended


def override_segment(
    account: Account,
    *,
    segment: str = "",
    service_model: str = "",
    reason: str,
    owner: Membership,
    expires_on: date,
    actor: ledger.Actor,
    now: datetime,
) -> SegmentOverride:
    """For this account, until the end of a day, what is given counts instead of the rules. Another override that holds
    is replaced.

    Refused if nothing is given or the rules in force do not know it, without a reason, if the owner is not active, if
    the day has passed or is more than a year ahead, or if the account is archived.
    """
    reason = _reason(reason)
    if not owner.is_active:
        raise ledger.Refused(f"{owner} is not active any more.", code="inactive", field="owner_id")
    _check_day(expires_on, today(now))
    with ledger.unit():
        segmenting.stand_by()
        _check_words(segment, service_model)
        live = Account.objects.select_for_update(of=("self",)).get(pk=account.pk)
        if not live.is_managed:
            raise ledger.Refused(f"{live.name} is archived and in no segment.", code="archived")
        _end(SegmentOverride.objects.filter(account=live), Ended.REPLACED, "end", actor=actor, now=now)
        fresh = SegmentOverride(
            account=live, segment=segment, service_model=service_model, reason=reason, owner=owner,
            expires_on=expires_on, created_at=now, updated_at=now,
        )  # fmt: skip
        ledger.create(fresh, actor=actor, now=now, note=reason)
        segmenting.segment_accounts([live.pk], now=now)
    return fresh


def end_override(override: SegmentOverride, *, actor: ledger.Actor, now: datetime, note: str = "") -> SegmentOverride:
    """The rules decide again from now on. Ending it twice changes nothing."""
    with ledger.unit():
        segmenting.stand_by()
        mine = SegmentOverride.objects.filter(pk=override.pk)
        _end(mine, Ended.BY_HAND, "end", actor=actor, now=now, note=note)
        segmenting.segment_accounts([override.account_id], now=now)
    return SegmentOverride.objects.get(pk=override.pk)


def expire_overrides(*, now: datetime) -> list[UUID]:
    """Overrides whose last day is over end, and the rules decide about their accounts; which accounts."""
    with ledger.unit():
        segmenting.stand_by()
        over = SegmentOverride.objects.filter(expires_on__lt=today(now))
        ended = _end(over, Ended.EXPIRED, "expire", actor=ledger.system(ACTOR), now=now)
        segmenting.segment_accounts(ended, now=now)
    return ended


def remind_of_overrides(*, now: datetime) -> int:
    """A week before an override ends its account has an alert, so that somebody renews it or lets it go; how many."""
    actor = ledger.system(ACTOR)
    soon = SegmentOverride.objects.filter(
        ended_at__isnull=True, reminded_at__isnull=True, expires_on__lte=today(now) + REMIND_BEFORE
    )
    with ledger.unit():
        by_day: dict[date, list[UUID]] = {}
        for account_id, day in soon.order_by("pk").values_list("account_id", "expires_on"):
            by_day.setdefault(day, []).append(account_id)
        for day, ids in by_day.items():
            words = f"The segment was set by hand until {day.day} {day:%b %Y}: renew that, or let the rules decide."
            alerts.raise_alert(ids, ALERT, words, actor=actor, now=now)
        return len(ledger.change_many(soon, "remind", set={"reminded_at": now}, actor=actor, now=now)) if by_day else 0


def today(now: datetime) -> date:
    """The day that it is for the tenant."""
    return now.astimezone(ZoneInfo(segmenting.zone_of_tenant())).date()


def offered() -> tuple[list[str], list[str]]:
    """The segments and the service models that the rules in force know, each in the order of the rules."""
    version = segmenting.in_force()
    rules = version.rules.rules if version else ()
    segments = dict.fromkeys(rule.segment for rule in rules if rule.segment)
    return list(segments), list(dict.fromkeys(rule.service_model for rule in rules if rule.service_model))


def _end(
    overrides: QuerySet[SegmentOverride],
    because: str,
    verb: str,
    *,
    actor: ledger.Actor,
    now: datetime,
    note: str = "",
) -> list[UUID]:
    open_ones = overrides.filter(ended_at__isnull=True)
    values = {"ended_at": now, "ended_because": because}
    ended: Sequence[UUID] = ledger.change_many(open_ones, verb, set=values, actor=actor, now=now, note=note)
    if not ended:
        return []
    ids = list(SegmentOverride.objects.filter(pk__in=ended).values_list("account_id", flat=True))
    alerts.clear_alert(ids, ALERT, actor=actor, now=now)
    return ids


def _reason(reason: str) -> str:
    try:
        return str(cleaning.needed(500)(reason))
    except cleaning.BadValue as bad:
        raise ledger.Refused(f"Say why. {bad}", code=bad.code, field="reason") from None


def _check_day(day: date, here: date) -> None:
    if day < here:
        raise ledger.Refused("This day has passed.", code="out_of_range", field="expires_on")
    if day > here + LONGEST:
        words = "An override holds for at most a year. Renew it when that is over."
        raise ledger.Refused(words, code="out_of_range", field="expires_on")


def _check_words(segment: str, service_model: str) -> None:
    if not segment and not service_model:
        raise ledger.Refused("Choose a segment, a service model, or both.", code="required", field="segment")
    segments, models = offered()
    for name, given, known in (("segment", segment, segments), ("service_model", service_model, models)):
        if given and given not in known:
            words = f"The rules in force do not know {given[:60]!r}. They know {', '.join(known) or 'none'}."
            raise ledger.Refused(words, code=f"unknown_{name}", field=name)
