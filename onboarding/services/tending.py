"""Keeping the items of hand-offs, who does them and the alerts equal to the situation. In sets."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from accounts import selectors as accounts_selectors
from accounts import services as accounts
from activities import selectors as activities_selectors
from activities import services as activities
from activities.models import Task
from cs_platform import ledger
from onboarding import items
from onboarding.facts import HandoffMeetingsPlanned
from onboarding.items import KIND
from onboarding.models import Handoff, HandoffMeeting, HandoffSettings
from onboarding.services import checklist
from onboarding.situations import Situation

NO_TA, TA_NAMED, ROLES = "handoff_no_ta", "handoff_ta_named", "handoff_contact_roles"
ALERTS = (NO_TA, TA_NAMED, ROLES)
NOBODY = "A deal is about to close and no technical advisor is named. Change the owner of the account."
NAMED = "You look after this customer from the close of the deal on. Read the hand-off."
UNTAGGED = "The deal is won and contacts are still without a role. Tag them on the hand-off."
OVER = "The hand-off was cancelled."
OPEN_AGAIN = "The deal is open again."
NOT_ASKED = "Not needed as things are."
Pairs = list[tuple[str, str]]


def tend(
    situations: Sequence[Situation], settings: HandoffSettings, zone: ZoneInfo, *, actor: ledger.Actor, now: datetime
) -> None:
    if not situations:
        return
    made = _ask(situations, settings, zone, actor=actor, now=now)
    _tend_advisors(situations, made, actor=actor, now=now)
    _tend_roles(situations, settings, zone, actor=actor, now=now)


def _ask(
    situations: Sequence[Situation], settings: HandoffSettings, zone: ZoneInfo, *, actor: ledger.Actor, now: datetime
) -> list[Task]:
    """The items that are wanted are there and no others are open; which are new."""
    new, back, away, opened, idle = [], Pairs(), Pairs(), Pairs(), Pairs()
    days = {}
    for situation in situations:
        parts = checklist.wanted(situation, settings)
        for part in parts:
            task = situation.tasks.get(part)
            if task is None:
                new.append(checklist.task_of(part, situation, settings, zone))
                continue
            if task.state == Task.State.CANCELLED:
                back.append((situation.key, part))
            day = checklist.due(part, situation, settings, zone)
            if task.state != Task.State.COMPLETED and task.due_date != day:
                days[task.pk] = day
        for part, task in situation.tasks.items():
            if task.is_open and part not in parts:
                closing = situation.handoff.state == Handoff.State.CLOSING
                kind = opened if part == items.NAME_TA else idle if closing else away
                kind.append((situation.key, part))
    made = activities.create_tasks(new, actor=actor, now=now)
    activities.reschedule_tasks(days, actor=actor, now=now)
    if back:
        activities.renew_tasks_of(KIND, back, actor=actor, now=now)
    if opened:
        activities.complete_tasks_of(KIND, opened, actor=actor, now=now, outcome="Somebody is named.")
    if away:
        activities.withdraw_tasks_of(KIND, away, actor=actor, now=now, outcome=OPEN_AGAIN)
    if idle:
        activities.withdraw_tasks_of(KIND, idle, actor=actor, now=now, outcome=NOT_ASKED)
    return made


def refile(handoffs: Sequence[Handoff], *, actor: ledger.Actor, now: datetime) -> None:
    """The items of hand-offs that went to another account go along."""
    accounts_of = {str(handoff.pk): handoff.account_id for handoff in handoffs}
    tasks = activities_selectors.tasks_of_source(KIND, list(accounts_of))
    moves = {task.pk: accounts_of[key] for key, several in tasks.items() for task in several}
    activities.refile_tasks(moves, actor=actor, now=now)


def withdraw_all(ids: Collection[UUID], *, actor: ledger.Actor, now: datetime) -> None:
    """The hand-offs are cancelled: nobody has to do anything for them, and nothing is to be looked at."""
    pairs = [(str(pk), part) for pk in ids for part in items.ORDER]
    activities.withdraw_tasks_of(KIND, pairs, actor=actor, now=now, outcome=OVER)
    rows = Handoff.objects.filter(pk__in=ids)
    ledger.change_many(rows, "name_advisor", set={"told_advisor": None}, actor=actor, now=now)
    clear_alerts(list(rows.values_list("account_id", flat=True)), actor=actor, now=now)
    planned = HandoffMeeting.objects.filter(handoff_id__in=ids, state=HandoffMeeting.State.PLANNED)
    called_off = ledger.change_many(planned, "call_off", actor=actor, now=now, note=OVER)
    if called_off:
        of = HandoffMeeting.objects.filter(pk__in=called_off).values_list("handoff_id", flat=True)
        ledger.publish(HandoffMeetingsPlanned([str(pk) for pk in of]))


def clear_alerts(account_ids: Collection[UUID], *, actor: ledger.Actor, now: datetime) -> None:
    for kind in ALERTS:
        accounts.clear_alert(list(account_ids), kind, actor=actor, now=now)


# --- the advisor -----------------------------------------------------------------------------------------------------


def _tend_advisors(
    situations: Sequence[Situation], made: Sequence[Task], *, actor: ledger.Actor, now: datetime
) -> None:
    """Whoever is named hears of it once, and again if it is somebody else; where nobody is, leadership does."""
    asked = {task.account_id for task in made if task.source_part == items.NAME_TA}
    nobody = [pk for pk in asked if pk is not None]
    if nobody:
        accounts.raise_alert(nobody, NO_TA, NOBODY, actor=actor, now=now)
    named = [s for s in situations if s.account.csm_id is not None]
    accounts.clear_alert([s.account.pk for s in named], NO_TA, actor=actor, now=now)
    known = [s.account.pk for s in named if s.is_done(items.KNOW)]
    accounts.clear_alert(known, TA_NAMED, actor=actor, now=now)
    knows = {task.source_id for task in made if task.source_part == items.KNOW}
    news = [
        s for s in named if s.handoff.told_advisor_id != s.account.csm_id and (s.key in knows or items.KNOW in s.tasks)
    ]
    if not news:
        return
    for situation in news:
        situation.handoff.told_advisor = situation.account.csm
    ledger.update_many([s.handoff for s in news], ["told_advisor"], "name_advisor", actor=actor, now=now)
    _hand_on(news, actor=actor, now=now)
    accounts.clear_alert([s.account.pk for s in news], TA_NAMED, actor=actor, now=now)
    accounts.raise_alert([s.account.pk for s in news], TA_NAMED, NAMED, actor=actor, now=now)


def _hand_on(situations: Sequence[Situation], *, actor: ledger.Actor, now: datetime) -> None:
    """The advisor's items of these hand-offs go to the advisor; one call for each person."""
    by_person: dict[UUID, tuple[Situation, Pairs]] = {}
    for situation in situations:
        assert situation.account.csm_id is not None
        pairs = by_person.setdefault(situation.account.csm_id, (situation, []))[1]
        pairs += [(situation.key, part) for part in sorted(items.OF_ADVISOR)]
    for situation, pairs in by_person.values():
        member, role = checklist.doer(items.KNOW, situation)
        activities.assign_tasks_of(KIND, pairs, member, role, actor=actor, now=now)


