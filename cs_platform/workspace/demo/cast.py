"""Who works in the demo: organisations, members and how they sign in. Harmless to repeat."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from cs_platform import ledger
from cs_platform.people import selectors as people
from cs_platform.people import services
from cs_platform.people.models import Membership, Role, User
from cs_platform.tenancy.models import Tenant
from cs_platform.tenancy.scope import tenant_scope

PASSWORD = "harbour-lights-26"
LOADER = ledger.system("demo")


@dataclass(frozen=True)
class Person:
    name: str
    email: str
    role: Role


@dataclass(frozen=True)
class Organisation:
    slug: str
    name: str
    timezone: str
    settings: dict[str, Any]
    people: tuple[Person, ...]  # the owner first


def _christmas(year: int) -> list[date]:
    return [date(year, 12, 24), date(year, 12, 31)]


ACME = Organisation(
    "acme",
    "Acme Robotics",
    "Europe/Berlin",
    {
        "holiday_country": "DE",
        "holiday_subdivision": "BE",
        "own_holidays": [day for year in (2026, 2027, 2028) for day in _christmas(year)],
        "sender_name": "Acme Customer Success",
        "sender_email": "success@acme.example",
        "reply_to": "success@acme.example",
        "postal_address": "Acme Robotics GmbH\nTorstraße 1, 10119 Berlin, Germany",
    },
    (
        Person("Ana Lindqvist", "ana@acme.example", Role.OWNER),
        Person("Ben Okafor", "ben@acme.example", Role.CSM),
        Person("Carla Moreau", "carla@acme.example", Role.CSM),
        Person("Dev Raman", "dev@acme.example", Role.CSM),
        Person("Tess Marchetti", "tess@acme.example", Role.TA_LEADER),
        Person("Cem Aydin", "cem@acme.example", Role.PRESALES_CE),
        Person("Rhea Novak", "rhea@acme.example", Role.VIEWER),
    ),
)
UMBRA = Organisation(
    "umbra",
    "Umbra Analytics",
    "America/New_York",
    {
        "holiday_country": "US",
        "sender_name": "Umbra Success",
        "sender_email": "hello@umbra.example",
        "reply_to": "hello@umbra.example",
        "postal_address": "Umbra Analytics Inc., 11 Water Street, New York, NY 10004, USA",
        "brand_colour": "#6d3fb4",
    },
    (
        Person("Otto Vance", "otto@umbra.example", Role.OWNER),
        Person("Nina Castell", "nina@umbra.example", Role.CSM),
        Person("Tess Marchetti", "tess@acme.example", Role.CS_OPS),
    ),
)


def set_up(organisation: Organisation, *, now: datetime) -> Tenant:
    """The organisation with its settings and everybody in it."""
    owner = organisation.people[0]
    tenant = Tenant.objects.filter(slug=organisation.slug).first()
    if tenant is None:
        tenant, token = services.create_tenant(
            organisation.slug, organisation.name, organisation.timezone, owner.email, now=now, actor=LOADER
        )
        invitation = people.invitation_for(token, now=now)
        assert invitation is not None
        with tenant_scope(tenant):
            _accept(invitation, owner, now)
    with tenant_scope(tenant):
        for person in organisation.people:
            if not Membership.objects.filter(user__email=person.email).exists():
                invitation = services.invite_member(person.email, [person.role], by=None, actor=LOADER, now=now)
                _accept(invitation, person, now)
        return services.edit_tenant(tenant, organisation.settings, actor=LOADER, now=now)


def _accept(invitation: Any, person: Person, now: datetime) -> None:
    known = User.objects.filter(email=person.email).first()
    services.accept_invitation(invitation, user=known, name=person.name, password=PASSWORD, now=now)


def member(email: str) -> Membership:
    """Within the scope of the tenant."""
    return Membership.objects.select_related("user").get(user__email=email)


def logins() -> list[dict[str, str]]:
    """Who can sign in, in the order in which they are shown; somebody in two organisations stands there once."""
    found: dict[str, dict[str, str]] = {}
    for organisation in (ACME, UMBRA):
        for person in organisation.people:
            words = f"{person.role.label} of {organisation.name}"
            if person.email in found:
                known = found[person.email]
                known["words"] = f"{known['words']}, and {words}"
                continue
            found[person.email] = {
                "who": person.name,
                "email": person.email,
                "password": PASSWORD,
                "role": person.role.value,
                "tenant": organisation.slug,
                "words": words,
            }
    return list(found.values())
