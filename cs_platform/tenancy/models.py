"""The tenant, and what every row of a tenant inherits."""

from typing import Any, ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.signals import class_prepared
from uuid_utils.compat import uuid7

from cs_platform.tenancy.fields import OwnerField, TenantFK, TenantOneToOne
from cs_platform.tenancy.managers import ScopedManager

__all__ = ["InstallationKey", "Tenant", "TenantFK", "TenantKey", "TenantOneToOne", "TenantOwned"]


class Tenant(models.Model):
    """An organisation that works with the product. Its number is the distribution key of all its rows; its slug is
    public. A suspended tenant keeps its data: nobody can enter, nothing is sent and no job runs."""

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        SUSPENDED = "suspended", "Suspended"

    class SecondFactor(models.TextChoices):
        NOBODY = "nobody", "Nobody"
        ADMINS = "admins", "Owners and admins"
        EVERYBODY = "everybody", "Everybody"

    ledger_name = "tenant"

    slug = models.CharField(max_length=50, unique=True)
    name = models.CharField(max_length=100)
    timezone = models.CharField(max_length=80)
    holiday_country = models.CharField(max_length=2, default="", blank=True)
    holiday_subdivision = models.CharField(max_length=10, default="", blank=True)
    own_holidays = ArrayField(models.DateField(), default=list, blank=True)
    sender_name = models.CharField(max_length=100, default="", blank=True)
    sender_email = models.CharField(max_length=254, default="", blank=True)
    reply_to = models.CharField(max_length=254, default="", blank=True)
    postal_address = models.CharField(max_length=300, default="", blank=True)
    brand_colour = models.CharField(max_length=7, default="", blank=True)
    logo = models.BinaryField(default=b"", blank=True)
    logo_type = models.CharField(max_length=20, default="", blank=True)
    second_factor = models.CharField(max_length=10, choices=SecondFactor, default=SecondFactor.NOBODY)
    status = models.CharField(max_length=10, choices=Status, default=Status.ACTIVE)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=models.Q(slug__regex="^[a-z0-9][a-z0-9-]*$"), name="tenant_slug"),
            models.CheckConstraint(
                condition=models.Q(brand_colour="") | models.Q(brand_colour__regex="^#[0-9a-f]{6}$"),
                name="tenant_brand_colour",
            ),
            models.CheckConstraint(condition=models.Q(status__in=["active", "suspended"]), name="tenant_status"),
            models.CheckConstraint(
                condition=models.Q(second_factor__in=["nobody", "admins", "everybody"]), name="tenant_second_factor"
            ),
        )

    def __str__(self) -> str:
        return self.name


class TenantOwned(models.Model):
    """A row that belongs to one tenant. The tenant is filled from the scope, never by hand."""

    ledger_private: ClassVar[set[str]] = set()
    ledger_quiet: ClassVar[set[str]] = set()

    id: Any = models.UUIDField(primary_key=True, default=uuid7, editable=False)  # append tables have a bigint
    tenant = OwnerField()

    objects: ClassVar[ScopedManager[Self]] = ScopedManager()  # type: ignore[assignment]

    class Meta:
        abstract = True


class TenantKey(TenantOwned):
    """The tenant's data key, wrapped by a master key of the installation. Rotation wraps it anew; deleting it makes
    every sealed value of the tenant unreadable, in backups as well."""

    master = models.CharField(max_length=40)
    wrapped = models.CharField(max_length=200)
    created_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["tenant"], name="tenant_key_once"),)

    def __str__(self) -> str:
        return f"data key under {self.master}"


class InstallationKey(models.Model):
    """The data key of what belongs to no tenant, such as the second factor of a person who works in several. One row,
    made when it is first needed, wrapped and rotated like the keys of the tenants."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    master = models.CharField(max_length=40)
    wrapped = models.CharField(max_length=200)
    created_at = models.DateTimeField()

    class Meta:
        constraints = (models.CheckConstraint(condition=models.Q(id=1), name="installation_key_once"),)

    def __str__(self) -> str:
        return f"data key of the installation under {self.master}"


def _scope_the_base_manager(sender: type[models.Model], **_: Any) -> None:
    # Relations, save() and refresh_from_db() go through the base manager; it must stand in the scope as well.
    if issubclass(sender, TenantOwned) and not sender._meta.abstract:
        sender._meta.base_manager_name = "objects"


class_prepared.connect(_scope_the_base_manager, dispatch_uid="tenancy.scope_the_base_manager")
