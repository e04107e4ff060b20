"""The texts."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from cs_platform.ledger.guards import append_only
from cs_platform.tenancy.models import TenantFK, TenantOwned


class Category(models.TextChoices):
    """What a mail is about, which is also what a person can unsubscribe from."""

    ONBOARDING = "onboarding", "Getting started"
    CHECK_IN = "check_in", "Check-ins and surveys"
    RECAP = "recap", "Usage recaps"
    RELEASES = "releases", "Product releases"
    OTHER = "other", "Other"


class EmailTemplate(TenantOwned):
    """A text under a name. What it says is in its versions; `number` is the one that is in force, and a message keeps
    the number it was planned with."""

    ledger_name = "template"

    name = models.CharField(max_length=120)
    category = models.CharField(max_length=20, choices=Category, default=Category.OTHER)
    shipped_key = models.CharField(max_length=60, null=True, blank=True)
    number = models.PositiveIntegerField(default=1)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint("tenant", Lower("name"), name="template_name_once"),
            models.UniqueConstraint(fields=["tenant", "shipped_key"], name="template_shipped_once"),
            models.CheckConstraint(condition=~Q(name=""), name="template_has_name"),
            models.CheckConstraint(condition=Q(category__in=Category.values), name="template_category"),
        )

    def __str__(self) -> str:
        return self.name


class TemplateVersion(TenantOwned):
    """What a template said from a moment on. Written once: another text is another version."""

    ledger_name = "template_version"

    template = TenantFK(EmailTemplate, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    subject = models.CharField(max_length=200)
    body = models.TextField()
    author = models.CharField(max_length=200, default="")
    created_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["tenant", "template", "number"], name="template_version_number_once"),
        )
        triggers = (append_only("versions of templates"),)

    def __str__(self) -> str:
        return f"version {self.number}"
