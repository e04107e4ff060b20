"""Verbs of platform staff. They belong to the installation and to no tenant, so no tenant's ledger hears of them."""

from allauth.account.models import EmailAddress
from django.db import transaction

from cs_platform import ledger
from cs_platform.people import selectors
from cs_platform.people.models import User
from cs_platform.people.services import clean_email


def create_staff(email: str, name: str = "") -> User:
    """A user without a password who may look at /platform/. Asked again for the same person it changes nothing, so
    that a link that was lost can be printed anew.

    Refused if the address is none, or belongs to somebody who works in an organisation.
    """
    email = clean_email(email)
    with transaction.atomic():
        user = selectors.user_with_address(email)
        if user is not None and not user.is_staff:
            words = f"{email} belongs to somebody who works in an organisation. Staff need an address of their own."
            raise ledger.Refused(words, code="is_a_member", field="email")
        if user is None:
            user = User.objects.create_user(email, None, name=name.strip()[:150], is_staff=True)
            EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user
