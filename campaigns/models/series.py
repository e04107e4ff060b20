"""Who gets what, in which order and on which days."""

from datetime import time

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django_fsm import FSMField, transition

from accounts.models import Account, Contact, ContactRole
from campaigns.calendar import WEEKDAYS, Rule
from campaigns.models.templates import Category, EmailTemplate
from cs_platform.ledger.guards import state_guard
from cs_platform.tenancy.models import TenantFK, TenantOwned


def default_weekdays() -> list[str]:
    return ["mon", "wed", "fri"]


class Series(TenantOwned):
    """E-mails in a fixed order, one at each slot. `zone` is whose clock counts: the recipient's, the account's, the
    tenant's, or one IANA zone for all. With `audience_roles`, whoever was enrolled for a role is mailed only while he
    has it. Only an active series sends; what is due while it is paused is not made up for, everything moves on."""

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        ACTIVE = "active", "Active"
        PAUSED = "paused", "Paused"
        ARCHIVED = "archived", "Archived"

    class Holidays(models.TextChoices):
        SKIP = "skip", "Leave the slot out"
        NEXT = "next", "Send on the next working day"
        PREVIOUS = "previous", "Send on the working day before"

    RECIPIENT, ACCOUNT, TENANT = "recipient", "account", "tenant"
    ZONE_MODES = (RECIPIENT, ACCOUNT, TENANT)
    ledger_name = "series"

    name = models.CharField(max_length=120)
    category = models.CharField(max_length=20, choices=Category, default=Category.OTHER)
    success_flow = models.CharField(max_length=100, default="", blank=True)
    shipped_key = models.CharField(max_length=60, null=True, blank=True)
    weekdays = ArrayField(models.CharField(max_length=3), default=default_weekdays)
    local_time = models.TimeField(default=time(9, 0))
    zone = models.CharField(max_length=80, default=RECIPIENT)
    holidays = models.CharField(max_length=10, choices=Holidays, default=Holidays.SKIP)
    audience_roles = ArrayField(models.CharField(max_length=20, choices=ContactRole), default=list, blank=True)
    state = FSMField(default=State.DRAFT, choices=State.choices)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint("tenant", Lower("name"), name="series_name_once"),
            models.UniqueConstraint(fields=["tenant", "shipped_key"], name="series_shipped_once"),
            models.CheckConstraint(condition=~Q(name=""), name="series_has_name"),
            models.CheckConstraint(
                condition=Q(weekdays__contained_by=list(WEEKDAYS)) & ~Q(weekdays=[]), name="series_weekdays"
            ),
            models.CheckConstraint(condition=Q(holidays__in=["skip", "next", "previous"]), name="series_holidays"),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "active", "paused", "archived"]), name="series_state"
            ),
        )
        triggers = (state_guard("state"),)

    def __str__(self) -> str:
        return self.name

    @property
    def rule(self) -> Rule:
        return Rule(tuple(self.weekdays), self.local_time, self.holidays)

    @property
    def fixed_zone(self) -> str:
        return "" if self.zone in self.ZONE_MODES else self.zone

    @transition(field=state, source=State.DRAFT, target=State.ACTIVE)
    def activate(self) -> None: ...

    @transition(field=state, source=State.ACTIVE, target=State.PAUSED)
    def pause(self) -> None: ...

    @transition(field=state, source=State.PAUSED, target=State.ACTIVE)
    def resume(self) -> None: ...

    @transition(field=state, source=[State.DRAFT, State.ACTIVE, State.PAUSED], target=State.ARCHIVED)
    def archive(self) -> None: ...


class SeriesItem(TenantOwned):
    """The place of a template in a series, counted from 1 without holes. A series has a template once."""

    ledger_name = "series_item"

    series = TenantFK(Series, on_delete=models.CASCADE, related_name="items")
    position = models.PositiveIntegerField()
    template = TenantFK(EmailTemplate, on_delete=models.PROTECT, related_name="series_items")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["tenant", "series", "position"], name="series_item_position_once"),
            models.UniqueConstraint(fields=["tenant", "series", "template"], name="series_item_template_once"),
        )

    def __str__(self) -> str:
        return f"e-mail {self.position}"


