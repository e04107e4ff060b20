"""Secrets of a user at rest, sealed with the data key of the installation and bound to the user.

A user belongs to no tenant, so no tenant's data key fits. The sealed text names its user, who is part of what is
authenticated; a row that holds the text of another user is not read at all. The keys rotate with the others.
"""

from allauth.mfa.models import Authenticator

from cs_platform.tenancy import crypto
from cs_platform.tenancy.crypto import CannotOpen

PREFIX = "u1"
SECRETS = ("secret", "seed")  # the fields of Authenticator.data that are sealed


def seal(plain: str, *, user_id: int) -> str:
    sealed = crypto.seal_for_installation(plain, table="mfa_authenticator", row=str(user_id), field="secret")
    return f"{PREFIX}.{user_id}.{sealed}"


def open_sealed(sealed: str) -> str:
    """The plain text. CannotOpen if it is damaged, was made to name another user, or its key is gone."""
    user_id, inner = _parts(sealed)
    return crypto.open_for_installation(inner, table="mfa_authenticator", row=str(user_id), field="secret")


def refuse_a_moved_secret(sender: type[Authenticator], instance: Authenticator, **_: object) -> None:
    """A row whose secret names another user was copied there by somebody with the database in hand."""
    if "data" in instance.get_deferred_fields() or not isinstance(instance.data, dict):
        return
    for name in SECRETS:
        if name in instance.data and _parts(instance.data[name])[0] != instance.user_id:
            raise CannotOpen(f"the second factor of user {instance.user_id} was sealed for another user")


def _parts(sealed: str) -> tuple[int, str]:
    try:
        prefix, user_id, inner = sealed.split(".", 2)
        if prefix != PREFIX:
            raise ValueError(prefix)
        return int(user_id), inner
    except (ValueError, AttributeError) as error:
        raise CannotOpen("not a sealed value of a user") from error
