"""Everything that is known of the mail to one contact, read once, and what closes its way."""

from datetime import date, datetime
from uuid import UUID

from django.db.models import Q

from accounts.models import Contact, ContactRole
from campaigns import addresses, rules
from campaigns.calendar import DAY
from campaigns.models import Enrolment, MailPause, Message, Series, SeriesItem, SeriesRun, Suppression
from campaigns.selectors import reasons
from campaigns.selectors.history import History, who_did
from campaigns.selectors.sending import address_secret, verdicts_on, why_nothing_is_sent
from cs_platform.tenancy.models import Tenant
from cs_platform.tenancy.scope import require_tenant_id


class Case:
    """Everything that is known of the contact, read once."""

    def __init__(self, contact: Contact, first: date, last: date, now: datetime) -> None:
        self.contact, self.account, self.first, self.last, self.now = contact, contact.account, first, last, now
        self.tenant = Tenant.objects.get(pk=require_tenant_id())
        self.silence = why_nothing_is_sent()
        self.enrolments = {e.series_id: e for e in Enrolment.objects.filter(contact=contact)}
        shown = ~Q(state=Series.State.ARCHIVED) | Q(pk__in=self.enrolments)
        self.series = list(Series.objects.filter(shown).order_by("name", "id"))
        self.items: dict[UUID, dict[int, SeriesItem]] = {}
        for item in SeriesItem.objects.filter(series__in=self.series).select_related("template"):
            self.items.setdefault(item.series_id, {})[item.position] = item
        self._read_messages()
        self._read_runs()
        self._read_suppressions()
        covers = Q(contact__isnull=True) | Q(contact=contact)
        self.pauses = list(MailPause.objects.filter(covers, account=self.account).order_by("created_at"))
        self.history = History([*(s.pk for s in self.series), *(e.pk for e in self.enrolments.values())])

    def _read_messages(self) -> None:
        window = Message.objects.filter(enrolment__in=self.enrolments.values())
        window = window.filter(local_date__gte=min(self.first, self.now.date() - 2 * DAY), local_date__lte=self.last)
        self.messages = {(m.enrolment_id, m.local_date): m for m in window.select_related("template", "run")}
        open_ones = [m.pk for m in self.messages.values() if m.state in Message.OPEN]
        self.verdicts = verdicts_on(open_ones, now=self.now) if open_ones else {}

    def _read_runs(self) -> None:
        window = SeriesRun.objects.filter(series__in=self.series, local_date__gte=self.first, local_date__lte=self.last)
        places = {(self.zone(s), self.calendar(s)) for s in self.series}
        wanted = window.filter(zone__in={zone for zone, _ in places}, calendar__in={code for _, code in places})
        self.runs = {(r.series_id, r.local_date, r.zone, r.calendar): r for r in wanted}

    def _read_suppressions(self) -> None:
        self.key = addresses.key_or_none(self.contact.email, address_secret()) or ""
        rows = Suppression.objects.filter(address_key=self.key).order_by("created_at") if self.key else []
        self.suppressions = list(rows)
        self.suppressed_by = who_did("suppression", [row.pk for row in self.suppressions], "suppression.suppress")
        counting = [Enrolment.State.ACTIVE, Enrolment.State.PAUSED, Enrolment.State.COMPLETED]
        others = Enrolment.objects.filter(address_key=self.key, state__in=counting).exclude(contact=self.contact)
        self.twins = {e.series_id: e for e in others} if self.key else {}

    # --- where he is ------------------------------------------------------------------------------------------------

    def place(self, series: Series) -> rules.Place:
        enrolment = self.enrolments.get(series.pk)
        if enrolment is not None:
            return rules.Place(enrolment.zone, enrolment.calendar)
        return rules.place_of(series, self.contact.timezone, self.account.timezone, self.account.country)

    def zone(self, series: Series) -> str:
        return self.place(series).zone or self.tenant.timezone

    def calendar(self, series: Series) -> str:
        return self.place(series).calendar

    def not_enrolled(self, series: Series) -> tuple[str, str]:
        """Why he is not in it, asked as the enrolling verb would."""
        by_role = bool(series.audience_roles)
        why = rules.refusal(
            series, self.contact, self.account, by_role=by_role, is_suppressed=bool(self.closed(series)),
            is_taken=series.pk in self.twins,
        )  # fmt: skip
        if why == rules.Reason.ROLE_LOST:
            roles = " or ".join(ContactRole(role).label for role in series.audience_roles)
            return "no_role", f"the series is for contacts with the role {roles}, which this one has not"
        if why == rules.Reason.SAME_ADDRESS:
            return why, f"{self.twins[series.pk].name}, a contact with the same address, is in it"
        if why == rules.Reason.SUPPRESSED:
            return why, self.closed(series)
        return (why, reasons.words(why)) if why else ("not_enrolled", "nobody has enrolled this contact")

    def why_ended(self, series: Series, enrolment: Enrolment) -> str:
        known = dict(Enrolment.Reason.choices).get(enrolment.reason, reasons.words(enrolment.reason))
        turn = self.history.at(enrolment.pk, self.now)
        if enrolment.reason in (Enrolment.Reason.UNSUBSCRIBED, Enrolment.Reason.SUPPRESSED) and self.closed(series):
            return self.closed(series)
        return f"{known} (by {turn.who}, {turn.at:%d %b %Y})" if turn and turn.state == "stopped" else known

    # --- what closes the way ----------------------------------------------------------------------------------------

    def closed(self, series: Series, moment: datetime | None = None) -> str:
        """In words, by what and by whom the address was closed for this series at the moment; empty if it was not."""
        at = moment or self.now
        for row in self.suppressions:
            if row.category in ("", series.category) and row.created_at <= at and _open_until(row.released_at, at):
                who = self.suppressed_by.get(str(row.pk), "somebody")
                verb = "unsubscribed" if row.reason == Suppression.Reason.UNSUBSCRIBED else "is suppressed"
                return f"the address {verb} since {row.created_at:%d %b %Y} ({row.get_reason_display()}, by {who})"
        return ""

    def paused(self, moment: datetime) -> MailPause | None:
        """The pause over this moment; of two, the one that shifts."""
        found = [p for p in self.pauses if p.created_at <= moment and _covers(p, moment)]
        return max(found, key=lambda p: p.policy, default=None)

    def suppressed_words(self) -> list[str]:
        made = []
        for row in self.suppressions:
            what = row.category.replace("_", " ") or "all mail"
            until = f", released {row.released_at:%d %b %Y}" if row.released_at else ""
            who = self.suppressed_by.get(str(row.pk), "somebody")
            made.append(f"{what}: {row.get_reason_display()}, {row.created_at:%d %b %Y} by {who}{until}")
        return made


def _covers(pause: MailPause, moment: datetime) -> bool:
    return _open_until(pause.ended_at, moment) and _open_until(pause.ends_at, moment)


def _open_until(end: datetime | None, moment: datetime) -> bool:
    return end is None or end > moment