class Enrolment(TenantOwned):
    """A contact in a series, at most once, and no address twice. `position` is the last item that was sent: the next
    slot sends the one after it. `zone` (empty: the tenant's) and `calendar` (a country) are what the contact and the
    account say, and `name` is the contact's, kept here so that a slot finds its contacts by index and writes its
    messages without asking further; `by_role` says that a role brought it about."""

    class State(models.TextChoices):
        ACTIVE = "active", "Active"
        PAUSED = "paused", "Paused"
        COMPLETED = "completed", "Completed"
        STOPPED = "stopped", "Stopped"

    class Reason(models.TextChoices):
        UNSUBSCRIBED = "unsubscribed", "the recipient unsubscribed"
        SUPPRESSED = "suppressed", "the address is suppressed"
        ROLE_LOST = "role_lost", "the contact no longer has a role that this series is for"
        INACTIVE = "contact_inactive", "the contact is not active any more"
        NO_ADDRESS = "no_address", "the contact has no e-mail address that can be written to"
        ARCHIVED = "account_archived", "the account was archived"
        SAME_ADDRESS = "same_address", "another enrolled contact has the same address"
        BY_HAND = "by_hand", "somebody stopped it"

    ledger_name = "enrolment"
    ledger_quiet = {"position", "zone", "calendar", "address_key", "name"}

    series = TenantFK(Series, on_delete=models.PROTECT, related_name="enrolments")
    contact = TenantFK(Contact, on_delete=models.PROTECT, related_name="enrolments")
    account = TenantFK(Account, on_delete=models.PROTECT, related_name="enrolments")
    name = models.CharField(max_length=200)
    address_key = models.CharField(max_length=32, default="")
    zone = models.CharField(max_length=80, default="", blank=True)
    calendar = models.CharField(max_length=2, default="", blank=True)
    position = models.PositiveIntegerField(default=0)
    by_role = models.BooleanField(default=False)
    state = FSMField(default=State.ACTIVE, choices=State.choices)
    reason = models.CharField(max_length=20, choices=Reason, default="", blank=True)
    enrolled_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["tenant", "series", "contact"], name="enrolment_once"),
            models.UniqueConstraint(
                fields=["tenant", "series", "address_key"],
                condition=Q(state__in=["active", "paused", "completed"]),
                name="enrolment_address_once",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["active", "paused", "completed", "stopped"]), name="enrolment_state"
            ),
        )
        indexes = (
            models.Index(fields=["tenant", "series", "state", "zone", "calendar", "id"], name="enrolment_for_slot"),
            models.Index(fields=["tenant", "account", "state"], name="enrolment_of_account"),
            models.Index(fields=["tenant", "-created_at", "-id"], name="enrolment_newest"),
        )
        triggers = (state_guard("state"),)

    def __str__(self) -> str:
        return self.name

    def ledger_words(self) -> str:
        return f"{self.name} in {self.series}"

    @transition(field=state, source=State.ACTIVE, target=State.PAUSED)
    def pause(self) -> None: ...

    @transition(field=state, source=State.PAUSED, target=State.ACTIVE)
    def resume(self) -> None: ...

    @transition(field=state, source=[State.ACTIVE, State.PAUSED], target=State.COMPLETED)
    def complete(self) -> None: ...

    @transition(field=state, source=[State.ACTIVE, State.PAUSED], target=State.STOPPED)
    def stop(self) -> None: ...

    @transition(field=state, source=State.STOPPED, target=State.ACTIVE)
    def restart(self) -> None: ...


class AudienceStart(TenantOwned):
    """An account whose people belong into a series by their role, from `started_at` until `ended_at`. Meanwhile a
    contact who gets such a role is enrolled as well, and an account without one has an alert."""

    ledger_name = "audience"

    series = TenantFK(Series, on_delete=models.PROTECT, related_name="audience")
    account = TenantFK(Account, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["tenant", "series", "account"], name="audience_once"),)

    def __str__(self) -> str:
        return f"{self.account} in {self.series}"
