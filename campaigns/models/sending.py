"""What stops mail: addresses that must not be written to, and the switch of the whole tenant."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from accounts.models import Contact
from cs_platform.tenancy.models import TenantFK, TenantOwned


class Suppression(TenantOwned):
    """An address that gets no mail of a category (empty: none at all) until it is released. Only a keyed hash of the
    address is kept and a form with stars to show, so that the row can stay when the contact is erased."""

    class Reason(models.TextChoices):
        UNSUBSCRIBED = "unsubscribed", "Unsubscribed"
        BOUNCED = "bounced", "Bounced"
        COMPLAINT = "complaint", "Complained"
        MANUAL = "manual", "By hand"

    ledger_name = "suppression"
    ledger_quiet: ClassVar[set[str]] = {"address_key"}

    address_key = models.CharField(max_length=32)
    masked = models.CharField(max_length=60)
    reason = models.CharField(max_length=20, choices=Reason)
    category = models.CharField(max_length=20, default="", blank=True)
    note = models.CharField(max_length=500, default="", blank=True)
    contact = TenantFK(Contact, on_delete=models.SET_NULL, null=True, blank=True, related_name="suppressions")
    created_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["tenant", "address_key", "category"],
                condition=Q(released_at__isnull=True),
                name="suppression_once",
            ),
        )
        indexes = (models.Index(fields=["tenant", "-created_at", "-id"], name="suppression_newest"),)

    def __str__(self) -> str:
        return self.masked


class SendingControl(TenantOwned):
    """The tenant's switch for all mail to customers, one row.

    `installation_id` names the installation that may send: a copy of the database that wakes up elsewhere has another
    one and sends nothing until a person says that it is the real one now. `sealed_secret` keys the hashes of addresses
    and never changes, or suppressions would be forgotten. `problem` is what the mail server last said to all of us.
    """

    ledger_name = "sending"
    ledger_private: ClassVar[set[str]] = {"sealed_secret"}
    ledger_quiet: ClassVar[set[str]] = {"problem", "problem_at"}

    is_on = models.BooleanField(default=True)
    stopped_why = models.CharField(max_length=300, default="", blank=True)
    installation_id = models.CharField(max_length=100, default="", blank=True)
    sealed_secret = models.TextField()
    problem = models.CharField(max_length=500, default="", blank=True)
    problem_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["tenant"], name="sending_control_once"),)

    def __str__(self) -> str:
        return "all mail to customers"
