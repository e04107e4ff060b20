"""What the page of an account asks of the rooms, beside what they answer by themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject
from django.http import Http404

from accounts import selectors as accounts
from accounts.models import AccountAlert, Contact
from campaigns.models import Enrolment, Series, Suppression
from cs_platform.people.models import Membership, Role
from lifecycle import selectors as lifecycle
from lifecycle.models import StageInterval
from lifecycle.selectors.explaining import because

LOOKS_AFTER = (Role.CSM, Role.TEAM_LEAD, Role.TA_LEADER, Role.OWNER, Role.ADMIN, Role.CS_OPS)


@dataclass(frozen=True)
class ContactMail:
    """Whether a contact gets mail from us, and from which series."""

    tone: str
    icon: str
    words: str
    series: tuple[dict[str, Any], ...] = ()


def contacts_with_mail(account_id: UUID) -> list[Contact]:
    """The people of an account, each with `mail`, in one question."""
    enrolled = Enrolment.objects.filter(contact=OuterRef("pk")).order_by("created_at", "pk")
    known_by = Enrolment.objects.filter(contact=OuterRef(OuterRef("pk"))).values("address_key")
    stopped = Suppression.objects.filter(
        Q(contact=OuterRef("pk")) | Q(address_key__in=known_by), released_at__isnull=True
    ).order_by("created_at")
    found: list[Contact] = list(
        accounts.contacts_of(account_id).annotate(
            in_series=ArraySubquery(
                enrolled.values(
                    json=JSONObject(
                        id="pk", state="state", reason="reason", position="position", series="series__name",
                        series_id="series_id",
                    )
                )
            ),
            kept_from=ArraySubquery(stopped.values(json=JSONObject(reason="reason", category="category"))),
        )
    )  # fmt: skip
    for contact in found:
        contact.mail = _mail_of(contact)  # type: ignore[attr-defined]
    return found


def _mail_of(contact: Any) -> ContactMail:
    series = tuple(_enrolment(row) for row in contact.in_series)
    for row in contact.kept_from:
        if not row["category"]:
            return ContactMail("bad", "mail-off", dict(Suppression.Reason.choices).get(row["reason"], "Off"), series)
    if not contact.email:
        return ContactMail("watch", "mail-off", "No e-mail address", series)
    going = [row for row in series if row["is_going"]]
    if going:
        return ContactMail("good", "mail-forward", f"In {going[0]['series']}", series)
    if contact.kept_from:
        return ContactMail("watch", "mail-off", "Unsubscribed in part", series)
    ended = series[-1] if series else None
    if ended is not None:
        icon = "mail-check" if ended["state"] == "completed" else "mail-pause"
        return ContactMail("neutral", icon, ended["words"], series)
    return ContactMail("neutral", "mail", "May be written to", series)


def _enrolment(row: dict[str, Any]) -> dict[str, Any]:
    """One series of a contact, in words."""
    state, name = row["state"], row["series"]
    reason = dict(Enrolment.Reason.choices).get(row["reason"], row["reason"])
    words = {
        "active": f"Gets {name}, {row['position']} sent",
        "paused": f"{name} is paused after {row['position']}",
        "completed": f"{name} is complete, {row['position']} sent",
        "stopped": f"{name} ended after {row['position']}: {reason}",
    }[state]
    return {**row, "words": words, "is_going": state in ("active", "paused")}


def managers() -> QuerySet[Membership]:
    """The members who may look after an account."""
    active = Membership.objects.filter(is_active=True, roles__overlap=[role.value for role in LOOKS_AFTER])
    return active.select_related("user").order_by("user__name", "user__email", "pk")


def series_for_enrolment() -> QuerySet[Series]:
    return Series.objects.exclude(state=Series.State.ARCHIVED).order_by("name")


def enrolment_of(account_id: UUID, pk: UUID) -> Enrolment | None:
    return Enrolment.objects.filter(account_id=account_id, pk=pk).select_related("series", "contact").first()


def alert_of(account_id: UUID, pk: UUID) -> AccountAlert:
    found = AccountAlert.objects.filter(account_id=account_id, pk=pk).first()
    if found is None:
        raise Http404
    return found


def stage_history(account_id: UUID, *, zone: str) -> list[tuple[str, Sequence[StageInterval]]]:
    """The intervals of each lifecycle of an account, newest first, each with `words` that say why it began."""
    found: dict[str, list[StageInterval]] = {}
    for interval in lifecycle.history(account_id):
        said = because(interval, ZoneInfo(zone))
        interval.words = said[:1].upper() + said[1:]  # type: ignore[attr-defined]
        found.setdefault(interval.lifecycle.name, []).append(interval)
    return list(found.items())


def next_emails(account_id: UUID, *, now: datetime, limit: int) -> list[Any]:
    """What goes to this account next, computed by the room that sends."""
    from campaigns import selectors as campaigns

    return list(campaigns.next_messages(account_id, limit, now=now))
