"""What django-allauth asks about second factors here."""

from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.utils.translation import gettext

from cs_platform.people.models import User
from cs_platform.people.second_factor import sealing


class MFAAdapter(DefaultMFAAdapter):
    def encrypt(self, text: str) -> str:
        """A factor is set up by the person who is signed in, and by nobody else."""
        user = context.request.user
        if not isinstance(user, User):
            raise RuntimeError("a second factor without a person")
        return sealing.seal(text, user_id=user.pk)

    def decrypt(self, encrypted_text: str) -> str:
        return sealing.open_sealed(encrypted_text)

    def get_totp_issuer(self) -> str:
        return settings.PRODUCT_NAME

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {**super().get_public_key_credential_rp_entity(), "name": settings.PRODUCT_NAME}

    def generate_authenticator_name(self, user: AbstractBaseUser, type: Authenticator.Type) -> str:
        number = Authenticator.objects.filter(user_id=user.pk, type=type).count() + 1
        return gettext("Passkey") if number == 1 else gettext("Passkey {number}").format(number=number)

    def send_notification_mail(self, *args: object, **kwargs: object) -> None:
        """telling.py tells the person, through the queue."""
