"""Who and what belongs to an account: its people and its deals."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from accounts.models.customers import CURRENCY, MAX_MINOR, Account
from cs_platform.people.models import Membership
from cs_platform.tenancy.models import TenantFK, TenantOwned


class ContactRole(models.TextChoices):
    """What a person is to us. Everything we write goes to contacts by role, so the words are fixed."""

    CHAMPION = "Champion"
    DEAL_CONTACT = "Deal Contact"
    INSTANCE_ADMIN = "Instance Admin"
    EXECUTIVE = "Executive"
    ECONOMIC_BUYER = "Economic Buyer"
    END_USER = "End User"
    PROGRAM_CONTACT = "Program Contact"


class Contact(TenantOwned):
    """A person at an account, with any number of roles. One who is gone is inactive and is not written to."""

    ledger_name = "contact"
    ledger_private: ClassVar[set[str]] = {"email", "phone"}
    ledger_quiet: ClassVar[set[str]] = {"sort_name"}

    account = TenantFK(Account, on_delete=models.CASCADE, related_name="contacts")
    name = models.CharField(max_length=200)
    first_name = models.CharField(max_length=100, default="", blank=True)
    last_name = models.CharField(max_length=100, default="", blank=True)
    email = models.CharField(max_length=254, default="", blank=True)
    phone = models.CharField(max_length=50, default="", blank=True)
    title = models.CharField(max_length=200, default="", blank=True)
    roles = ArrayField(models.CharField(max_length=20, choices=ContactRole), default=list, blank=True)
    timezone = models.CharField(max_length=80, default="", blank=True)
    salesforce_id = models.CharField(max_length=18, null=True, blank=True, db_collation="C")
    is_active = models.BooleanField(default=True)
    sort_name = models.CharField(max_length=300, default="", editable=False)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["tenant", "salesforce_id"], name="contact_salesforce_id_once"),
            models.CheckConstraint(
                condition=Q(salesforce_id__isnull=True) | Q(salesforce_id__regex="^[A-Za-z0-9]{18}$"),
                name="contact_salesforce_id_has_18",
            ),
            models.CheckConstraint(
                condition=Q(roles__contained_by=[
                    "Champion", "Deal Contact", "Instance Admin", "Executive", "Economic Buyer", "End User",
                    "Program Contact",
                ]),
                name="contact_roles_known",
            ),
            models.CheckConstraint(condition=~Q(name=""), name="contact_has_name"),
        )  # fmt: skip
        indexes = (
            models.Index(fields=["tenant", "account", "sort_name", "id"], name="contact_by_account"),
            models.Index(fields=["tenant", "sort_name", "id"], name="contact_by_name"),
            models.Index(fields=["tenant", "email"], name="contact_by_email"),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def is_instance_admin(self) -> bool:
        """The yes or no that stands beside the roles; it says what the list says."""
        return ContactRole.INSTANCE_ADMIN in self.roles


class Opportunity(TenantOwned):
    """A deal of an account, as the sales system tells it. `is_new_business` says that winning it makes a customer of a
    prospect; which types are, whoever writes the row decides. `won_at` is when we saw it won, not its close date."""

    ledger_name = "opportunity"

    account = TenantFK(Account, on_delete=models.CASCADE, related_name="opportunities")
    name = models.CharField(max_length=255)
    type = models.CharField(max_length=100, default="", blank=True)
    stage = models.CharField(max_length=100, default="", blank=True)
    amount_minor = models.BigIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3, default="USD")
    close_date = models.DateField(null=True, blank=True)
    is_closed = models.BooleanField(default=False)
    is_won = models.BooleanField(default=False)
    is_new_business = models.BooleanField(default=False)
    won_at = models.DateTimeField(null=True, blank=True)
    owner = TenantFK(Membership, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    salesforce_id = models.CharField(max_length=18, null=True, blank=True, db_collation="C")
    is_active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["tenant", "salesforce_id"], name="opportunity_salesforce_id_once"),
            models.CheckConstraint(
                condition=Q(salesforce_id__isnull=True) | Q(salesforce_id__regex="^[A-Za-z0-9]{18}$"),
                name="opportunity_salesforce_id_has_18",
            ),
            models.CheckConstraint(condition=Q(currency__regex=CURRENCY), name="opportunity_currency"),
            models.CheckConstraint(
                condition=Q(amount_minor__isnull=True) | Q(amount_minor__range=(-MAX_MINOR, MAX_MINOR)),
                name="opportunity_amount",
            ),
        )
        indexes = (
            models.Index(fields=["tenant", "account", "-close_date", "-id"], name="opportunity_by_account"),
            models.Index("tenant", F("close_date").desc(nulls_last=True), F("id").desc(), name="opportunity_by_close"),
        )

    def __str__(self) -> str:
        return self.name
