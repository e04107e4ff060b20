"""All that is known of some hand-offs, in a fixed number of questions: what their page and a line of the list say."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext

from accounts import selectors as accounts
from activities import selectors as activities
from activities.models import Task
from onboarding import items
from onboarding.models import Handoff, HandoffDocument, HandoffMeeting, HandoffSettings
from onboarding.selectors.texts import lead_times


@dataclass(frozen=True)
class Item:
    """One item with its task; `is_not_needed` when it was left out with a reason."""

    part: str
    task: Task
    is_late: bool

    @property
    def is_done(self) -> bool:
        return self.task.state == Task.State.COMPLETED  # type: ignore[no-any-return]

    @property
    def is_not_needed(self) -> bool:
        return self.is_done and self.task.outcome.startswith(items.NOT_NEEDED)

    @property
    def is_required(self) -> bool:
        return self.part in items.REQUIRED

    @property
    def can_be_skipped(self) -> bool:
        return self.task.is_open and self.part != items.NAME_TA


@dataclass(frozen=True)
class Missing:
    """What a hand-off still lacks; `is_late` when it should be there."""

    words: str
    is_late: bool


@dataclass(frozen=True)
class Milestone:
    """A lead time on its day. `state` is done, late, now or coming."""

    key: str
    words: str
    day: date | None
    state: str


@dataclass
class Look:
    handoff: Handoff
    days: int | None
    settings: HandoffSettings
    items: list[Item] = field(default_factory=list)
    document: HandoffDocument | None = None
    meeting: HandoffMeeting | None = None
    known: int = 0
    untagged: int = 0
    has_mapping: bool = False
    missing: list[Missing] = field(default_factory=list)
    milestones: list[Milestone] = field(default_factory=list)

    @property
    def done(self) -> int:
        return sum(item.is_done for item in self.items if item.is_required)

    @property
    def required(self) -> int:
        return sum(item.is_required for item in self.items)

    @property
    def days_late(self) -> int:
        return -self.days if self.days is not None and self.days < 0 else 0

    @property
    def close_date(self) -> date | None:
        deal = self.handoff.opportunity
        return deal.close_date if deal is not None else None


def look_at(handoff: Handoff, *, now: datetime, zone: str) -> Look:
    return look([handoff], now=now, zone=zone)[0]


def look(found: Sequence[Handoff], *, now: datetime, zone: str) -> list[Look]:
    settings, today = lead_times(), now.astimezone(ZoneInfo(zone)).date()
    ids = [handoff.pk for handoff in found]
    accounts_of = [handoff.account_id for handoff in found]
    tasks = activities.tasks_of_source(items.KIND, ids)
    documents = {row.handoff_id: row for row in HandoffDocument.objects.filter(handoff_id__in=ids)}
    meetings = {
        row.handoff_id: row
        for row in HandoffMeeting.objects.filter(handoff_id__in=ids).select_related(
            "customer_engineer__user",
            "technical_advisor__user",
            "account_executive__user",
            "implementation_engineer__user",
        )
    }
    people = accounts.accounts_with_untagged_contacts(accounts_of)
    mapped = accounts.accounts_with_instance_admin(accounts_of)
    looks = []
    for handoff in found:
        known, untagged = people.get(handoff.account_id, (0, 0))
        closes = handoff.opportunity.close_date if handoff.opportunity else None
        made = Look(
            handoff,
            (closes - today).days if closes else None,
            settings,
            _items(tasks.get(str(handoff.pk), []), today),
            documents.get(handoff.pk),
            meetings.get(handoff.pk),
            known,
            untagged,
            handoff.account_id in mapped,
        )
        made.missing = _missing(made)
        made.milestones = _milestones(made, today, ZoneInfo(zone))
        looks.append(made)
    return looks


def _items(tasks: Sequence[Task], today: date) -> list[Item]:
    there = [task for task in tasks if task.state != Task.State.CANCELLED]
    return [
        Item(task.source_part, task, task.is_open and task.due_date is not None and task.due_date < today)
        for task in there
    ]


def _missing(look: Look) -> list[Missing]:
    """In the order in which it should be mended. Nothing, once it is over."""
    handoff = look.handoff
    if not handoff.is_open:
        return []
    found = []
    closing = handoff.state == Handoff.State.CLOSING
    near = look.days is not None and look.days <= look.settings.ta_named_days
    if handoff.account.csm_id is None:
        found.append(Missing(gettext("No technical advisor"), closing or near))
    late = {item.part: item.is_late for item in look.items if item.task.is_open}
    words = {
        items.DOCUMENT: gettext("Document not finished"),
        items.MEETING: gettext("Meeting not held") if look.meeting else gettext("No meeting planned"),
        items.LICENCE: gettext("No production licence"),
        items.CLOUD: gettext("No cloud instance requested"),
        items.MAPPING: gettext("No instance with an admin"),
        items.ROLES: gettext("Contacts without a role"),
    }
    if items.ROLES in late:
        late[items.ROLES] = late[items.ROLES] or handoff.roles_flagged_at is not None
    found += [Missing(said, late[part]) for part, said in words.items() if part in late]
    return found


def _milestones(look: Look, today: date, zone: ZoneInfo) -> list[Milestone]:
    """The lead times as days on a line, each with what has become of it."""
    closes, handoff, settings = look.close_date, look.handoff, look.settings
    won = handoff.won_at.astimezone(zone).date() if handoff.won_at else None
    done = {item.part for item in look.items if item.is_done}
    finished = look.document is not None and look.document.state == HandoffDocument.State.FINISHED
    is_over = handoff.state == Handoff.State.HANDED_OVER

    def before(days: int) -> date | None:
        return closes - timedelta(days=days) if closes else None

    closed = won or closes
    after = closed + timedelta(days=settings.contact_roles_days) if closed else None
    rows = (
        ("support_level", gettext("Support level"), before(settings.support_level_days),
         handoff.account.support_level_id is not None),
        ("advisor", gettext("Advisor named"), before(settings.ta_named_days), handoff.account.csm_id is not None),
        ("document", gettext("Document begun"), before(settings.document_days), look.document is not None or finished),
        ("close", gettext("Deal closes"), won or closes, won is not None or is_over),
        ("roles", gettext("Contact roles"), after, items.ROLES in done or is_over),
    )  # fmt: skip
    return [Milestone(key, words, day, _state(day, is_done, today)) for key, words, day, is_done in rows]


def _state(day: date | None, is_done: bool, today: date) -> str:
    if is_done:
        return "done"
    if day is None or day > today:
        return "coming"
    return "now" if day == today else "late"