# --- contact roles ---------------------------------------------------------------------------------------------------


def _tend_roles(
    situations: Sequence[Situation], settings: HandoffSettings, zone: ZoneInfo, *, actor: ledger.Actor, now: datetime
) -> None:
    """Done by itself when every known contact has a role; flagged once when that takes too long."""
    closing = [s for s in situations if s.handoff.state == Handoff.State.CLOSING and not s.is_done(items.ROLES)]
    counts = accounts_selectors.accounts_with_untagged_contacts([s.account.pk for s in closing])
    tagged = [s for s in closing if counts.get(s.account.pk, (0, 1))[1] == 0]
    if tagged:
        words = "Every known contact has a role."
        pairs = [(s.key, items.ROLES) for s in tagged]
        activities.complete_tasks_of(KIND, pairs, actor=actor, now=now, outcome=words)
    today, lead = now.astimezone(zone).date(), timedelta(days=settings.contact_roles_days)
    late = [
        s
        for s in closing
        if s not in tagged
        and s.handoff.roles_flagged_at is None
        and s.handoff.won_at is not None
        and s.handoff.won_at.astimezone(zone).date() + lead <= today
    ]
    if late:
        rows = Handoff.objects.filter(pk__in=[s.handoff.pk for s in late])
        ledger.change_many(rows, "flag_roles", set={"roles_flagged_at": now}, actor=actor, now=now)
        accounts.raise_alert([s.account.pk for s in late], ROLES, UNTAGGED, actor=actor, now=now)
    waiting = {s.account.pk for s in closing} - {s.account.pk for s in tagged}
    settled = [s.account.pk for s in situations if s.account.pk not in waiting]
    accounts.clear_alert(settled, ROLES, actor=actor, now=now)
