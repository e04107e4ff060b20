"""For somebody who lost the device and the recovery codes: an administrator takes the second factor away."""

from datetime import datetime

from allauth.mfa.models import Authenticator

from cs_platform import ledger
from cs_platform.ledger import Actor
from cs_platform.people import policies, selectors
from cs_platform.people.models import ApiKey, Membership, Role, User
from cs_platform.people.second_factor import rule, telling


def reset_second_factor(
    member: Membership, *, by: Membership | ApiKey | None, actor: Actor, now: datetime
) -> Membership:
    """All factors and recovery codes of the person are gone; the password stays, and the person gets a mail.

    Refused for oneself, for somebody without a factor, for an owner by anybody else than an owner, and for a person
    who works in another organisation too: its security is not this organisation's to lower.
    """
    if isinstance(by, Membership) and by.pk == member.pk:
        raise ledger.Refused("Change your own second factor on your own page.", code="own_second_factor")
    if Role.OWNER in member.roles and not policies.may_grant(by, [Role.OWNER]):
        raise ledger.Refused("Only an owner can do this for an owner.", code="owner_only")
    with ledger.unit():
        user = User.objects.select_for_update().get(pk=member.user_id)
        if user.is_staff or len({place.tenant.pk for place in selectors.places_of(user)} - {member.tenant_id}):
            words = f"{member} works in another organisation too. Only a recovery code of the person's own helps."
            raise ledger.Refused(words, code="belongs_elsewhere")
        if not rule.has_factor(user.pk):
            raise ledger.Refused(f"{member} has no second factor.", code="no_second_factor")
        Authenticator.objects.filter(user=user).delete()
        ledger.note(member, "reset_second_factor", actor=actor, now=now)
        telling.mail_through_queue(user, "reset", now=now, words=f"{actor.words} of {member.tenant.name}")
    return member
