"""Nouns of the way back: what Salesforce is to be told, and what both sides said at once."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django_fsm import FSMField, transition

from accounts.models import Account
from cs_platform.ledger.guards import state_guard
from cs_platform.tenancy.models import TenantFK, TenantOwned
from integrations.salesforce.models import Connection


class Write(TenantOwned):
    """What one field of a Salesforce record, or one record that we make there, is to hold; the newest word wins.

    A `field` row stands for one field of the record `sf_id`: several changes before a call are one write. A `record`
    row stands for an event, a task or a file under the name of the business fact behind it; `made_id` is the record
    once Salesforce has it. `wanted` is ours, `version` counts its changes. Before each call `sent` gets what goes out,
    and `over_stamp` and `over_value` what Salesforce held then: so our own words are known when they come back, even if
    the answer was lost. `blocked` waits for the org (the field is missing or closed), `unknown` for a person: the
    process ended while a record was made without a key that would find it again. Changes by itself without a verb, like
    the outbox; what a person does to it is recorded.
    """

    class Kind(models.TextChoices):
        FIELD = "field", "Field"
        RECORD = "record", "Record"

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENDING = "sending", "Being sent"
        WRITTEN = "written", "Written"
        FAILED = "failed", "Failed"
        BLOCKED = "blocked", "Not possible in this org"
        UNKNOWN = "unknown", "Unknown"
        DISCARDED = "discarded", "Discarded"

    ledger_name = "write"

    connection = TenantFK(Connection, on_delete=models.CASCADE, related_name="writes")
    account = TenantFK(Account, on_delete=models.CASCADE, null=True, related_name="+")
    kind = models.CharField(max_length=6, choices=Kind, default=Kind.FIELD)
    sobject = models.CharField(max_length=40)
    sf_id = models.CharField(max_length=18, default="", blank=True, db_collation="C")
    key = models.CharField(max_length=200)
    subject = models.CharField(max_length=255, default="", blank=True)
    wanted = models.JSONField(null=True)
    written = models.JSONField(null=True)
    version = models.PositiveIntegerField(default=1)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    due_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    alone = models.BooleanField(default=False)
    code = models.CharField(max_length=80, default="", blank=True)
    reason = models.TextField(default="", blank=True)
    claim = models.UUIDField(null=True)
    sent = models.JSONField(default=list)
    sent_version = models.PositiveIntegerField(default=0)
    over_stamp = models.DateTimeField(null=True)
    over_value = models.JSONField(null=True)
    made_id = models.CharField(max_length=18, default="", blank=True, db_collation="C")

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["tenant", "connection", "sobject", "sf_id", "key"], name="write_once"),
            models.CheckConstraint(condition=Q(kind__in=["field", "record"]), name="write_kind"),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "sending", "written", "failed", "blocked", "unknown", "discarded"]),
                name="write_state",
            ),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(
                fields=["tenant", "connection", "due_at", "id"],
                condition=Q(state__in=["waiting", "sending"]),
                name="write_open",
            ),
            models.Index(fields=["tenant", "connection", "state", "-changed_at", "-id"], name="write_by_state"),
            models.Index(fields=["tenant", "account", "state"], name="write_of_account"),
        ]

    def __str__(self) -> str:
        return f"{self.key} of {self.subject or self.sf_id}"

    def ledger_words(self) -> str:
        return f"write of {self.key.replace('_', ' ')} for {self.subject or self.sf_id}"

    @property
    def is_open(self) -> bool:
        return self.state in (self.State.WAITING, self.State.SENDING)


class Conflict(TenantOwned):
    """One field of one record that was changed here and in Salesforce since both last agreed, with both values.

    `applied` is whose value stands since then, by the connection's setting for the field. It stays open until a person
    has decided, whatever the values become meanwhile; `kept` is that decision.
    """

    class State(models.TextChoices):
        OPEN = "open", "Open"
        RESOLVED = "resolved", "Decided"

    class Side(models.TextChoices):
        HARBOR = "harbor", "Ours"
        SALESFORCE = "salesforce", "Salesforce's"

    ledger_name = "conflict"

    connection = TenantFK(Connection, on_delete=models.CASCADE, related_name="conflicts")
    account = TenantFK(Account, on_delete=models.CASCADE, null=True, related_name="+")
    sobject = models.CharField(max_length=40)
    sf_id = models.CharField(max_length=18, db_collation="C")
    key = models.CharField(max_length=60)
    subject = models.CharField(max_length=255, default="", blank=True)
    ours = models.JSONField(null=True)
    theirs = models.JSONField(null=True)
    base = models.JSONField(null=True)
    ours_words = models.CharField(max_length=300, default="", blank=True)
    theirs_words = models.CharField(max_length=300, default="", blank=True)
    ours_by = models.CharField(max_length=200, default="", blank=True)
    ours_at = models.DateTimeField(null=True)
    theirs_by = models.CharField(max_length=200, default="", blank=True)
    theirs_at = models.DateTimeField(null=True)
    applied = models.CharField(max_length=10, choices=Side)
    state = FSMField(default=State.OPEN, choices=State.choices)
    kept = models.CharField(max_length=10, choices=Side, default="", blank=True)
    resolved_by = models.CharField(max_length=200, default="", blank=True)
    resolved_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=Q(applied__in=["harbor", "salesforce"]), name="conflict_applied"),
            models.CheckConstraint(condition=Q(state__in=["open", "resolved"]), name="conflict_state"),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["tenant", "state", "-created_at", "-id"], name="conflict_by_state"),
            models.Index(fields=["tenant", "account", "state"], name="conflict_of_account"),
            models.Index(
                fields=["tenant", "connection", "sobject", "sf_id", "key"],
                condition=Q(state="open"),
                name="conflict_open",
            ),
        ]
        triggers: ClassVar[list[Any]] = [state_guard("state")]

    def __str__(self) -> str:
        return f"{self.key} of {self.subject or self.sf_id}"

    def ledger_words(self) -> str:
        return f"conflict on {self.key.replace('_', ' ')} of {self.subject or self.sf_id}"

    @transition(field=state, source=State.OPEN, target=State.RESOLVED)
    def resolve(self, kept: str) -> None:
        self.kept = kept
