"""Who gets a series: by hand, through the API, or by role when an account begins its onboarding."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from accounts import services as accounts
from accounts.models import Account, Contact, ContactRole
from campaigns import addresses, rules
from campaigns.facts import ContactsEnrolled
from campaigns.models import AudienceStart, Enrolment, Message, Series, Suppression
from campaigns.selectors.sending import address_secret
from campaigns.services import refreshing, waiting
from campaigns.services.series import SeriesClosed
from cs_platform import ledger

NO_RECIPIENT = "campaigns.no_recipient"
ONBOARDING = "onboarding"
AT_ONCE = 1000
Reason = Enrolment.Reason
# A person may enrol anybody again; a role brings back only what ended by itself.
BY_ROLE_AGAIN = {Reason.ARCHIVED, *refreshing.MENDED_BY_ITSELF}


@dataclass(frozen=True)
class Enrolled:
    """What became of one contact: enrolled, restarted, already, or why not (a reason of Enrolment)."""

    contact_id: UUID
    result: str
    enrolment_id: UUID | None = None


def enrol_contacts(
    series: Series, contact_ids: Iterable[UUID], *, actor: ledger.Actor, now: datetime, by_role: bool = False
) -> list[Enrolled]:
    """Each contact gets the first e-mail at the next slot. One that is in the series stays where it is; one that was
    stopped goes on where it was. Not enrolled, with the reason: no address, suppressed, inactive, archived account,
    the address of another one in the series. Refused if the series is archived."""
    ids = list(dict.fromkeys(contact_ids))
    with ledger.unit():
        series = Series.objects.select_for_update(no_key=True).get(
            pk=series.pk
        )  # one after the other: no address twice
        if series.state == Series.State.ARCHIVED:
            raise SeriesClosed(series)
        contacts = _contacts(ids)
        work = _Work(series, by_role, list(contacts.values()))
        results = [work.take(contacts[pk]) for pk in ids if pk in contacts]
        work.write(actor=actor, now=now)
    return results


def _contacts(ids: Sequence[UUID]) -> dict[UUID, Contact]:
    """With their accounts, in pieces: one join over tens of thousands of ids is planned badly."""
    found: dict[UUID, Contact] = {}
    for start in range(0, len(ids), AT_ONCE):
        people = list(Contact.objects.filter(pk__in=ids[start : start + AT_ONCE]))
        homes = Account.objects.in_bulk({contact.account_id for contact in people})
        for contact in people:
            contact.account = homes[contact.account_id]
            found[contact.pk] = contact
    return found


class _Work:
    def __init__(self, series: Series, by_role: bool, contacts: Sequence[Contact]) -> None:
        self.series, self.by_role = series, by_role
        secret = address_secret()
        self.keys = {c.pk: addresses.key_or_none(c.email, secret) or "" for c in contacts}
        mine = Enrolment.objects.filter(series=series)
        self.known = {e.contact_id: e for e in mine.filter(contact__in=contacts)}
        counting = mine.filter(address_key__in=self.keys.values(), state__in=refreshing.COUNTING)
        self.owners = dict(counting.values_list("address_key", "contact_id"))
        self.suppressed = set(
            Suppression.objects.filter(
                address_key__in=self.keys.values(), released_at__isnull=True, category__in=["", series.category]
            ).values_list("address_key", flat=True)
        )
        self.new: list[Enrolment] = []
        self.again: list[Enrolment] = []

    def take(self, contact: Contact) -> Enrolled:
        known = self.known.get(contact.pk)
        if known is not None and known.state != Enrolment.State.STOPPED:
            return Enrolled(contact.pk, "already", known.pk)
        key = self.keys[contact.pk]
        why = rules.refusal(
            self.series, contact, contact.account, by_role=self.by_role, is_suppressed=key in self.suppressed,
            is_taken=self.owners.get(key, contact.pk) != contact.pk,
        )  # fmt: skip
        if not why:
            self.owners[key] = contact.pk
        if not why and known is not None and known.reason not in (BY_ROLE_AGAIN if self.by_role else Reason.values):
            why = known.reason
        if why:
            return Enrolled(contact.pk, why, known.pk if known else None)
        row = known or Enrolment(series=self.series, contact=contact, by_role=self.by_role)
        place = rules.place_of(self.series, contact.timezone, contact.account.timezone, contact.account.country)
        row.account, row.address_key, row.zone, row.calendar = contact.account, key, place.zone, place.calendar
        row.name = contact.name
        (self.again if known else self.new).append(row)
        return Enrolled(contact.pk, "restarted" if known else "enrolled", row.pk)

    def write(self, *, actor: ledger.Actor, now: datetime) -> None:
        for row in self.new:
            row.enrolled_at = row.created_at = row.updated_at = now
        ledger.create_many(self.new, actor=actor, now=now)
        if self.again:
            ledger.update_many(self.again, refreshing.KEPT, "refresh", actor=actor, now=now)
            begun = {"reason": "", "ended_at": None, "enrolled_at": now, "by_role": self.by_role}
            pks = [row.pk for row in self.again]
            ledger.change_many(Enrolment.objects.filter(pk__in=pks), "restart", set=begun, actor=actor, now=now)
        contact_ids = [str(row.contact_id) for row in (*self.new, *self.again)]
        if contact_ids:
            ledger.publish(ContactsEnrolled(str(self.series.pk), contact_ids))


# --- by role --------------------------------------------------------------------------------------------------------


def onboarding_series() -> Series | None:
    """The shipped series, if the tenant still has it and lets it run or pause."""
    return Series.objects.filter(shipped_key=ONBOARDING, state__in=[Series.State.ACTIVE, Series.State.PAUSED]).first()


def start_onboarding_series(account_ids: Iterable[UUID | str], *, actor: ledger.Actor, now: datetime) -> int:
    """These accounts begin their onboarding: whoever has a role of the series is enrolled, now and as long as the
    onboarding lasts. An account without such a contact has an alert until there is one. Returns how many contacts
    were enrolled; nothing happens if the tenant has archived the series."""
    series = onboarding_series()
    return start_audience(series, account_ids, actor=actor, now=now) if series else 0


def start_audience(series: Series, account_ids: Iterable[UUID | str], *, actor: ledger.Actor, now: datetime) -> int:
    """Begin to enrol the people of these accounts by role. An account that is in it already is looked at again. Refused
    if the series is archived or is for no role."""
    series = Series.objects.get(pk=series.pk)
    if series.state == Series.State.ARCHIVED:
        raise SeriesClosed(series)
    if not series.audience_roles:
        words = f"The series {series} is for no role. Name its roles first."
        raise ledger.Refused(words, code="no_roles", field="audience_roles")
    with ledger.unit():
        wanted = Account.objects.filter(pk__in=list(account_ids), state=Account.State.MANAGED)
        there = {account.pk: account for account in wanted}
        known = AudienceStart.objects.filter(series=series, account_id__in=there)
        known_ids = set(known.values_list("account_id", flat=True))
        fresh = [
            AudienceStart(series=series, account=account, started_at=now, updated_at=now)
            for pk, account in there.items()
            if pk not in known_ids
        ]
        ledger.create_many(fresh, actor=actor, now=now)
        ended = known.filter(ended_at__isnull=False)
        ledger.change_many(ended, "start", set={"ended_at": None, "started_at": now}, actor=actor, now=now)
        return _enrol_by_role(series, set(there), actor=actor, now=now)


def end_audience(
    account_ids: Iterable[UUID | str], *, actor: ledger.Actor, now: datetime, series: Series | None = None
) -> None:
    """The onboarding of these accounts is over: nobody else is enrolled by role, in no series or not in this one. Who
    is in a series stays in it."""
    ids = list(account_ids)
    going = AudienceStart.objects.filter(account_id__in=ids, ended_at__isnull=True)
    going = going.filter(series=series) if series else going
    with ledger.unit():
        if ledger.change_many(going, "end", set={"ended_at": now}, actor=actor, now=now):
            accounts.clear_alert(_uuids(ids), NO_RECIPIENT, actor=actor, now=now)


def follow_contacts(account_ids: Iterable[UUID | str], *, actor: ledger.Actor, now: datetime) -> None:
    """Contacts of these accounts came, changed or went: enrolments follow, and those who now have the role come in."""
    ids = list(account_ids)
    with ledger.unit():
        refreshing.refresh_accounts(ids, actor=actor, now=now)
        going = AudienceStart.objects.filter(account_id__in=ids, ended_at__isnull=True)
        going = going.exclude(series__state=Series.State.ARCHIVED).select_related("series")
        by_series: dict[UUID, tuple[Series, set[UUID]]] = {}
        for start in going:
            by_series.setdefault(start.series_id, (start.series, set()))[1].add(start.account_id)
        for series, found in by_series.values():
            _enrol_by_role(series, found, actor=actor, now=now)


def leave_archived(account_ids: Iterable[UUID | str], *, actor: ledger.Actor, now: datetime) -> None:
    """Nobody writes to an archived account."""
    ids = list(account_ids)
    going = Enrolment.objects.filter(account_id__in=ids)
    with ledger.unit():
        refreshing.stop_enrolments(going, Reason.ARCHIVED, actor=actor, now=now)
        end_audience(ids, actor=actor, now=now)


def _enrol_by_role(series: Series, account_ids: set[UUID], *, actor: ledger.Actor, now: datetime) -> int:
    people = Contact.objects.filter(account_id__in=account_ids, is_active=True).exclude(email="")
    people = people.filter(roles__overlap=series.audience_roles)
    found = list(people.order_by("account_id", "id").values_list("pk", "account_id"))
    results = enrol_contacts(series, [pk for pk, _ in found], actor=actor, now=now, by_role=True)
    unusable = {result.contact_id for result in results if result.result == Reason.NO_ADDRESS}
    reached = {account_id for pk, account_id in found if pk not in unusable}
    roles = " or ".join(ContactRole(role).label for role in series.audience_roles)
    words = f"No recipient with role {roles} for the series “{series}”."
    accounts.raise_alert(account_ids - reached, NO_RECIPIENT, words, actor=actor, now=now)
    accounts.clear_alert(reached, NO_RECIPIENT, actor=actor, now=now)
    return sum(result.result in ("enrolled", "restarted") for result in results)


# --- one enrolment --------------------------------------------------------------------------------------------------


def pause_enrolment(enrolment: Enrolment, *, actor: ledger.Actor, now: datetime, note: str = "") -> Enrolment:
    """This contact gets nothing of the series for now; everything moves on for it. Refused if it is not going."""
    with ledger.change(enrolment, "pause", actor=actor, now=now, note=note) as enrolment:
        waiting.hold(_messages(enrolment), "enrolment_paused")
    return enrolment


def resume_enrolment(enrolment: Enrolment, *, actor: ledger.Actor, now: datetime, note: str = "") -> Enrolment:
    """It goes on with the next slot, where it was. Refused if it is not paused."""
    with ledger.change(enrolment, "resume", actor=actor, now=now, note=note) as enrolment:
        waiting.release(_messages(enrolment), "enrolment_paused", now=now)
    return enrolment


def stop_enrolment(enrolment: Enrolment, *, actor: ledger.Actor, now: datetime, note: str = "") -> Enrolment:
    """This contact gets nothing more of the series. Refused if it has ended before."""
    with ledger.change(enrolment, "stop", actor=actor, now=now, note=note) as enrolment:
        enrolment.reason, enrolment.ended_at = Reason.BY_HAND, now
        waiting.leave_out(_messages(enrolment), Reason.BY_HAND)
    return enrolment


def _messages(enrolment: Enrolment) -> QuerySet[Message]:
    return Message.objects.filter(enrolment=enrolment)


def _uuids(ids: Sequence[UUID | str]) -> list[UUID]:
    return [pk if isinstance(pk, UUID) else UUID(pk) for pk in ids]
