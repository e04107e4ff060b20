"""`manage.py create_staff EMAIL [--name N]`"""

from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse

from cs_platform import ledger
from cs_platform.people import staff
from cs_platform.people.models import User


class Command(BaseCommand):
    help = "Create a person of the platform's staff, a member of no organisation, and print the link to set a password."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--name", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            user = staff.create_staff(options["email"], options["name"])
        except ledger.Refused as refusal:
            raise CommandError(str(refusal)) from None
        self.stderr.write(f"{user.email} is platform staff. The password is set with this link, within three days:")
        self.stdout.write(password_link(user))


def password_link(user: User) -> str:
    key = default_token_generator.make_token(user)
    address = reverse("account_reset_password_from_key", kwargs={"uidb36": user_pk_to_url_str(user), "key": key})
    return f"{settings.CS_BASE_URL}{address}"
