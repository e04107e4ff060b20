"""The dates of one series for one contact: what happened, or what will, and why."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from campaigns import rules, zones
from campaigns.calendar import Decision, Slot
from campaigns.models import Enrolment, MailPause, Message, Series, SeriesRun
from campaigns.selectors import reasons
from campaigns.selectors.contact_case import Case
from campaigns.selectors.history import Turn

SENT = (Message.State.SENT, Message.State.DELIVERED, Message.State.BOUNCED)
# What an outcome means to a reader.
WENT, WILL, WAITS, NOT, WONT = "went", "will_go", "waits", "did_not_go", "will_not_go"


@dataclass(frozen=True)
class Line:
    """One date of one series: what happened or will, why, and the e-mail it is about, if there is one."""

    day: date
    due_at: datetime | None
    zone: str
    outcome: str
    reason: str
    words: str
    template: str = ""
    template_id: UUID | None = None
    message_id: UUID | None = None

    @property
    def clock(self) -> str:
        """`09:00 (Berlin)`; empty on a day off."""
        return zones.wall_time(self.due_at, self.zone) if self.due_at else ""


def day_off(decision: Decision, zone: str, *, past: bool) -> Line:
    if decision.sent_on is None:
        return Line(decision.nominal_date, None, zone, NOT if past else WONT, "day_off", f"{decision.off}: left out")
    moved = f"{decision.off}: moved to {decision.sent_on:%a %d %b}"
    return Line(decision.nominal_date, None, zone, NOT if past else WONT, "moved", moved)


class Lines:
    """The lines of one series in the order of time; counts the e-mails that are still to come."""

    def __init__(self, case: Case, series: Series, enrolment: Enrolment | None, zone: str) -> None:
        self.case, self.series, self.enrolment, self.zone = case, series, enrolment, zone
        self.items = case.items.get(series.pk, {})
        mine = [m for (pk, _), m in case.messages.items() if enrolment and pk == enrolment.pk]
        had = [m.position for m in mine if m.state not in (Message.State.SKIPPED, Message.State.SUPPRESSED)]
        self.position = max([enrolment.position if enrolment else 0, *had])

    def line(self, day: date, slot: Slot | None) -> Line:
        message = self.case.messages.get((self.enrolment.pk, day)) if self.enrolment else None
        if message is not None:
            return self._of_message(message)
        run = self.case.runs.get((self.series.pk, day, self.zone, self.case.calendar(self.series)))
        due = run.due_at if run else slot.due_at if slot else None
        if due is None or due <= self.case.now:
            return self._past(day, due, run)
        return self._future(day, due)

    def _of_message(self, message: Message) -> Line:
        verdict = self.case.verdicts.get(message.pk, "")
        if message.state in SENT:
            outcome, reason, words = WENT, "", f"sent; the mail server answered: {message.detail or 'ok'}"
        elif message.state in Message.OPEN and not verdict:
            outcome, reason, words = WILL if not message.reason else WAITS, message.reason, "it is written and waits"
        elif message.state in Message.OPEN:
            outcome, reason, words = WONT, verdict, reasons.words(verdict)
        elif message.state == Message.State.UNKNOWN:
            outcome, reason = NOT, message.reason
            words = f"nobody knows whether it arrived: {reasons.words(message.reason)}"
        else:
            outcome, reason, words = NOT, message.reason, reasons.words(message.reason)
            words = self.case.closed(self.series, message.due_at) or words if reason == "suppressed" else words
        return Line(
            message.local_date, message.due_at, message.run.zone, outcome, reason, words, message.template.name,
            message.template_id, message.pk,
        )  # fmt: skip

    def _past(self, day: date, due: datetime | None, run: SeriesRun | None) -> Line:
        moment = due or self.case.now
        reason, words = self._why_then(moment, run)
        return Line(day, due, self.zone, NOT, reason, words)

    def _why_then(self, moment: datetime, run: SeriesRun | None) -> tuple[str, str]:
        case, enrolment = self.case, self.enrolment
        if enrolment is None:
            return case.not_enrolled(self.series)
        if enrolment.enrolled_at > moment and case.history.at(enrolment.pk, moment) is None:
            return "not_enrolled", f"the contact was not enrolled yet; that was on {enrolment.enrolled_at:%d %b %Y}"
        series = case.history.at(self.series.pk, moment)
        if series is not None and series.state != Series.State.ACTIVE:
            return f"series_{series.state}", f"the series was {series.state} (by {series.who}, {series.at:%d %b %Y})"
        if run is not None and run.state == SeriesRun.State.SKIPPED:
            return run.reason, f"nobody got it: {run.get_reason_display()}"
        then = case.history.at(enrolment.pk, moment)
        if then is not None and then.state != Enrolment.State.ACTIVE:
            return self._ended(then, moment)
        pause = case.paused(moment)
        if pause is not None:
            return "mail_paused", _pause_words(pause)
        closed = case.closed(self.series, moment)
        if closed:
            return "suppressed", closed
        if run is None:
            return "no_run", "there was no slot then: the series had another rule, or nobody waited in this zone"
        if self.position >= len(self.items):
            return "nothing_left", "there was no e-mail left that this contact had not had"
        return "not_in_audience", "when the messages were written the contact was not among those who waited"

    def _ended(self, then: Turn, moment: datetime) -> tuple[str, str]:
        if then.state == Enrolment.State.COMPLETED:
            return "nothing_left", "the contact has had every e-mail of the series"
        closed = self.case.closed(self.series, moment)
        who = f"by {then.who}, {then.at:%d %b %Y}"
        if then.state == Enrolment.State.PAUSED:
            return "enrolment_paused", f"{reasons.words('enrolment_paused')} ({who})"
        reason = self.enrolment.reason if self.enrolment and self.enrolment.reason else "enrolment_ended"
        return reason, closed or f"{reasons.words(reason)} ({who})"

    def _future(self, day: date, due: datetime) -> Line:
        reason, words = self._why_not_then(due)
        item = self.items.get(self.position + 1)
        if reason == "pause_dropped" and item is not None:
            self.position += 1
        if reason or item is None:
            reason, words = (reason, words) if reason else ("nothing_left", "there is no e-mail left for this contact")
            return Line(day, due, self.zone, WONT, reason, words)
        self.position += 1
        words = f"e-mail {self.position} of {len(self.items)}"
        return Line(day, due, self.zone, WILL, "", words, item.template.name, item.template_id)

    def _why_not_then(self, due: datetime) -> tuple[str, str]:
        case, enrolment, series = self.case, self.enrolment, self.series
        if series.state != Series.State.ACTIVE:
            return f"series_{series.state}", f"the series is {series.get_state_display().lower()}"
        if enrolment is None:
            return case.not_enrolled(series)
        if enrolment.state == Enrolment.State.COMPLETED:
            return "nothing_left", "the contact has had every e-mail of the series"
        if enrolment.state == Enrolment.State.STOPPED:
            return enrolment.reason or "enrolment_ended", case.why_ended(series, enrolment)
        if enrolment.state == Enrolment.State.PAUSED:
            return "enrolment_paused", reasons.words("enrolment_paused")
        why = rules.refusal(
            series, case.contact, case.account, by_role=enrolment.by_role, is_suppressed=bool(case.closed(series)),
            is_taken=False,
        )  # fmt: skip
        if why:
            return why, case.closed(series) if why == rules.Reason.SUPPRESSED else reasons.words(why)
        pause = case.paused(due)
        if pause is not None:
            return ("pause_dropped" if pause.policy == MailPause.Policy.DROP else "mail_paused"), _pause_words(pause)
        return "", ""


def _pause_words(pause: MailPause) -> str:
    whose = "to this contact" if pause.contact_id else "to this customer"
    until = f" until {pause.until:%d %b %Y}" if pause.until else ""
    return f"mail {whose} is paused{until}: {pause.why} ({pause.started_by}, {pause.created_at:%d %b %Y})"
