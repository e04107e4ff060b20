"""Verbs of people: tenants, invitations, memberships, API keys."""

import re
import secrets
import zoneinfo
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, NoReturn

import holidays
from allauth.account.models import EmailAddress
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from cs_platform import ledger
from cs_platform.ledger import Actor
from cs_platform.people import belongings, policies, selectors
from cs_platform.people.models import ApiKey, IdempotencyRecord, Invitation, Membership, Role, User, digest
from cs_platform.people.permissions import SCOPES
from cs_platform.tenancy import crypto, defaults
from cs_platform.tenancy.models import Tenant
from cs_platform.tenancy.scope import tenant_scope

ledger.sentences(
    {
        "tenant.create": "created the organisation {object}",
        "invitation.create": "invited a person",
        "invitation.accept": "accepted an invitation",
        "member.create": "{object} became a member",
        "member.rejoin": "{object} became a member again",
        "member.edit_roles": "changed the roles of {object}",
        "member.deactivate": "deactivated {object}",
        "member.added_second_factor": "set up a second factor",
        "member.removed_second_factor": "removed a second factor",
        "member.renewed_second_factor": "made new recovery codes",
        "member.reset_second_factor": "took the second factor of {object} away",
        "invitation.revoke": "revoked an invitation",
        "api_key.create": "created the API key {object}",
        "api_key.revoke": "revoked the API key {object}",
        "tenant.edit": "changed the settings of {object}",
        "tenant.set_logo": "changed the logo of {object}",
    }
)

INVITATION_DAYS = 14
SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,48}[a-z0-9])?")
Asker = Membership | ApiKey | None


class InvitationUnusable(ledger.Refused):
    """Unknown, used, expired, or for somebody else: one sentence, so that a stranger learns nothing."""

    def __init__(self) -> None:
        super().__init__("This invitation cannot be used. Ask for a new one.", code="invitation_unusable")


def _refuse(field: str, message: str, code: str = "invalid") -> NoReturn:
    raise ledger.Refused(message, code=code, field=field)


def clean_email(email: str, field: str = "email") -> str:
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError:
        _refuse(field, f"{email[:100]!r} is not an e-mail address.", "invalid_email")
    if len(email) > 254 or not email.isprintable():
        _refuse(field, "This e-mail address is too long.", "invalid_email")
    return email


def clean_roles(roles: Iterable[str]) -> list[str]:
    wanted = set(roles)
    unknown = sorted(wanted - set(Role.values))
    if unknown:
        _refuse("roles", f"{unknown[0]!r} is not a role. There are: {', '.join(Role.values)}.", "unknown_role")
    if not wanted:
        _refuse("roles", "A member needs at least one role.", "required")
    return [role for role in Role.values if role in wanted]


def clean_scopes(scopes: Iterable[str]) -> list[str]:
    wanted = set(scopes)
    unknown = sorted(wanted - set(SCOPES))
    if unknown:
        _refuse("scopes", f"{unknown[0]!r} is not a scope. There are: {', '.join(SCOPES)}.", "unknown_scope")
    if not wanted:
        _refuse("scopes", "A key needs at least one scope.", "required")
    return [scope for scope in SCOPES if scope in wanted]


def create_tenant(
    slug: str, name: str, timezone: str, owner_email: str, *, now: datetime, actor: Actor | None = None
) -> tuple[Tenant, str]:
    """A new organisation with its shipped defaults and an invitation for its owner; returns it and the link's token.

    Refused if the slug is taken or not a slug, the zone is unknown or the address is none.
    """
    actor = actor or ledger.system("operator")
    slug, name = slug.strip(), name.strip()
    if not SLUG.fullmatch(slug):
        _refuse("slug", f"{slug[:60]!r} is not a slug: small letters, digits and dashes, at most 50.", "invalid_slug")
    if not name or len(name) > 100 or not name.isprintable():
        _refuse("name", "A name has 1 to 100 printable characters.", "invalid_name")
    if timezone not in zoneinfo.available_timezones():
        _refuse("timezone", f"{timezone[:60]!r} is not an IANA time zone like Europe/Berlin.", "invalid_timezone")
    owner_email = clean_email(owner_email, "owner_email")
    try:
        with transaction.atomic():
            tenant = Tenant.objects.create(slug=slug, name=name, timezone=timezone, created_at=now)
            with tenant_scope(tenant):
                ledger.note(tenant, "create", actor=actor, now=now)
                defaults.seed(tenant, actor=actor, now=now)
                _, token = _invitation(owner_email, [Role.OWNER], None, actor=actor, now=now)
    except IntegrityError as error:
        if "slug" not in str(error):
            raise
        _refuse("slug", f"The slug {slug!r} is taken.", "slug_taken")
    return tenant, token


