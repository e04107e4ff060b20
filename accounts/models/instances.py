"""Where a customer runs the product, and who looks after it there."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from accounts.models.customers import Account
from accounts.models.people import Contact
from cs_platform.tenancy.models import TenantFK, TenantOwned


class Instance(TenantOwned):
    """An installation of the product at a customer. Comes when somebody writes it into the account's table, goes when
    it is taken out; the admins in its mapping are the contacts to ask about it."""

    class Kind(models.TextChoices):
        PRODUCTION = "production", "Production"
        STAGING = "staging", "Staging"
        TRIAL = "trial", "Trial"
        OTHER = "other", "Other"

    class Deployment(models.TextChoices):
        CLOUD = "cloud", "Cloud"
        SELF_HOSTED = "self_hosted", "Self-hosted"

    ledger_name = "instance"

    account = TenantFK(Account, on_delete=models.CASCADE, related_name="instances")
    name = models.CharField(max_length=100)
    url = models.CharField(max_length=500, default="", blank=True)
    kind = models.CharField(max_length=20, choices=Kind, default=Kind.PRODUCTION)
    deployment = models.CharField(max_length=20, choices=Deployment, default="", blank=True)
    external_id = models.CharField(max_length=100, null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint("tenant", "account", Lower("name"), name="instance_name_once"),
            models.UniqueConstraint(fields=["tenant", "external_id"], name="instance_external_id_once"),
            models.CheckConstraint(condition=~Q(name=""), name="instance_has_name"),
            models.CheckConstraint(condition=~Q(external_id=""), name="instance_external_id_null_not_empty"),
            models.CheckConstraint(
                condition=Q(kind__in=["production", "staging", "trial", "other"]), name="instance_kind"
            ),
            models.CheckConstraint(
                condition=Q(deployment__in=["", "cloud", "self_hosted"]), name="instance_deployment"
            ),
        )
        indexes = (models.Index(fields=["tenant", "account", "name", "id"], name="instance_by_account"),)

    def __str__(self) -> str:
        return self.name


class InstanceAdmin(TenantOwned):
    """A contact looks after an instance of the same account. While there is such a row the contact has the role
    Instance Admin; the last one that goes takes the role along."""

    ledger_name = "instance_admin"

    # Its instance is removed after it, by the service: a cascade would delete by bare ids, without naming the tenant.
    instance = TenantFK(Instance, on_delete=models.DO_NOTHING, related_name="admins")
    contact = TenantFK(Contact, on_delete=models.CASCADE, related_name="administers")
    created_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["tenant", "instance", "contact"], name="instance_admin_once"),)

    def __str__(self) -> str:
        return str(self.contact_id)
