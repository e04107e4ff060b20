"""The document and the meeting of a hand-off."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from accounts.services import cleaning, locks
from activities import selectors as activities_selectors
from activities import services as activities
from cs_platform import ledger
from cs_platform.people.models import Membership
from onboarding import content, items
from onboarding.facts import HandoffDocumentsFinished, HandoffMeetingsPlanned
from onboarding.items import KIND
from onboarding.models import Handoff, HandoffDocument, HandoffMeeting, HandoffTemplate
from onboarding.selectors import texts, values
from onboarding.services.configuration import LOCK, clean_text
from onboarding.situations import Situation

PEOPLE = ("customer_engineer", "technical_advisor", "account_executive", "implementation_engineer")
SHORTEST, LONGEST = 5, 480


class HandoffIsOver(ledger.Refused):
    """What was handed over, or cancelled, stays as it is."""

    def __init__(self, handoff: Handoff) -> None:
        super().__init__(f"This hand-off is {handoff.get_state_display().lower()}.", code="handoff_is_over")


# --- the document ----------------------------------------------------------------------------------------------------


def make_documents(situations: Sequence[Situation], *, actor: ledger.Actor, now: datetime) -> list[HandoffDocument]:
    """A document from the newest template for each hand-off that is prepared and has none."""
    asked = [s for s in situations if s.handoff.state in (Handoff.State.PREPARING, Handoff.State.CLOSING)]
    if not asked:
        return []
    have = set(
        HandoffDocument.objects.filter(handoff__in=[s.handoff.pk for s in asked]).values_list("handoff_id", flat=True)
    )
    missing = [s for s in asked if s.handoff.pk not in have]
    template = texts.newest_template(HandoffTemplate.Kind.DOCUMENT) if missing else None
    if template is None:
        return []
    known = values.values_of(missing)
    fresh = [
        HandoffDocument(
            handoff=s.handoff,
            template=template,
            body=content.filled(template.body, known[s.key]),
            created_at=now,
            updated_at=now,
        )
        for s in missing
    ]
    return ledger.create_many(fresh, actor=actor, now=now)


def edit_document(document: HandoffDocument, body: str, *, actor: ledger.Actor, now: datetime) -> HandoffDocument:
    """What the document says. Refused if it is empty or too long, finished, or the hand-off is over."""
    text = clean_text(body)
    with ledger.change(document, "edit", actor=actor, now=now) as document:
        _still_open(document.handoff)
        if document.state == HandoffDocument.State.FINISHED:
            raise ledger.Refused("The document is finished. Take it up again to change it.", "finished")
        document.body = text
    return document


def finish_document(document: HandoffDocument, *, actor: ledger.Actor, now: datetime) -> HandoffDocument:
    """It can be read from now on; its item is done. Refused if it is finished, or the hand-off is over."""
    with ledger.change(document, "finish", actor=actor, now=now, args=(now,)) as document:
        _still_open(document.handoff)
        _done(document.handoff_id, items.DOCUMENT, actor=actor, now=now)
        ledger.publish(HandoffDocumentsFinished([str(document.handoff_id)]))
    return document


def take_up_document(document: HandoffDocument, *, actor: ledger.Actor, now: datetime) -> HandoffDocument:
    """There is something to change in it; its item is open again. Refused if it is a draft, or the hand-off is over."""
    with ledger.change(document, "take_up", actor=actor, now=now) as document:
        _still_open(document.handoff)
        _again(document.handoff_id, items.DOCUMENT, actor=actor, now=now)
    return document


# --- the meeting -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class MeetingInput:
    """When the knowledge transfer is and who comes; members by id. No agenda: the template's."""

    starts_at: datetime
    minutes: int = 45
    place: str = ""
    agenda: str | None = None
    customer_engineer_id: UUID | None = None
    technical_advisor_id: UUID | None = None
    account_executive_id: UUID | None = None
    implementation_engineer_id: UUID | None = None


def plan_meeting(handoff: Handoff, given: MeetingInput, *, actor: ledger.Actor, now: datetime) -> HandoffMeeting:
    """The meeting has a time, or another one than before.

    Refused if it begins in the past, nobody of ours comes, somebody is not an active member, it was held already, or
    the hand-off is not prepared yet or is over.
    """
    fields = _meeting_fields(given, now)
    with ledger.unit():
        locks.alone(LOCK)
        live = Handoff.objects.select_related("account").get(pk=handoff.pk)
        _still_open(live)
        meeting = HandoffMeeting.objects.filter(handoff=live).first()
        if given.agenda is None:
            fields["agenda"] = (
                meeting.agenda if meeting is not None else texts.text_for(live, HandoffTemplate.Kind.MEETING)
            )
        if meeting is None:
            meeting = HandoffMeeting(handoff=live, **fields, created_at=now, updated_at=now)
            ledger.create(meeting, actor=actor, now=now)
            changed = True
        else:
            with ledger.change(meeting, "plan", actor=actor, now=now) as meeting:
                changed = any(getattr(meeting, name) != value for name, value in fields.items())
                for name, value in fields.items():
                    setattr(meeting, name, value)
        if changed:
            ledger.publish(HandoffMeetingsPlanned([str(live.pk)]))
    return meeting


