"""Which items a hand-off has where it stands, who does them until when, and what has to be so before one is closed."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from accounts import selectors as accounts
from accounts.models import Account
from activities.models import Task
from activities.services import TaskInput
from cs_platform.people.models import Membership, Role
from onboarding.items import (
    AFTER_WIN,
    CLOUD,
    DOCUMENT,
    INTRODUCTION,
    KICK_OFF,
    KIND,
    KNOW,
    LICENCE,
    MAPPING,
    MEETING,
    NAME_TA,
    OF_ADVISOR,
    ORDER,
    ROLES,
    TEXTS,
)
from onboarding.models import Handoff, HandoffDocument, HandoffMeeting, HandoffSettings
from onboarding.situations import Situation


def runs_in_cloud(handoff: Handoff, account: Account) -> bool | None:
    """Whether a cloud instance is needed; None when nobody has said."""
    if handoff.cloud_instance != Handoff.Cloud.UNKNOWN:
        return handoff.cloud_instance == Handoff.Cloud.NEEDED
    said = account.deployment.lower()
    if "self" in said or "prem" in said:
        return False
    return True if "cloud" in said or "saas" in said else None


def wanted(situation: Situation, settings: HandoffSettings) -> list[str]:
    """The items that the hand-off has, where it stands now."""
    state, days = situation.handoff.state, situation.days
    parts: set[str] = set()
    near = days is not None and days <= settings.ta_named_days
    if state == Handoff.State.CLOSING or (state in Handoff.OPEN and near):
        parts.add(KNOW if situation.account.csm_id else NAME_TA)
    if state in (Handoff.State.PREPARING, Handoff.State.CLOSING):
        parts |= {DOCUMENT, MEETING}
    if state == Handoff.State.CLOSING:
        parts |= {LICENCE, MAPPING, ROLES, INTRODUCTION}
        if runs_in_cloud(situation.handoff, situation.account) is not False:
            parts.add(CLOUD)
        if situation.is_done(LICENCE):
            parts.add(KICK_OFF)
    return [part for part in ORDER if part in parts]


def task_of(part: str, situation: Situation, settings: HandoffSettings, zone: ZoneInfo) -> TaskInput:
    title, description = TEXTS[part]
    member, role = doer(part, situation)
    return TaskInput(
        title=title.format(account=situation.account.name)[:200],
        description=description,
        account_id=situation.account.pk,
        assignee_id=member.pk if member else None,
        role=role,
        due_date=due(part, situation, settings, zone),
        source_kind=KIND,
        source_id=situation.key,
        source_part=part,
        position=ORDER.index(part),
    )


def doer(part: str, situation: Situation) -> tuple[Membership | None, str]:
    """Who does an item: the person, if there is one who works here, and the role that else does it."""
    handoff, account, deal = situation.handoff, situation.account, situation.deal
    if part == NAME_TA:
        return None, Role.TA_LEADER
    if part in OF_ADVISOR:
        return _there(account.csm), Role.TA_LEADER
    if part == INTRODUCTION:
        return _there(deal.owner if deal else None), Role.SALES
    return _there(handoff.customer_engineer), Role.PRESALES_CE


def _there(member: Membership | None) -> Membership | None:
    return member if member is not None and member.is_active else None


def due(part: str, situation: Situation, settings: HandoffSettings, zone: ZoneInfo) -> date | None:
    closes = situation.deal.close_date if situation.deal else None
    won_at = situation.handoff.won_at
    won = won_at.astimezone(zone).date() if won_at else None
    if part in AFTER_WIN and won is not None:
        lead = settings.contact_roles_days if part == ROLES else settings.checklist_days
        return won + timedelta(days=lead)
    if part in (DOCUMENT, MEETING) and won is not None and (closes is None or closes < won):
        return won + timedelta(days=settings.checklist_days)
    return closes or won


# --- what has to be so before an item is closed ----------------------------------------------------------------------


def may_be_closed(tasks: Sequence[Task], verb: str) -> dict[UUID, str]:
    """Why these items may not be closed, or opened again, from outside of their hand-off."""
    if verb == "cancel":
        words = "It belongs to a hand-off. Leave it out there, with the reason, if it is not needed."
        return {task.pk: words for task in tasks}
    ids = {task.source_id for task in tasks}
    handoffs = {str(found.pk): found for found in Handoff.objects.filter(pk__in=ids).select_related("account")}
    if verb == "reopen":
        return {task.pk: why for task in tasks if (why := _why_not_open(handoffs.get(task.source_id), task))}
    facts = _Facts(handoffs)
    return {task.pk: why for task in tasks if (why := facts.missing(task))}


def _why_not_open(handoff: Handoff | None, task: Task) -> str:
    if handoff is None or not handoff.is_open:
        return "Its hand-off is over."
    if task.source_part in AFTER_WIN and handoff.state != Handoff.State.CLOSING:
        return "Its deal is not won."
    return ""


class _Facts:
    """What is asked of the database once for a set of items."""

    def __init__(self, handoffs: Mapping[str, Handoff]) -> None:
        self.handoffs = handoffs
        accounts_of = [handoff.account_id for handoff in handoffs.values()]
        self.mapped = accounts.accounts_with_instance_admin(accounts_of)
        self.untagged = accounts.accounts_with_untagged_contacts(accounts_of)
        keys = list(handoffs)
        finished = HandoffDocument.objects.filter(handoff_id__in=keys, state=HandoffDocument.State.FINISHED)
        held = HandoffMeeting.objects.filter(handoff_id__in=keys, state=HandoffMeeting.State.HELD)
        self.finished = {str(pk) for pk in finished.values_list("handoff_id", flat=True)}
        self.held = {str(pk) for pk in held.values_list("handoff_id", flat=True)}

    def missing(self, task: Task) -> str:
        handoff = self.handoffs.get(task.source_id)
        judge: Any = getattr(self, f"_{task.source_part}", None)
        return str(judge(handoff)) if handoff is not None and judge is not None else ""

    def _mapping(self, handoff: Handoff) -> str:
        if handoff.account_id in self.mapped:
            return ""
        return "No instance has an admin yet. Add one to the table of instances, or leave the item out with the reason."

    def _roles(self, handoff: Handoff) -> str:
        known, untagged = self.untagged.get(handoff.account_id, (0, 0))
        if known and not untagged:
            return ""
        if not known:
            return "No contact is known yet. Add the people of the account, or leave the item out with the reason."
        return f"{untagged} of {known} contacts have no role yet. Tag them, or leave the item out with the reason."

    def _document(self, handoff: Handoff) -> str:
        return "" if str(handoff.pk) in self.finished else "The document is a draft. Finish it on the hand-off."

    def _meeting(self, handoff: Handoff) -> str:
        return (
            "" if str(handoff.pk) in self.held else "The meeting was not held yet. Say so on the hand-off when it was."
        )

    def _name_ta(self, handoff: Handoff) -> str:
        return "" if handoff.account.csm_id else "Nobody is named. Change the owner of the account."
