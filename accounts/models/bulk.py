"""A change of many accounts that was looked at before it was made."""

from typing import ClassVar

from django.db import models

from cs_platform.tenancy.models import TenantOwned


class BulkChange(TenantOwned):
    """What somebody wants to do to many accounts, and what it would do to each of them.

    Written when the preview is computed. `change` is what is wanted, `rows` holds each account with how it stands, how
    it would stand, and a `mark` that differs as soon as anything that the preview looked at is different. Confirmed
    once: then `applied_at` is set and each row has its `result`. Kept for thirty days; what was done is in the audit.
    """

    ledger_name = "bulk_change"
    ledger_quiet: ClassVar[set[str]] = {"rows", "summary"}

    change = models.JSONField(default=dict)
    rows = models.JSONField(default=list)
    summary = models.JSONField(default=list)
    asked_by = models.CharField(max_length=200)
    applied_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=["tenant", "created_at"], name="bulk_change_by_age"),)

    def __str__(self) -> str:
        return f"change of {len(self.rows):,} accounts"
