"""What a person should look at on an account."""

from django.db import models
from django.db.models import Q

from accounts.models.customers import Account
from cs_platform.tenancy.models import TenantFK, TenantOwned


class AccountAlert(TenantOwned):
    """Something about an account that the product can not mend by itself ("no recipient with role Program Contact").

    Raised by any room under its own `kind`; open until whoever raised it, or a person, clears it. One open alert per
    account and kind, so raising it again is harmless.
    """

    ledger_name = "alert"

    account = TenantFK(Account, on_delete=models.CASCADE, related_name="alerts")
    kind = models.CharField(max_length=60)
    message = models.CharField(max_length=500)
    raised_at = models.DateTimeField()
    cleared_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["tenant", "account", "kind"], condition=Q(cleared_at__isnull=True), name="alert_open_once"
            ),
        )
        indexes = (
            models.Index(
                fields=["tenant", "-raised_at", "-id"], condition=Q(cleared_at__isnull=True), name="alert_open_newest"
            ),
        )

    def __str__(self) -> str:
        return self.message