def _invitation(email: str, roles: list[str], by: Asker, *, actor: Actor, now: datetime) -> tuple[Invitation, str]:
    token = secrets.token_urlsafe(32)
    invitation = ledger.create(
        Invitation(
            email=email,
            roles=roles,
            digest=digest(token),
            invited_by=by if isinstance(by, Membership) else None,
            expires_at=now + timedelta(days=INVITATION_DAYS),
            created_at=now,
        ),
        actor=actor,
        now=now,
    )
    return invitation, token


def invite_member(email: str, roles: Iterable[str], *, by: Asker, actor: Actor, now: datetime) -> Invitation:
    """An address is asked to join; the link goes to that address and to nobody else.

    Refused if it is no address, a role is unknown, an owner role is given by somebody who is none, or the person is
    an active member already.
    """
    email, wanted = clean_email(email), clean_roles(roles)
    if not policies.may_grant(by, wanted):
        _refuse("roles", "Only an owner can make somebody an owner.", "owner_only")
    if Membership.objects.filter(user__email__iexact=email, is_active=True).exists():
        _refuse("email", "This person is a member already.", "already_member")
    with ledger.unit():
        invitation, token = _invitation(email, wanted, by, actor=actor, now=now)
        sealed = crypto.seal(
            token, tenant_id=invitation.tenant_id, table="people_invitation", row=str(invitation.pk), field="token"
        )
        ledger.enqueue(
            "people.mail_invitation",
            {"invitation_id": str(invitation.pk), "sealed": sealed},
            due_at=now,
            dedupe_key=str(invitation.pk),
        )
    return invitation


def accept_invitation(
    invitation: Invitation, *, user: User | None, name: str = "", password: str = "", now: datetime
) -> Membership:
    """The invited person joins. Without `user` a new user is made with this password; the address counts as verified,
    because the link went there.

    Refused if the invitation is used or expired, belongs to another address, or the address has a user who is not
    the one signed in.
    """
    actor = Actor("member", "", "the invited person", "page")
    with ledger.change(invitation, "accept", actor=actor, now=now) as invitation:
        if not invitation.open_at(now):
            raise InvitationUnusable
        if user is None:
            user = _new_user(invitation.email, name, password)
        elif user.is_staff or not selectors.is_address_of(user, invitation.email):
            raise InvitationUnusable
        _verified(user, invitation.email)
        invitation.accepted_at = now
        member = Membership.objects.select_related("user").filter(user=user).first()
        if member is None:
            fresh = Membership(user=user, roles=invitation.roles, created_at=now, updated_at=now)
            return ledger.create(fresh, actor=Actor("member", str(fresh.pk), str(user), "page"), now=now)
        with ledger.change(member, "rejoin", actor=member.actor, now=now) as member:
            member.is_active = True
            member.roles = [r for r in Role.values if r in {*member.roles, *invitation.roles}]
    return member


def _verified(user: User, email: str) -> None:
    """The link went to this address. An address that somebody else only claimed is not theirs any more."""
    EmailAddress.objects.filter(email__iexact=email, verified=False).exclude(user=user).delete()
    address = EmailAddress.objects.filter(user=user, email__iexact=email).first()
    if address is None:
        has_primary = EmailAddress.objects.filter(user=user, primary=True).exists()
        address = EmailAddress(user=user, email=email, primary=not has_primary)
    address.verified = True
    address.save()


def _new_user(email: str, name: str, password: str) -> User:
    if selectors.user_with_address(email) is not None:
        raise InvitationUnusable  # the page asks the person to sign in first
    name = name.strip()
    if not name or len(name) > 150 or not name.isprintable():
        _refuse("name", "Tell us your name, in at most 150 characters.", "required")
    try:
        validate_password(password, User(email=email, name=name))
    except ValidationError as error:
        _refuse("password", " ".join(error.messages), "weak_password")
    try:
        with transaction.atomic():
            return User.objects.create_user(email, password, name=name)
    except IntegrityError:
        raise InvitationUnusable from None


def revoke_invitation(invitation: Invitation, *, actor: Actor, now: datetime) -> Invitation:
    """The link stops working at once. Refused if it was used or has expired."""
    with ledger.change(invitation, "revoke", actor=actor, now=now) as invitation:
        if not invitation.open_at(now):
            _refuse("", "This invitation was used, or has ended.", "not_open")
        invitation.expires_at = now
    return invitation


