"""Verbs of one hand-off, by hand."""

from datetime import datetime

from accounts.services import cleaning, locks
from activities import selectors as activities_selectors
from activities import services as activities
from cs_platform import ledger
from cs_platform.people.models import Membership, Role
from onboarding import items
from onboarding.items import KIND, NOT_NEEDED
from onboarding.models import Handoff
from onboarding.services.configuration import LOCK
from onboarding.services.following import follow
from onboarding.services.papers import HandoffIsOver

MAX_REASON = 400


def assign_engineer(handoff: Handoff, member: Membership | None, *, actor: ledger.Actor, now: datetime) -> Handoff:
    """Who is the customer engineer of this hand-off; the open items of the engineer are theirs, or the role's again.

    Refused if the member is not active, or the hand-off is over.
    """
    if member is not None and not member.is_active:
        raise ledger.Refused(f"{member} is not active any more.", "inactive", "customer_engineer_id")
    with ledger.unit():
        locks.alone(LOCK)
        with ledger.change(handoff, "assign_engineer", actor=actor, now=now) as handoff:
            _still_open(handoff)
            handoff.customer_engineer = member
        pairs = [(str(handoff.pk), part) for part in sorted(items.OF_ENGINEER)]
        activities.assign_tasks_of(KIND, pairs, member, Role.PRESALES_CE, actor=actor, now=now)
    return handoff


def answer_cloud(handoff: Handoff, is_needed: bool, *, actor: ledger.Actor, now: datetime) -> Handoff:
    """Whether the customer needs a production instance in our cloud: its item is there, or is left out. Refused if the
    hand-off is over."""
    answer = Handoff.Cloud.NEEDED if is_needed else Handoff.Cloud.NOT_NEEDED
    with ledger.unit():
        locks.alone(LOCK)
        with ledger.change(handoff, "answer_cloud", actor=actor, now=now) as handoff:
            _still_open(handoff)
            handoff.cloud_instance = answer
        follow([handoff.account_id], actor=actor, now=now)
    return Handoff.objects.get(pk=handoff.pk)


def skip_item(handoff: Handoff, part: str, reason: str, *, actor: ledger.Actor, now: datetime) -> Handoff:
    """This customer does not need the item; the reason stays with it. Refused without a reason, if the hand-off has no
    such item, if it is closed, or if the hand-off is over."""
    try:
        why = str(cleaning.needed(MAX_REASON)(reason))
    except cleaning.BadValue as bad:
        raise ledger.Refused(f"Say why it is not needed. {bad}", bad.code, "reason") from None
    with ledger.unit():
        locks.alone(LOCK)
        live = Handoff.objects.select_for_update(of=("self",)).get(pk=handoff.pk)
        _still_open(live)
        tasks = activities_selectors.tasks_of_source(KIND, [live.pk]).get(str(live.pk), [])
        item = next((task for task in tasks if task.source_part == part), None)
        if item is None or part == items.NAME_TA:
            raise ledger.Refused("This hand-off has no such item that could be left out.", "no_such_item", "item")
        if not item.is_open:
            raise ledger.Refused(f"“{item}” is closed already.", "not_open", "item")
        ledger.note(live, "skip_item", actor=actor, now=now, note=f"{item}: {why}")
        pairs = [(str(live.pk), part)]
        activities.complete_tasks_of(KIND, pairs, actor=actor, now=now, outcome=f"{NOT_NEEDED}{why}")
    return live


def _still_open(handoff: Handoff) -> None:
    if not handoff.is_open:
        raise HandoffIsOver(handoff)
