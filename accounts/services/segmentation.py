"""The segmentation rules themselves: draft, publish now or on a day, roll back. A published version never changes."""

from datetime import date, datetime
from typing import Any

from django.db.models import Max

from accounts import rules
from accounts.facts import SegmentationPublished
from accounts.models import Account, SegmentationRules
from accounts.rules.ruleset import parse_set
from accounts.services import cleaning, locks, overriding, segmenting
from cs_platform import ledger

State = SegmentationRules.State


class NotADraft(ledger.Refused):
    def __init__(self) -> None:
        super().__init__("A published version never changes. Make a draft.", code="not_a_draft")


def save_segmentation_draft(
    given: list[Any],
    label: str = "",
    *,
    draft: SegmentationRules | None = None,
    restores: int | None = None,
    actor: ledger.Actor,
    now: datetime,
) -> SegmentationRules:
    """Rules that do not count yet: a new draft, or `draft` with these in place of its own.

    Refused (BadRule) if a rule is malformed, or if what is given as a draft is none any more.
    """
    parse_set(given)
    label = _label(label)
    if draft is not None:
        with ledger.change(draft, "edit", actor=actor, now=now) as draft:
            if draft.state != State.DRAFT:
                raise NotADraft
            draft.rules, draft.label = given, label
        return draft
    with ledger.unit():
        locks.alone(locks.NUMBERS)
        fresh = SegmentationRules(
            number=_next_number(), label=label, rules=given, restores=restores, created_at=now, updated_at=now
        )
        return ledger.create(fresh, actor=actor, now=now)


def _label(label: str) -> str:
    try:
        return cleaning.plain(label, 200)
    except cleaning.BadValue as bad:
        raise ledger.Refused(str(bad), code=bad.code, field="label") from None


def _next_number() -> int:
    return (SegmentationRules.objects.aggregate(last=Max("number"))["last"] or 0) + 1


def publish_segmentation(
    draft: SegmentationRules, *, effective_on: date | None = None, actor: ledger.Actor, now: datetime
) -> SegmentationRules:
    """This version counts from now on: the one before is retired, and every managed account is segmented anew. With a
    day that is still to come it waits for that day (`schedule_segmentation`).

    Refused if it is neither a draft nor scheduled, if a field that it asks has gone, or if the day has passed.
    """
    here = overriding.today(now) if effective_on is not None else None
    if effective_on is not None and here is not None and effective_on > here:
        return schedule_segmentation(draft, effective_on, actor=actor, now=now)
    if effective_on is not None and here is not None and effective_on < here:
        raise ledger.Refused(
            "Rules can not count from a day that has passed.", code="out_of_range", field="effective_on"
        )
    with ledger.unit():
        locks.alone(locks.SEGMENTATION)
        before = SegmentationRules.objects.filter(state=State.PUBLISHED).first()
        if before is not None and _state_of(draft) in (State.DRAFT, State.SCHEDULED):
            with ledger.change(before, "retire", actor=actor, now=now, args=(now,)):
                pass
        with ledger.change(draft, "publish", actor=actor, now=now, args=(now,)) as draft:
            if before is not None and draft.number < before.number:
                locks.alone(locks.NUMBERS)
                draft.number = _next_number()  # versions count in the order in which they were in force
        segmenting.apply(segmenting.of_version(draft), Account.objects.all(), now=now)
        ledger.publish(SegmentationPublished(draft.number))
    return draft


def _state_of(version: SegmentationRules) -> str | None:
    return SegmentationRules.objects.filter(pk=version.pk).values_list("state", flat=True).first()


def schedule_segmentation(
    draft: SegmentationRules, on: date, *, actor: ledger.Actor, now: datetime
) -> SegmentationRules:
    """This version counts from the beginning of a day to come. It can be taken back until then, and not be edited.

    Refused if it is no draft, the day is not to come, or another version is to count from the same day.
    """
    if on <= overriding.today(now):
        raise ledger.Refused("Choose a day to come, or publish it now.", code="out_of_range", field="effective_on")
    if on.year > 2200:
        raise ledger.Refused("This day is too far ahead.", code="out_of_range", field="effective_on")
    with ledger.unit():
        locks.alone(locks.SEGMENTATION)
        parse_set(draft.rules)
        other = SegmentationRules.objects.filter(state=State.SCHEDULED, effective_on=on).exclude(pk=draft.pk).first()
        if other is not None:
            words = f"Version {other.number} is to count from that day. Take it back first, or choose another day."
            raise ledger.Refused(words, code="taken", field="effective_on")
        with ledger.change(draft, "schedule", actor=actor, now=now, args=(on,)) as draft:
            pass
    return draft


def unschedule_segmentation(
    version: SegmentationRules, *, actor: ledger.Actor, now: datetime, note: str = ""
) -> SegmentationRules:
    """It does not count from its day; it is a draft again. Refused if it is not scheduled."""
    with ledger.change(version, "unschedule", actor=actor, now=now, note=note) as version:
        pass
    return version


def publish_due(*, now: datetime) -> list[SegmentationRules]:
    """Versions whose day has come count from now on, the earliest day first. One that can not be used any more becomes
    a draft again, with the reason in the audit."""
    actor = ledger.system(segmenting.ACTOR)
    due = SegmentationRules.objects.filter(state=State.SCHEDULED, effective_on__lte=overriding.today(now))
    published = []
    for version in due.order_by("effective_on", "number"):
        with ledger.unit():
            locks.alone(locks.SEGMENTATION)
            if _state_of(version) != State.SCHEDULED:
                continue  # somebody else was at it
            try:
                parse_set(version.rules)
            except rules.BadRule as bad:
                unschedule_segmentation(
                    version, actor=actor, now=now, note=f"Its day came and it can not be used: {bad}"[:500]
                )
                continue
            published.append(publish_segmentation(version, actor=actor, now=now))
    return published


def roll_back_segmentation(
    version: SegmentationRules, *, effective_on: date | None = None, actor: ledger.Actor, now: datetime
) -> SegmentationRules:
    """The rules of an earlier version count again, as a new version. Refused if that one was never in force or is in
    force now, or if a field that it asks has gone."""
    if version.state != State.RETIRED:
        words = "Only a version that was in force before can be brought back."
        raise ledger.Refused(words, code="not_retired")
    with ledger.unit():
        label = f"Back to version {version.number}"
        fresh = save_segmentation_draft(version.rules, label, restores=version.number, actor=actor, now=now)
        return publish_segmentation(fresh, effective_on=effective_on, actor=actor, now=now)


def follow_renamed_level(old: str, new: str, *, actor: ledger.Actor, now: datetime) -> None:
    """Rules name support levels by their words: drafts and scheduled versions are rewritten, and a published version
    that names the level is followed by one that names it anew, so that nobody moves."""
    label = f"{old} is called {new} now"
    for waiting in SegmentationRules.objects.filter(state__in=[State.DRAFT, State.SCHEDULED]):
        renamed = rules.with_value_renamed(waiting.rules, "support_level", old, new)
        if renamed != waiting.rules:
            with ledger.change(waiting, "edit", actor=actor, now=now, note=label) as waiting:
                waiting.rules = renamed
    published = SegmentationRules.objects.filter(state=State.PUBLISHED).first()
    if published is None:
        return
    renamed = rules.with_value_renamed(published.rules, "support_level", old, new)
    if renamed != published.rules:
        fresh = save_segmentation_draft(renamed, label[:200], actor=actor, now=now)
        publish_segmentation(fresh, actor=actor, now=now)
