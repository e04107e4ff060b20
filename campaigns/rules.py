"""Who may be in a series, where he is, and which slots lie ahead: asked by the verbs that enrol and plan, and by the
pages that say what will go and why something did not. Nothing is read or written here."""

import datetime as dt
from dataclasses import dataclass

from accounts.models import Account, Contact
from campaigns import addresses, zones
from campaigns.calendar import DAY, LATE_LIMIT, DaysOff, Slot, days_off, slots, usable_country
from campaigns.models import Enrolment, Series
from cs_platform.tenancy.models import Tenant

Reason = Enrolment.Reason


@dataclass(frozen=True)
class Place:
    """Where a contact is, as far as a slot must know: `zone` empty means the tenant's."""

    zone: str
    calendar: str


def place_of(series: Series, contact_zone: str, account_zone: str, account_country: str) -> Place:
    wanted = {Series.RECIPIENT: [contact_zone, account_zone], Series.ACCOUNT: [account_zone]}.get(series.zone, [])
    zone = next((name for name in wanted if zones.is_zone(name)), series.fixed_zone)
    return Place(zone, usable_country(account_country))


def standing(series: Series, contact: Contact, account: Account, *, by_role: bool) -> str:
    """Why this contact can not be in the series; empty if it can."""
    if account.state != Account.State.MANAGED:
        return Reason.ARCHIVED
    if not contact.is_active:
        return Reason.INACTIVE
    try:
        addresses.normal(contact.email)
    except addresses.BadAddress:
        return Reason.NO_ADDRESS
    if by_role and series.audience_roles and not set(contact.roles) & set(series.audience_roles):
        return Reason.ROLE_LOST
    return ""


def refusal(
    series: Series, contact: Contact, account: Account, *, by_role: bool, is_suppressed: bool, is_taken: bool
) -> str:
    """Why this contact is not enrolled; empty if it may be. `is_taken`: another one in the series has the address."""
    why = standing(series, contact, account, by_role=by_role)
    if not why and is_suppressed:
        why = Reason.SUPPRESSED
    if not why and is_taken:
        why = Reason.SAME_ADDRESS
    return why


def days_off_at(tenant: Tenant, calendar: str) -> DaysOff:
    """The days on which nothing is sent to a contact whose account is in this country."""
    return days_off(tenant.holiday_country, tenant.holiday_subdivision, tenant.own_holidays, calendar)


def slots_ahead(series: Series, zone: str, off: DaysOff, *, now: dt.datetime, last: dt.date) -> list[Slot]:
    """The slots from today on that go out or may still go out. Nothing that was due before the series was last changed
    or resumed: that would be a catch-up."""
    earliest, today = max(now - LATE_LIMIT, series.updated_at), zones.local_date(now, zone)
    return [slot for slot in slots(series.rule, zone, off, today, max(today, last)) if slot.due_at >= earliest]


def slots_behind(series: Series, zone: str, off: DaysOff, *, now: dt.datetime) -> list[Slot]:
    """The slots of yesterday and today that are too late by now and that the series, as it is, should have sent."""
    today = zones.local_date(now, zone)
    found = slots(series.rule, zone, off, today - DAY, today)
    return [slot for slot in found if slot.late_after < now and slot.due_at >= series.updated_at]


def horizon(now: dt.datetime, zone: str, days: int) -> dt.date:
    return zones.local_date(now, zone) + days * DAY
