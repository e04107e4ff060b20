"""Why one mail went or did not go: every decision about it, in the order in which it is made, with its time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from accounts.models import ContactRole
from campaigns import rules, zones
from campaigns.models import Category, Enrolment, MailPause, Message, Series, Suppression
from campaigns.selectors import reasons
from campaigns.selectors.history import History, who_did
from campaigns.selectors.sending import verdict_on
from campaigns.selectors.series import this_tenant
from cs_platform.ledger.models import AuditRow
from cs_platform.ledger.words import declared

GONE_OUT = (Message.State.SENT, Message.State.DELIVERED, Message.State.BOUNCED)
DAY_NAMES = {"mon": "Mon", "tue": "Tue", "wed": "Wed", "thu": "Thu", "fri": "Fri", "sat": "Sat", "sun": "Sun"}


@dataclass(frozen=True)
class Step:
    """One decision. `at` is when it was made; None: it is made anew whenever it is asked."""

    kind: str
    at: datetime | None
    words: str


@dataclass(frozen=True)
class Explanation:
    """The decisions in order; `verdict` is what would keep a message that waits back now (empty: nothing)."""

    state: str
    verdict: str
    steps: list[Step]

    @property
    def words(self) -> list[str]:
        return [step.words for step in self.steps]


def spoken(moment: datetime, zone: str) -> str:
    """`Mon 23 Nov 2026, 09:00 (Europe/Berlin)`."""
    there = moment.astimezone(zones.zone(zone))
    return f"{there:%a} {there.day} {there:%b %Y, %H:%M} ({zone})"


def explain(message: Message, *, now: datetime) -> Explanation:
    """Every decision about a message. For one that waits: also what would happen now."""
    waits = message.state in (Message.State.PLANNED, Message.State.HELD)
    verdict = verdict_on(message, now=now) if waits else ""
    steps = [*_audience(message), *_slot(message), *_text(message), *_closed(message), *_caps(), *_deeds(message)]
    steps += _fate(message)
    if waits:
        steps.append(Step("now", None, _outlook(message, verdict)))
    return Explanation(message.state, verdict, steps)


# --- who ------------------------------------------------------------------------------------------------------------


def _audience(message: Message) -> Iterator[Step]:
    run, enrolment, series = message.run, message.enrolment, message.run.series
    since = spoken(enrolment.enrolled_at, run.zone)
    how = "because of the role of the contact" if enrolment.by_role else "by hand or through the API"
    turn = History([enrolment.pk]).at(enrolment.pk, enrolment.enrolled_at)
    who = f" ({turn.who})" if turn else ""
    words = f"{enrolment.contact} was enrolled in the series “{series}” on {since}, {how}{who}."
    yield Step("audience", enrolment.enrolled_at, words)
    if enrolment.by_role and series.audience_roles:
        matched = [role for role in series.audience_roles if role in enrolment.contact.roles]
        wanted = " or ".join(ContactRole(role).label for role in series.audience_roles)
        has = (
            f"it has {', '.join(ContactRole(role).label for role in matched)}" if matched else "it has none of them now"
        )
        yield Step("role", None, f"The series is for contacts with the role {wanted}; {has}.")


# --- when -----------------------------------------------------------------------------------------------------------


def _slot(message: Message) -> Iterator[Step]:
    run, series = message.run, message.run.series
    when = spoken(run.due_at, run.zone)
    days = ", ".join(DAY_NAMES[day] for day in series.weekdays)
    yield Step("slot", run.created_at, f"This is e-mail {message.position} of the series, for its slot on {when}.")
    words = f"The series sends on {days} at {series.local_time:%H:%M}. The zone is {_whose_zone(series)}"
    yield Step("zone", run.created_at, f"{words}; the time-zone data are those of {run.tzdata}.")
    yield Step("holiday", run.created_at, _holiday(message))
    late = f"It may go out until {spoken(message.late_after, run.zone)}; later it would be left out."
    yield Step("late", run.created_at, late)
    if run.by_hand:
        yield Step("by_hand", None, "The run was sent late because a person said so.")


def _holiday(message: Message) -> str:
    run = message.run
    if run.local_date != run.nominal_date:
        return f"{run.nominal_date:%a %d %b} is a day off; its slot was moved to {run.local_date:%a %d %b}."
    whose = f", also by the calendar of {run.calendar}" if run.calendar else ""
    off = rules.days_off_at(this_tenant(), run.calendar)
    if run.local_date in off:
        return (
            f"{run.local_date:%a %d %b} is {off.name_of(run.local_date)} by now; it was no day off when it was planned."
        )
    rule = run.series.get_holidays_display().lower()
    return f"{run.local_date:%a %d %b} is no day off{whose}. On one the rule would be: {rule}."


def _whose_zone(series: Series) -> str:
    return {
        Series.RECIPIENT: "the recipient's, else the account's, else ours",
        Series.ACCOUNT: "the account's, else ours",
        Series.TENANT: "ours",
    }.get(series.zone, f"{series.zone}, for all recipients of the series")


# --- what -----------------------------------------------------------------------------------------------------------


def _text(message: Message) -> Iterator[Step]:
    yield Step("text", message.created_at, f"The text is version {message.number} of “{message.template}”.")


def _closed(message: Message) -> Iterator[Step]:
    """What may have stood in the way: suppressions of the address and pauses of the mail."""
    category = message.run.series.category
    rows = Suppression.objects.filter(address_key=message.address_key, category__in=["", category])
    found = list(rows.order_by("created_at"))
    who = who_did("suppression", [row.pk for row in found], "suppression.suppress") if found else {}
    for row in found:
        what = f"mail of the category “{Category(row.category).label}”" if row.category else "all mail"
        until = f", and released on {row.released_at:%d %b %Y}" if row.released_at else ""
        by = who.get(str(row.pk), "somebody")
        words = f"The address was closed for {what}: {row.get_reason_display()}, by {by}{until}."
        yield Step("suppression", row.created_at, words)
    if not found:
        label = Category(category).label
        yield Step("suppression", None, f"The address is not on the list of suppressed addresses for “{label}”.")
    covers = Q(contact__isnull=True) | Q(contact_id=message.enrolment.contact_id)
    for pause in MailPause.objects.filter(covers, account_id=message.account_id).order_by("created_at"):
        until = f" until {pause.until:%d %b %Y}" if pause.until else ""
        over = f"; it ended on {pause.ended_at:%d %b %Y}" if pause.ended_at else ""
        words = f"Mail was paused{until} by {pause.started_by}: {pause.why}. {pause.get_policy_display()}{over}."
        yield Step("pause", pause.created_at, words)


def _caps() -> Iterator[Step]:
    words = "The limits: one e-mail of a series for a contact and day, one for an address and slot, each text once."
    yield Step("caps", None, words)


# --- what became of it ----------------------------------------------------------------------------------------------


def _deeds(message: Message) -> Iterator[Step]:
    """What people and the clock did to it, by the ledger."""
    sentences = declared()
    rows = AuditRow.objects.filter(object_type="message", object_id=str(message.pk)).select_related("call")
    for row in rows.order_by("pk")[:50]:
        done = sentences.get(row.verb, row.verb).replace("{object}", row.object_words)
        note = f" ({row.call.note})" if row.call.note else ""
        yield Step("deed", row.call.at, f"{row.call.actor_words} {done}{note}.")
    if message.by_hand:
        yield Step("by_hand", None, "A person asked for this message to be sent again.")


def _fate(message: Message) -> list[Step]:
    return [Step("result", message.sent_at or message.sending_at, line) for line in _fate_words(message) if line]


def _fate_words(message: Message) -> list[str]:
    state, zone = message.state, message.run.zone
    because = reasons.words(message.reason) + (f" ({message.detail})" if message.detail else "")
    tried = f"It was tried {message.attempts} times." if message.attempts > 1 else ""
    if state in GONE_OUT and message.sent_at:
        handed = f"It was handed to the mail server on {spoken(message.sent_at, zone)}"
        return [tried, f"{handed}, which answered: {message.detail or 'ok'}."]
    if state == Message.State.FAILED:
        return [tried, f"It could not be sent: {because}."]
    if state == Message.State.UNKNOWN:
        return [
            f"Nobody knows whether it arrived: {because}.",
            "It is not sent again by itself, so that nobody gets it twice. A person may send it again.",
        ]
    if state == Message.State.SENDING:
        return ["It is being handed to the mail server."]
    if state == Message.State.SUPPRESSED:
        label = Category(message.run.series.category).label
        return [f"It was not sent: {because}. The category is “{label}”."]
    if state == Message.State.SKIPPED:
        return [f"It was not sent: {because}.", _what_next(message)]
    return [tried, f"It waits: {because}." if message.reason else ""]


def _what_next(message: Message) -> str:
    if message.reason in ("by_hand", "pause_dropped"):
        return "The contact gets the next e-mail at the next slot."
    going = message.enrolment.state == Enrolment.State.ACTIVE
    return "The contact gets this e-mail at the next slot instead." if going else ""


def _outlook(message: Message, verdict: str) -> str:
    if verdict:
        return f"As things are, it would not go out: {reasons.words(verdict)}."
    return f"Nothing stands in its way; it goes out at {spoken(message.due_at, message.run.zone)}."