def hold_meeting(handoff: Handoff, *, actor: ledger.Actor, now: datetime) -> HandoffMeeting:
    """It took place; its item is done. Refused if no meeting is planned, or the hand-off is over."""
    with ledger.change(_meeting_of(handoff), "hold", actor=actor, now=now, args=(now,)) as meeting:
        _still_open(meeting.handoff)
        _done(meeting.handoff_id, items.MEETING, actor=actor, now=now)
    return meeting


def call_off_meeting(handoff: Handoff, *, actor: ledger.Actor, now: datetime) -> HandoffMeeting:
    """It will not take place then; it may be planned anew. Refused if no meeting is planned."""
    with ledger.change(_meeting_of(handoff), "call_off", actor=actor, now=now) as meeting:
        _still_open(meeting.handoff)
        ledger.publish(HandoffMeetingsPlanned([str(meeting.handoff_id)]))
    return meeting


def local_time(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The moment of a wall time. Refused if the clocks skip it that day; of two, the first."""
    moment = datetime.combine(day, at, zone)
    if moment.astimezone(ZoneInfo("UTC")).astimezone(zone).replace(tzinfo=None) != moment.replace(tzinfo=None):
        words = f"The clocks skip {at:%H:%M} on {day.isoformat()} in {zone.key}. Say another time."
        raise ledger.Refused(words, "no_such_time", "starts_at")
    return moment


def _meeting_of(handoff: Handoff) -> HandoffMeeting:
    found = HandoffMeeting.objects.filter(handoff=handoff).first()
    if found is None:
        raise ledger.Refused("No meeting is planned.", "no_meeting")
    return found


def _meeting_fields(given: MeetingInput, now: datetime) -> dict[str, Any]:
    if given.starts_at <= now:
        raise ledger.Refused("The meeting begins in the past. Say when it will be.", "in_the_past", "starts_at")
    if given.starts_at.year > now.year + 5:
        raise ledger.Refused("This is more than five years away.", "out_of_range", "starts_at")
    if isinstance(given.minutes, bool) or not SHORTEST <= given.minutes <= LONGEST:
        words = f"A meeting has from {SHORTEST} to {LONGEST} minutes."
        raise ledger.Refused(words, "out_of_range", "minutes")
    try:
        place = str(cleaning.optional(300)(given.place))
    except cleaning.BadValue as bad:
        raise ledger.Refused(str(bad), bad.code, "place") from None
    people = {f"{name}_id": getattr(given, f"{name}_id") for name in PEOPLE}
    _check_people(people)
    fields: dict[str, Any] = {"starts_at": given.starts_at, "minutes": given.minutes, "place": place, **people}
    if given.agenda is not None:
        fields["agenda"] = clean_text(given.agenda) if given.agenda.strip() else ""
    return fields


def _check_people(people: Mapping[str, UUID | None]) -> None:
    wanted = {pk for pk in people.values() if pk is not None}
    if not wanted:
        raise ledger.Refused("Say who comes.", "required", "customer_engineer_id")
    active = dict(Membership.objects.filter(pk__in=wanted).values_list("pk", "is_active"))
    for name, pk in people.items():
        if pk is not None and not active.get(pk):
            code = "inactive" if pk in active else "not_found"
            raise ledger.Refused("This is not an active member.", code, name)


def _still_open(handoff: Handoff) -> None:
    if not handoff.is_open:
        raise HandoffIsOver(handoff)


def _done(handoff_id: UUID, part: str, *, actor: ledger.Actor, now: datetime) -> None:
    activities.complete_tasks_of(KIND, [(str(handoff_id), part)], actor=actor, now=now)


def _again(handoff_id: UUID, part: str, *, actor: ledger.Actor, now: datetime) -> None:
    tasks = activities_selectors.tasks_of_source(KIND, [handoff_id]).get(str(handoff_id), [])
    for task in tasks:
        if task.source_part == part and not task.is_open:
            activities.reopen_task(task, actor=actor, now=now)