def edit_roles(member: Membership, roles: Iterable[str], *, by: Asker, actor: Actor, now: datetime) -> Membership:
    """A member's roles are replaced.

    Refused if a role is unknown, an owner is made or unmade by somebody who is none, or no owner would be left.
    """
    wanted = clean_roles(roles)
    with ledger.change(member, "edit_roles", actor=actor, now=now) as member:
        if (Role.OWNER in wanted) != (Role.OWNER in member.roles):
            if not policies.may_grant(by, [Role.OWNER]):
                _refuse("roles", "Only an owner can make or unmake an owner.", "owner_only")
            if Role.OWNER not in wanted:
                _keep_an_owner(member)
        member.roles = wanted
    return member


def deactivate_member(
    member: Membership, *, by: Asker, actor: Actor, now: datetime, plan: Mapping[str, str] | None = None
) -> Membership:
    """The member is shut out at once; rows that name the member stay. What the member owns goes where `plan` says, by
    kind: to the member with this id, or "unassign".

    Refused if inactive already, if an owner is removed by somebody who is none, if no owner would be left, or if the
    plan leaves out something that is owned.
    """
    with ledger.unit():
        _refuse_to_deactivate(member, by)
        belongings.hand_over(member, plan or {}, actor=actor, now=now)
        with ledger.change(member, "deactivate", actor=actor, now=now) as member:
            _refuse_to_deactivate(member, by)
            belongings.refuse_leftovers(member)
            member.is_active = False
    return member


def _refuse_to_deactivate(member: Membership, by: Asker) -> None:
    if not member.is_active:
        _refuse("", f"{member} is not active.", "not_active")
    if Role.OWNER in member.roles:
        if not policies.may_grant(by, [Role.OWNER]):
            _refuse("", "Only an owner can remove an owner.", "owner_only")
        _keep_an_owner(member)


def note_member_seen(member: Membership, *, now: datetime) -> None:
    """When a member was last here, to the hour: not a change of anything, so the ledger does not hear of it."""
    if member.last_seen_at is None or now - member.last_seen_at >= timedelta(hours=1):
        Membership.objects.filter(pk=member.pk).update(last_seen_at=now)
        member.last_seen_at = now


def _keep_an_owner(member: Membership) -> None:
    # Locked, so that two owners who remove each other at the same time do not both succeed.
    if not selectors.owners_beside(member).select_for_update(of=("self",)).exists():
        _refuse("roles", "This is the last owner. Make somebody else an owner first.", "last_owner")


def create_api_key(
    name: str,
    scopes: Iterable[str],
    *,
    actor: Actor,
    now: datetime,
    by: Asker = None,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """A key for a program; returns it and its plain text, which is shown this once and kept nowhere.

    Refused if the name is empty, a scope is unknown, or the key would have expired already.
    """
    name = name.strip()
    if not name or len(name) > 100 or not name.isprintable():
        _refuse("name", "A key needs a name of at most 100 printable characters.", "required")
    if expires_at is not None and expires_at <= now:
        _refuse("expires_at", "The key would be expired already.", "in_the_past")
    prefix = secrets.token_hex(6)
    plain = f"cs_{prefix}_{secrets.token_urlsafe(32)}"
    key = ApiKey(
        name=name,
        prefix=prefix,
        digest=digest(plain),
        scopes=clean_scopes(scopes),
        created_by=by if isinstance(by, Membership) else None,
        expires_at=expires_at,
        created_at=now,
    )
    return ledger.create(key, actor=actor, now=now), plain


def revoke_api_key(key: ApiKey, *, actor: Actor, now: datetime) -> ApiKey:
    """The key stops working at once. Refused if it was revoked before."""
    with ledger.change(key, "revoke", actor=actor, now=now) as key:
        if key.revoked_at is not None:
            _refuse("", "This key was revoked before.", "already_revoked")
        key.revoked_at = now
    return key


def note_key_use(key: ApiKey, *, now: datetime) -> None:
    """When a key was last used, to the minute: not a change of anything, so the ledger does not hear of it."""
    if key.last_used_at is None or now - key.last_used_at > timedelta(minutes=1):
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)


def forget_idempotency(*, now: datetime) -> int:
    """Stored answers older than a day are dropped; after that the same key is a new request."""
    return IdempotencyRecord.objects.filter(created_at__lt=now - timedelta(days=1)).delete()[0]


