"""Why mail went or did not go to one contact: every series, every date of a window, also where there never was a row.

Asked of the rules by which the mail is planned and sent: the calendar, who may be in a series, the verdict before each
message. What has passed is read from messages, runs, pauses and the ledger.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from django.db.models import Q

from accounts.models import Contact
from campaigns import rules, zones
from campaigns.calendar import DAY, decisions, slots
from campaigns.models import Enrolment, MailPause, Series
from campaigns.selectors.contact_case import Case
from campaigns.selectors.contact_lines import Line, Lines, day_off

LONGEST = 92


@dataclass(frozen=True)
class SeriesMail:
    """A series as this contact sees it. `standing` says in words whether he is in it, and since when or why not."""

    series: Series
    enrolment: Enrolment | None
    standing: str
    lines: list[Line] = field(default_factory=list)


@dataclass(frozen=True)
class ContactMail:
    contact: Contact
    first: date
    last: date
    silence: str
    suppressed: list[str]
    pauses: list[MailPause]
    series: list[SeriesMail]


def explain_contact(contact: Contact, *, first: date, last: date, now: datetime) -> ContactMail:
    """Every series that is not archived, or that has him, on every date of the window (at most 92 days). A fixed number
    of queries, whatever the number of series and dates."""
    case = Case(contact, first, min(last, first + LONGEST * DAY), now)
    found = [_of(case, series) for series in case.series]
    return ContactMail(contact, case.first, case.last, case.silence, case.suppressed_words(), case.pauses, found)


def _of(case: Case, series: Series) -> SeriesMail:
    enrolment = case.enrolments.get(series.pk)
    return SeriesMail(series, enrolment, _standing(case, series, enrolment), list(_lines(case, series, enrolment)))


def _lines(case: Case, series: Series, enrolment: Enrolment | None) -> Iterator[Line]:
    zone, off = case.zone(series), rules.days_off_at(case.tenant, case.calendar(series))
    due = {slot.local_date: slot for slot in slots(series.rule, zone, off, case.first, case.last)}
    told = {d for pk, d in case.messages if enrolment and pk == enrolment.pk and case.first <= d <= case.last}
    told |= {key[1] for key in case.runs if key[0] == series.pk and key[2:] == (zone, case.calendar(series))}
    left_out = {d.nominal_date: d for d in decisions(series.rule, off, case.first, case.last) if d.off}
    ahead = Lines(case, series, enrolment, zone)
    for day in sorted({*due, *told, *(d for d in left_out if case.first <= d <= case.last)}):
        if day in due or day in told:
            yield ahead.line(day, due.get(day))
        elif day in left_out:
            yield day_off(left_out[day], zone, past=day < zones.local_date(case.now, zone))


def _standing(case: Case, series: Series, enrolment: Enrolment | None) -> str:
    if enrolment is None:
        return f"Not in it: {case.not_enrolled(series)[1]}."
    how = "by role" if enrolment.by_role else "by hand or through the API"
    since = f"{enrolment.enrolled_at:%d %b %Y}"
    had = f"has had {enrolment.position} of {len(case.items.get(series.pk, {}))} e-mails"
    words = f"{enrolment.get_state_display()}, enrolled {how} on {since}; {had}."
    return f"{words} It ended: {case.why_ended(series, enrolment)}." if enrolment.reason else words


def people_by(words: str, *, account_id: UUID | None = None) -> Sequence[Contact]:
    """Contacts by e-mail address or by the beginning of the name, or those of an account."""
    found = Contact.objects.select_related("account")
    if account_id is not None:
        found = found.filter(account_id=account_id)
    elif words.strip():
        typed = words.strip()
        email = Q(email__in=[typed, typed.lower()])
        found = found.filter(email if "@" in typed else Q(sort_name__startswith=typed.lower()[:200]))
    else:
        return []
    return list(found.order_by("sort_name", "id")[:50])
