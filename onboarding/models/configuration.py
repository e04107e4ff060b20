"""What a tenant decides about its hand-offs: the lead times and the texts."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from cs_platform.ledger.guards import append_only
from cs_platform.tenancy.models import TenantOwned

LONGEST_LEAD = 365


class HandoffSettings(TenantOwned):
    """The lead times of a tenant, in days; there is one row. `looked_on` is the last local day on which all hand-offs
    were looked at, so that any number of clocks look once a day."""

    ledger_name = "handoff_settings"
    ledger_quiet: ClassVar[set[str]] = {"looked_on"}

    support_level_days = models.PositiveSmallIntegerField(default=45)
    ta_named_days = models.PositiveSmallIntegerField(default=35)
    document_days = models.PositiveSmallIntegerField(default=30)
    checklist_days = models.PositiveSmallIntegerField(default=5)
    contact_roles_days = models.PositiveSmallIntegerField(default=7)
    looked_on = models.DateField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["tenant"], name="handoff_settings_once"),
            models.CheckConstraint(
                condition=Q(support_level_days__range=(0, LONGEST_LEAD))
                & Q(ta_named_days__range=(0, LONGEST_LEAD))
                & Q(document_days__range=(0, LONGEST_LEAD))
                & Q(checklist_days__range=(0, LONGEST_LEAD))
                & Q(contact_roles_days__range=(0, LONGEST_LEAD)),
                name="handoff_settings_days",
            ),
        )

    def __str__(self) -> str:
        return "lead times of hand-offs"


class HandoffTemplate(TenantOwned):
    """One version of a text of the tenant. The one with the highest number counts; a document keeps the version that it
    was made from. Never edited: another version is written."""

    class Kind(models.TextChoices):
        DOCUMENT = "document", "Hand-off document"
        MEETING = "meeting", "Agenda of the knowledge transfer"
        KICK_OFF = "kick_off", "Agenda of the kick-off"
        INTRODUCTION = "introduction", "Introduction of the advisor"

    ledger_name = "handoff_template"

    kind = models.CharField(max_length=20, choices=Kind)
    number = models.PositiveIntegerField()
    body = models.TextField()
    note = models.CharField(max_length=300, default="", blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["tenant", "kind", "number"], name="handoff_template_number_once"),
            models.CheckConstraint(
                condition=Q(kind__in=["document", "meeting", "kick_off", "introduction"]), name="handoff_template_kind"
            ),
        )
        triggers = (append_only("versions of templates"),)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} v{self.number}"