# --- the organisation -----------------------------------------------------------------------------------------------

MAX_OWN_HOLIDAYS = 200
MAX_LOGO = 100 * 1024
MAX_LOGO_SIDE = 1024
PNG = b"\x89PNG\r\n\x1a\n"
_TEXTS = {"name": 100, "sender_name": 100, "postal_address": 300}


def edit_tenant(tenant: Tenant, values: Mapping[str, Any], *, actor: Actor, now: datetime) -> Tenant:
    """Change the given settings of the organisation and no others.

    Refused if the zone, the country or its part, a day, an address or the colour is none.
    """
    clean = {name: _tenant_value(name, value) for name, value in values.items()}
    country = clean.get("holiday_country", tenant.holiday_country)
    if "holiday_country" in clean or "holiday_subdivision" in clean:
        _refuse_unknown_calendar(country, clean.get("holiday_subdivision", tenant.holiday_subdivision))
    with ledger.change(tenant, "edit", actor=actor, now=now) as tenant:
        for name, value in clean.items():
            setattr(tenant, name, value)
    return tenant


def _tenant_value(name: str, value: Any) -> Any:
    if name == "own_holidays":
        days = sorted(set(value))
        if len(days) > MAX_OWN_HOLIDAYS:
            _refuse(name, f"At most {MAX_OWN_HOLIDAYS} days of your own.", "too_many")
        return days
    text = str(value or "").strip()
    if name in _TEXTS:
        if len(text) > _TEXTS[name] or not text.replace("\n", " ").replace("\r", " ").isprintable():
            _refuse(name, f"At most {_TEXTS[name]} printable characters.", "invalid")
        if name == "name" and not text:
            _refuse(name, "The organisation needs a name.", "required")
        return text.replace("\r\n", "\n") if name == "postal_address" else " ".join(text.split())
    if name in ("sender_email", "reply_to"):
        return clean_email(text, name) if text else ""
    if name == "second_factor" and text not in Tenant.SecondFactor.values:
        _refuse(name, f"There are: {', '.join(Tenant.SecondFactor.values)}.", "unknown")
    if name == "timezone" and text not in zoneinfo.available_timezones():
        _refuse(name, f"{text[:60]!r} is not an IANA time zone like Europe/Berlin.", "invalid_timezone")
    if name == "brand_colour" and text and not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        _refuse(name, "A colour is written like #2457c5.", "invalid_colour")
    if name not in ("timezone", "brand_colour", "holiday_country", "holiday_subdivision", "second_factor"):
        raise ValueError(f"{name} is not a setting of the organisation")
    return text.lower() if name == "brand_colour" else text


def parts_of_country(country: str) -> list[str]:
    """The parts of a country that have holidays of their own."""
    return list(holidays.list_supported_countries(include_aliases=False).get(country, []))


def _refuse_unknown_calendar(country: str, subdivision: str) -> None:
    known = holidays.list_supported_countries(include_aliases=False)
    if country and country not in known:
        _refuse("holiday_country", f"No holidays are known for {country[:20]!r}. Give a code like DE or US.", "unknown")
    if subdivision and subdivision not in known.get(country, []):
        listed = ", ".join(known.get(country, [])[:20]) or "no parts"
        _refuse("holiday_subdivision", f"{subdivision[:20]!r} is not part of it. There are: {listed}.", "unknown")


def set_logo(tenant: Tenant, picture: bytes, *, actor: Actor, now: datetime) -> Tenant:
    """The picture that stands for the organisation; empty for none. Refused if it is no PNG, or too large."""
    if picture:
        if not picture.startswith(PNG) or len(picture) < 33 or picture[12:16] != b"IHDR":
            _refuse("logo", "This is not a PNG picture.", "not_png")
        if len(picture) > MAX_LOGO:
            _refuse("logo", f"The picture is larger than {MAX_LOGO // 1024} kB.", "size")
        width, height = int.from_bytes(picture[16:20], "big"), int.from_bytes(picture[20:24], "big")
        if not 1 <= width <= MAX_LOGO_SIDE or not 1 <= height <= MAX_LOGO_SIDE:
            _refuse("logo", f"The picture is {width} × {height}; at most {MAX_LOGO_SIDE} pixels a side.", "size")
    with ledger.change(tenant, "set_logo", actor=actor, now=now) as tenant:
        tenant.logo, tenant.logo_type = picture, "image/png" if picture else ""
    return tenant
