"""Nouns of the Salesforce room: the connection, what was read through it, and how far the reading got."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django_fsm import FSMField, transition

from cs_platform.ledger.guards import state_guard
from cs_platform.tenancy.models import TenantFK, TenantOwned


def default_settings() -> dict[str, Any]:
    """What a connection does when nobody says otherwise."""
    return {
        "field_map": {},
        "directions": {},
        "master": {},
        "write_map": {},
        "interval_minutes": 5,
        "budget_share": 0.2,
        "compare_nightly": True,
        "new_business_types": ["New Business", "New Customer", ""],
    }


class Connection(TenantOwned):
    """One Salesforce org of a tenant and the login we use there.

    Made and mended by a person. `broken` means that the login is refused and nothing is tried until somebody edits or
    tests it; the reason is in words. The columns from `login_attempts` on are the sync's own notes and change without
    a verb.
    """

    class State(models.TextChoices):
        CONNECTED = "connected", "Connected"
        BROKEN = "broken", "Broken"
        PAUSED = "paused", "Paused"

    class Auth(models.TextChoices):
        CLIENT_CREDENTIALS = "client_credentials", "Client credentials"
        JWT = "jwt", "JWT bearer"
        REFRESH_TOKEN = "refresh_token", "Refresh token"
        PASSWORD = "password", "Password and token"

    ledger_name = "connection"
    ledger_private: ClassVar[set[str]] = {"secrets"}
    ledger_quiet: ClassVar[set[str]] = {
        "hints",
        "login_attempts",
        "described",
        "described_at",
        "org_id",
        "last_hint_at",
    }
    kind = "salesforce"

    name = models.CharField(max_length=100)
    auth = models.CharField(max_length=20, choices=Auth.choices)
    login_url = models.CharField(max_length=255)
    secrets = models.JSONField(default=dict)
    hints = models.JSONField(default=dict)
    settings = models.JSONField(default=default_settings)
    state = FSMField(default=State.CONNECTED, choices=State.choices)
    state_reason = models.TextField(default="", blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    login_attempts = models.JSONField(default=list)
    described = models.JSONField(default=dict)
    described_at = models.DateTimeField(null=True)
    calls_day = models.DateField(null=True)
    calls_count = models.PositiveIntegerField(default=0)
    limit_used = models.PositiveIntegerField(null=True)
    limit_total = models.PositiveIntegerField(null=True)
    limit_at = models.DateTimeField(null=True)
    hold_until = models.DateTimeField(null=True)
    hold_reason = models.TextField(default="")
    last_started_at = models.DateTimeField(null=True)
    last_done_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    lease_holder = models.CharField(max_length=60, default="")
    fence = models.PositiveBigIntegerField(default=0)
    org_id = models.CharField(max_length=18, default="", db_collation="C")
    hint_generation = models.PositiveIntegerField(default=1)
    last_hint_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["tenant", "name"], name="connection_name"),
            models.CheckConstraint(
                condition=models.Q(auth__in=["client_credentials", "jwt", "refresh_token", "password"]),
                name="connection_auth",
            ),
        ]
        triggers: ClassVar[list[Any]] = [state_guard("state")]

    def __str__(self) -> str:
        return self.name

    def ledger_words(self) -> str:
        return f"Salesforce connection {self.name}"

    @transition(field=state, source=[State.CONNECTED, State.BROKEN], target=State.BROKEN)
    def break_down(self, reason: str) -> None:
        self.state_reason = reason

    @transition(field=state, source=[State.CONNECTED, State.BROKEN], target=State.CONNECTED)
    def mend(self) -> None:
        self.state_reason = ""

    @transition(field=state, source=[State.CONNECTED, State.BROKEN], target=State.PAUSED)
    def pause(self) -> None:
        self.state_reason = "Paused by hand."

    @transition(field=state, source=State.PAUSED, target=State.CONNECTED)
    def resume(self) -> None:
        self.state_reason = ""


class MirrorRecord(TenantOwned):
    """The last known state of one Salesforce row, managed or not.

    All rows are kept, so that an account that gets its support level today has its people and deals at once, without
    asking Salesforce again. `account_ref` is the account it belongs to (of an account: its parent). `managed`
    (accounts only) says that `accounts` looks after it; `settle` (people and deals) that its account has become
    managed and it still has to be told; `incomplete` that `accounts` refused it or a part of it, so that a full sync
    tries again; `baseline` that the row is history: it was there at the first sync and has not been won since.
    """

    id = models.BigAutoField(primary_key=True)
    connection = TenantFK(Connection, on_delete=models.CASCADE, related_name="+")
    sobject = models.CharField(max_length=20)
    sf_id = models.CharField(max_length=18, db_collation="C")
    account_ref = models.CharField(max_length=18, null=True, db_collation="C")
    stamp = models.DateTimeField()
    digest = models.CharField(max_length=40)
    values = models.JSONField(default=dict)
    deleted = models.BooleanField(default=False)
    managed = models.BooleanField(default=False)
    settle = models.BooleanField(default=False)
    incomplete = models.BooleanField(default=False)
    baseline = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["tenant", "connection", "sobject", "sf_id"], name="mirror_row"),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["tenant", "connection", "sobject", "account_ref", "sf_id"], name="mirror_of_account"),
            models.Index(
                fields=["tenant", "connection", "sobject", "sf_id"],
                condition=models.Q(settle=True),
                name="mirror_to_settle",
            ),
            models.Index(
                fields=["tenant", "connection", "sf_id"], condition=models.Q(managed=True), name="mirror_managed"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sobject} {self.sf_id}"


class SalesforceUser(TenantOwned):
    """A user of the org and the member of ours with the same e-mail, if there is one. Owners and CSMs are found
    through it.
    """

    id = models.BigAutoField(primary_key=True)
    connection = TenantFK(Connection, on_delete=models.CASCADE, related_name="+")
    sf_id = models.CharField(max_length=18, db_collation="C")
    name = models.CharField(max_length=200, default="")
    email = models.CharField(max_length=254, default="")
    is_active = models.BooleanField(default=True)
    membership = TenantFK("people.Membership", on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["tenant", "connection", "sf_id"], name="salesforce_user_row"),
        ]

    def __str__(self) -> str:
        return self.name or self.sf_id


class SyncCursor(TenantOwned):
    """How far one object of one connection has been read. Survives every crash: the next run goes on from the pair.

    `mark`: everything that was visible before it has been read. `reading`: a pass is under way; `lower` is where it
    began and `at_stamp`/`at_id` the last row taken. `server_started` is Salesforce's clock at the first page of the
    pass. `job_id` is a Bulk query job that brings the rest of the pass: since `job_since`, `job_locator` is its next
    page and `job_taken` of its `job_size` rows are in; `job_refused` says that this pass goes on without one.
    """

    id = models.BigAutoField(primary_key=True)
    connection = TenantFK(Connection, on_delete=models.CASCADE, related_name="+")
    sobject = models.CharField(max_length=20)
    mark = models.DateTimeField(null=True)
    reading = models.BooleanField(default=False)
    lower = models.DateTimeField(null=True)
    at_stamp = models.DateTimeField(null=True)
    at_id = models.CharField(max_length=18, default="")
    server_started = models.DateTimeField(null=True)
    fingerprint = models.CharField(max_length=32, default="")
    baseline_done = models.BooleanField(default=False)
    job_id = models.CharField(max_length=18, default="", db_collation="C")
    job_locator = models.CharField(max_length=300, default="")
    job_taken = models.PositiveIntegerField(default=0)
    job_size = models.PositiveIntegerField(null=True)
    job_since = models.DateTimeField(null=True)
    job_refused = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["tenant", "connection", "sobject"], name="cursor_of_object"),
        ]

    def __str__(self) -> str:
        return f"{self.sobject} up to {self.mark}"


class SyncRun(TenantOwned):
    """One walk through the org: what was read and what came of it, for the people who look after the connection.

    A run that failed has lost nothing: the cursors keep what was reached, the next run goes on there. `row_errors` are
    the first two hundred; `remains` says what was left waiting when the run was done, by reason. A `nightly` run reads
    everything and compares it with what we have; `drift` is what had gone unnoticed, in numbers. `expected` is how
    many rows there are to read, if we know; `takes_missing` that rows which are not there any more are taken for
    deleted however many they are.
    """

    class Kind(models.TextChoices):
        SYNC = "sync", "Changes"
        FULL = "full", "Everything"
        NIGHTLY = "nightly", "Comparison"

    class State(models.TextChoices):
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    ledger_name = "sync_run"

    connection = TenantFK(Connection, on_delete=models.CASCADE, related_name="runs")
    state = FSMField(default=State.RUNNING, choices=State.choices)
    full = models.BooleanField(default=False)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.SYNC)
    takes_missing = models.BooleanField(default=False)
    drift = models.JSONField(default=dict)
    expected = models.PositiveIntegerField(null=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    done_objects = models.JSONField(default=list)
    reread = models.JSONField(default=list)
    read = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    archived = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    waiting = models.PositiveIntegerField(default=0)
    api_calls = models.PositiveIntegerField(default=0)
    chunks = models.PositiveIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0)
    warnings = models.JSONField(default=list)
    row_errors = models.JSONField(default=list)
    remains = models.JSONField(default=list)
    error = models.TextField(default="")
    note = models.TextField(default="")

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["tenant", "connection"], condition=models.Q(state="running"), name="one_running_sync"
            ),
            models.CheckConstraint(condition=models.Q(kind__in=["sync", "full", "nightly"]), name="sync_run_kind"),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["tenant", "connection", "-started_at", "-id"], name="run_of_connection"),
            models.Index(fields=["tenant", "-started_at", "-id"], name="run_of_tenant"),
        ]
        triggers: ClassVar[list[Any]] = [state_guard("state")]

    def __str__(self) -> str:
        return f"Sync of {self.started_at:%Y-%m-%d %H:%M} UTC"

    @transition(field=state, source=State.RUNNING, target=State.DONE)
    def finish(self) -> None:
        self.error = ""

    @transition(field=state, source=State.RUNNING, target=State.FAILED)
    def fail(self, reason: str) -> None:
        self.error = reason

    @transition(field=state, source=State.RUNNING, target=State.CANCELLED)
    def cancel(self, reason: str = "") -> None:
        self.error = reason


class SeenRecord(TenantOwned):
    """A row that the comparison under way has met. What the mirror has and nobody met is not in Salesforce any more.
    They come with the pages of a comparison and go when its object is compared.
    """

    id = models.BigAutoField(primary_key=True)
    connection = TenantFK(Connection, on_delete=models.CASCADE, related_name="+")
    sobject = models.CharField(max_length=20)
    sf_id = models.CharField(max_length=18, db_collation="C")

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["tenant", "connection", "sobject", "sf_id"], name="seen_once"),
        ]

    def __str__(self) -> str:
        return f"{self.sobject} {self.sf_id}"


class Hint(TenantOwned):
    """A message of Salesforce that something has changed. It is only a reason to look soon; the same message twice is
    one row. Kept for a week.
    """

    id = models.BigAutoField(primary_key=True)
    connection = TenantFK(Connection, on_delete=models.CASCADE, related_name="+")
    external_id = models.CharField(max_length=64, db_collation="C")
    received_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["tenant", "connection", "external_id"], name="hint_once"),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["tenant", "connection", "received_at"], name="hint_by_age"),
        ]

    def __str__(self) -> str:
        return self.external_id


from integrations.salesforce.models_writing import Conflict, Write  # noqa: E402, F401 - they refer to the connection
