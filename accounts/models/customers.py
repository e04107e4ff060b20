"""The account and the pick-list that decides whether it is looked after."""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django_fsm import FSMField, transition

from cs_platform.ledger.guards import state_guard
from cs_platform.people.models import Membership
from cs_platform.tenancy.models import TenantFK, TenantOwned

CURRENCY = r"^[A-Z]{3}$"
MAX_COUNT = 2_147_483_647
MAX_MINOR = 10**17


class SupportLevel(TenantOwned):
    """A value of the tenant's pick-list "Technical Advisor Support Level". An inactive one stays on the accounts that
    have it and can not be given to others."""

    ledger_name = "support_level"

    name = models.CharField(max_length=100)
    position = models.PositiveIntegerField(default=0)
    is_active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint("tenant", Lower("name"), name="support_level_once"),)

    def __str__(self) -> str:
        return self.name


class Account(TenantOwned):
    """A customer organisation, or one about to become one.

    Comes when its support level is set in the sales system (or by hand) and is archived when the level is cleared or
    the account is attrited; it is never deleted, and a level set again brings it back. `segment` and `service_model`
    are written by the segmentation rules only. `sort_name` and `search_text` are derived from the name, the domains
    and the ids by the services, lower-cased, because row-level security lets only plain comparisons use an index.
    """

    class State(models.TextChoices):
        MANAGED = "managed", "Managed"
        ARCHIVED = "archived", "Archived"

    ATTRITED: ClassVar[str] = "(5) Attrited Customer"
    ledger_name = "account"
    ledger_quiet: ClassVar[set[str]] = {"sort_name", "search_text"}

    name = models.CharField(max_length=255)
    external_id = models.CharField(max_length=100, null=True, blank=True)
    salesforce_id = models.CharField(max_length=18, null=True, blank=True, db_collation="C")
    lms_id = models.CharField(max_length=100, null=True, blank=True)
    recurly_id = models.CharField(max_length=100, null=True, blank=True)
    domains = ArrayField(models.CharField(max_length=253), default=list, blank=True)
    industry = models.CharField(max_length=100, default="", blank=True)
    country = models.CharField(max_length=100, default="", blank=True)
    region = models.CharField(max_length=100, default="", blank=True)
    timezone = models.CharField(max_length=80, default="", blank=True)
    employees = models.PositiveIntegerField(null=True, blank=True)
    developers = models.PositiveIntegerField(null=True, blank=True)
    arr_minor = models.BigIntegerField(null=True, blank=True)
    mrr_minor = models.BigIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3, default="USD")
    seats_purchased = models.PositiveIntegerField(null=True, blank=True)
    seats_used = models.PositiveIntegerField(null=True, blank=True)
    renewal_date = models.DateField(null=True, blank=True)
    product_version = models.CharField(max_length=50, default="", blank=True)
    deployment = models.CharField(max_length=50, default="", blank=True)
    account_type = models.CharField(max_length=100, default="", blank=True)
    segment = models.CharField(max_length=60, default="", blank=True)
    service_model = models.CharField(max_length=60, default="", blank=True)
    state = FSMField(default=State.MANAGED, choices=State.choices)
    archived_at = models.DateTimeField(null=True, blank=True)
    archive_reason = models.CharField(max_length=500, default="", blank=True)
    sort_name = models.CharField(max_length=300, default="", editable=False)
    search_text = models.TextField(default="", editable=False)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    parent = TenantFK("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="children")
    support_level = TenantFK(SupportLevel, on_delete=models.PROTECT, null=True, blank=True, related_name="accounts")
    csm = TenantFK(Membership, on_delete=models.SET_NULL, null=True, blank=True, related_name="accounts")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["tenant", "salesforce_id"], name="account_salesforce_id_once"),
            models.UniqueConstraint(fields=["tenant", "external_id"], name="account_external_id_once"),
            models.CheckConstraint(condition=~Q(name=""), name="account_has_name"),
            models.CheckConstraint(condition=~Q(external_id=""), name="account_external_id_null_not_empty"),
            models.CheckConstraint(
                condition=Q(salesforce_id__isnull=True) | Q(salesforce_id__regex="^[A-Za-z0-9]{18}$"),
                name="account_salesforce_id_has_18",
            ),
            models.CheckConstraint(condition=Q(currency__regex=CURRENCY), name="account_currency"),
            models.CheckConstraint(
                condition=Q(arr_minor__isnull=True) | Q(arr_minor__range=(-MAX_MINOR, MAX_MINOR)), name="account_arr"
            ),
            models.CheckConstraint(
                condition=Q(mrr_minor__isnull=True) | Q(mrr_minor__range=(-MAX_MINOR, MAX_MINOR)), name="account_mrr"
            ),
            models.CheckConstraint(condition=Q(state__in=["managed", "archived"]), name="account_state"),
            models.CheckConstraint(
                condition=Q(state="managed", archived_at__isnull=True) | Q(state="archived", archived_at__isnull=False),
                name="account_archived_has_time",
            ),
            models.CheckConstraint(condition=~Q(parent=F("id")), name="account_not_own_parent"),
        )
        indexes = (
            models.Index(fields=["tenant", "state", "sort_name", "id"], name="account_by_name"),
            models.Index(
                fields=["tenant", "segment", "sort_name", "id"],
                condition=Q(state="managed"),
                name="account_by_segment",
            ),
            models.Index(fields=["tenant", "csm", "sort_name", "id"], name="account_by_csm"),
            models.Index("tenant", F("arr_minor").desc(nulls_last=True), F("id").desc(), name="account_by_arr"),
            models.Index(fields=["tenant", "renewal_date", "id"], name="account_by_renewal"),
            models.Index(fields=["tenant", "-updated_at", "-id"], name="account_by_change"),
            GinIndex(fields=["tenant", "search_text"], opclasses=["int8_ops", "gin_trgm_ops"], name="account_search"),
        )
        triggers = (state_guard("state"),)

    def __str__(self) -> str:
        return self.name

    @property
    def is_managed(self) -> bool:
        return self.state == self.State.MANAGED

    @transition(field=state, source=State.MANAGED, target=State.ARCHIVED)
    def archive(self, reason: str, at: datetime) -> None:
        self.archived_at = at
        self.archive_reason = reason

    @transition(field=state, source=State.ARCHIVED, target=State.MANAGED)
    def restore(self) -> None:
        self.archived_at = None
        self.archive_reason = ""


def search_words(name: str, domains: Iterable[str], *ids: str | UUID | None) -> str:
    """What an account is found by, in the form the search compares."""
    words = [name, *domains, *(str(known) for known in ids if known)]
    return "\n".join(words).lower()


def sort_word(name: str) -> str:
    """What an account is ordered by. `lower()` may lengthen a text (İ), so it is cut to its column."""
    return name.lower()[:300]
