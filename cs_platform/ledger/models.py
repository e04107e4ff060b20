"""Rows of the ledger. All of them belong to a tenant, except the tick."""

from django.db import models
from django.db.models import Q

from cs_platform.ledger.guards import append_only
from cs_platform.tenancy.models import TenantFK, TenantOwned

EMPTY = b""


class AuditCall(TenantOwned):
    """One call of a verb: who, when, through which door, and why. Its rows say what changed on which objects.

    Written with the change, in its transaction. A moment later it is sealed: it gets its place in the tenant's chain,
    the digest of its rows, and a hash over itself, the digest and the hash before it. After that nothing of it can be
    altered, left out or put in between without breaking the chain.
    """

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    verb = models.CharField(max_length=80)
    actor_kind = models.CharField(max_length=10)
    actor_id = models.CharField(max_length=40, blank=True)
    actor_words = models.CharField(max_length=200)
    door = models.CharField(max_length=20, blank=True)
    note = models.TextField(blank=True)
    request_id = models.CharField(max_length=40, blank=True)
    seq = models.BigIntegerField(null=True)
    digest = models.BinaryField(default=EMPTY)
    prev_hash = models.BinaryField(default=EMPTY)
    hash = models.BinaryField(default=EMPTY)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["tenant", "seq"], name="audit_call_seq_once"),)
        indexes = (
            models.Index(fields=["tenant", "id"], condition=Q(seq__isnull=True), name="audit_call_unsealed"),
            models.Index(fields=["tenant", "actor_id", "-id"], name="audit_call_by_actor"),
        )
        triggers = (
            append_only(
                "audit calls", except_for=("seq", "digest", "prev_hash", "hash"), while_empty="OLD.seq IS NULL"
            ),
        )

    def __str__(self) -> str:
        return f"{self.verb} by {self.actor_words}"


class AuditRow(TenantOwned):
    """What a call did to one object: its fields before and after, and its name as it was."""

    id = models.BigAutoField(primary_key=True)
    call = TenantFK(AuditCall, on_delete=models.PROTECT, related_name="rows")
    verb = models.CharField(max_length=80)
    object_type = models.CharField(max_length=40)
    object_id = models.CharField(max_length=40)
    object_words = models.CharField(max_length=300, blank=True)
    account_id = models.UUIDField(null=True)
    changes = models.JSONField(default=dict)

    class Meta:
        indexes = (
            models.Index(
                fields=["tenant", "account_id", "-id"], condition=Q(account_id__isnull=False), name="audit_of_account"
            ),
            models.Index(fields=["tenant", "object_type", "object_id", "-id"], name="audit_of_object"),
            models.Index(fields=["tenant", "-id"], name="audit_newest"),
        )
        triggers = (append_only("audit rows"),)

    def __str__(self) -> str:
        return f"{self.verb} {self.object_words}"


class FactRow(TenantOwned):
    """A fact as it was told. `position` is its place in the change feed, given after the commit, so that a reader who
    asks "after position n" misses nothing that was committed late."""

    id = models.BigAutoField(primary_key=True)
    position = models.BigIntegerField(null=True)
    name = models.CharField(max_length=80)
    payload = models.JSONField()
    at = models.DateTimeField()
    chain_id = models.UUIDField()
    depth = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["tenant", "position"], name="fact_position_once"),)
        indexes = (models.Index(fields=["tenant", "id"], condition=Q(position__isnull=True), name="fact_unplaced"),)
        triggers = (append_only("facts", except_for=("position",), while_empty="OLD.position IS NULL"),)

    def __str__(self) -> str:
        return self.name


class Outbox(TenantOwned):
    """Work that follows from a change, written in its transaction. Claimed by lease and fence, never deleted while
    open; `dead` work is kept with its reason and can be replayed."""

    class State(models.TextChoices):
        PENDING = "pending", "Waiting"
        LEASED = "leased", "At work"
        DONE = "done", "Done"
        DEAD = "dead", "Given up"

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=80)
    dedupe_key = models.CharField(max_length=200)
    order_key = models.CharField(max_length=100, blank=True)
    payload = models.JSONField(default=dict)
    due_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State, default=State.PENDING)
    lease_until = models.DateTimeField(null=True)
    fence = models.PositiveIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0)
    last_error = models.TextField(blank=True)
    chain_id = models.UUIDField()
    depth = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["tenant", "kind", "dedupe_key"], name="outbox_once"),
            models.CheckConstraint(
                condition=Q(state__in=["pending", "leased", "done", "dead"]), name="outbox_state_known"
            ),
        )
        indexes = (
            models.Index(fields=["tenant", "due_at", "id"], condition=Q(state="pending"), name="outbox_due"),
            models.Index(fields=["tenant", "lease_until"], condition=Q(state="leased"), name="outbox_leased"),
            models.Index(
                fields=["tenant", "order_key", "id"],
                condition=Q(state__in=["pending", "leased"]) & ~Q(order_key=""),
                name="outbox_in_order",
            ),
            models.Index(fields=["tenant", "-id"], condition=Q(state="dead"), name="outbox_dead"),
            models.Index(fields=["tenant", "finished_at"], condition=Q(state="done"), name="outbox_finished"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.dedupe_key}"


class Effect(TenantOwned):
    """Something done to the outside world, under the name of the business fact and never of the attempt. `sending` is
    committed before the network is touched; found again after a crash it becomes `unknown`, which a person resolves."""

    class State(models.TextChoices):
        SENDING = "sending", "Sending"
        SENT = "sent", "Sent"
        UNKNOWN = "unknown", "Unknown"
        FAILED = "failed", "Failed"

    id = models.BigAutoField(primary_key=True)
    key = models.CharField(max_length=200)
    state = models.CharField(max_length=8, choices=State, default=State.SENDING)
    provider = models.CharField(max_length=40)
    provider_id = models.CharField(max_length=200, blank=True)
    reason = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["tenant", "key"], name="effect_once"),)
        indexes = (models.Index(fields=["tenant", "-id"], condition=Q(state="unknown"), name="effect_unknown"),)

    def __str__(self) -> str:
        return self.key


class Tick(models.Model):
    """When the clock's work was last looked at, by anybody. Of the installation, not of a tenant."""

    name = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField()
    real_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} at {self.at}"
