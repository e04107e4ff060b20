"""What stops mail: addresses that must not be written to, pauses, and the switch of the whole tenant."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from accounts.models import Account, Contact
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


class MailPause(TenantOwned):
    """No mail to an account, or to one of its contacts, until a day or until somebody ends it; then mail goes again at
    the next slot and nothing bursts. `ends_at` is the beginning of the day `until` in the organisation's zone.

    With `shift` everything moves on: the e-mail that would have gone comes at the first slot after. With `drop` what
    falls due meanwhile is left out for good, as if it had been sent. Of two pauses over a contact, `shift` counts.
    """

    class Policy(models.TextChoices):
        SHIFT = "shift", "Everything moves on"
        DROP = "drop", "What falls due is left out"

    ledger_name = "mail_pause"
    ledger_quiet: ClassVar[set[str]] = {"ends_at", "started_by", "ended_by"}

    account = TenantFK(Account, on_delete=models.PROTECT, related_name="mail_pauses")
    contact = TenantFK(Contact, on_delete=models.CASCADE, null=True, blank=True, related_name="mail_pauses")
    why = models.CharField(max_length=300)
    policy = models.CharField(max_length=10, choices=Policy, default=Policy.SHIFT)
    until = models.DateField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    started_by = models.CharField(max_length=200, default="", blank=True)
    ended_by = models.CharField(max_length=200, default="", blank=True)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["tenant", "account"],
                condition=Q(ended_at__isnull=True, contact__isnull=True),
                name="mail_pause_account_once",
            ),
            models.UniqueConstraint(
                fields=["tenant", "contact"], condition=Q(ended_at__isnull=True), name="mail_pause_contact_once"
            ),
            models.CheckConstraint(condition=Q(policy__in=["shift", "drop"]), name="mail_pause_policy"),
            models.CheckConstraint(condition=~Q(why=""), name="mail_pause_has_why"),
        )
        indexes = (
            models.Index(
                fields=["tenant", "account", "contact"], condition=Q(ended_at__isnull=True), name="mail_pause_open"
            ),
            models.Index(fields=["tenant", "-created_at", "-id"], name="mail_pause_newest"),
        )

    def __str__(self) -> str:
        whose = self.contact.name if self.contact_id and self.contact else self.account.name
        return f"mail to {whose}"


class SendingControl(TenantOwned):
    """The tenant's switch for all mail to customers, one row.

    `installation_id` names the installation that may send: a copy of the database that wakes up elsewhere has another
    one and sends nothing until a person says that it is the real one now. `sealed_secret` keys the hashes of addresses
    and never changes, or suppressions would be forgotten. `problem` is what the mail server last said to all of us.
    """

    ledger_name = "sending"
    ledger_private: ClassVar[set[str]] = {"sealed_secret"}
    ledger_quiet: ClassVar[set[str]] = {"problem", "problem_at", "stopped_at", "stopped_by"}

    is_on = models.BooleanField(default=True)
    stopped_why = models.CharField(max_length=300, default="", blank=True)
    stopped_by = models.CharField(max_length=200, default="", blank=True)
    stopped_at = models.DateTimeField(null=True, blank=True)
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
