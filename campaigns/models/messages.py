"""Slots and what each contact got at them: the rows that make sure that nothing is sent twice and nothing is lost."""

from datetime import datetime
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q
from django_fsm import FSMField, transition

from campaigns.models.series import Enrolment, Series
from campaigns.models.templates import EmailTemplate
from cs_platform.ledger.guards import state_guard
from cs_platform.tenancy.models import TenantFK, TenantOwned


class SeriesRun(TenantOwned):
    """One slot of a series in one zone and calendar of holidays. Planned eight days ahead and computed anew as long as
    it is only planned; at its time the messages are written, then sent. A run whose time has passed is `skipped` with
    a reason, and a person may still send it."""

    class State(models.TextChoices):
        PLANNED = "planned", "Planned"
        EXPANDING = "expanding", "Writing the messages"
        SENDING = "sending", "Sending"
        FINISHED = "finished", "Finished"
        SKIPPED = "skipped", "Skipped"

    class Reason(models.TextChoices):
        LATE = "late", "its time had passed: more than four hours, or the day was over"
        PAUSED = "paused", "the series was not active"
        OFF = "sending_off", "sending was switched off"

    ledger_name = "run"

    series = TenantFK(Series, on_delete=models.PROTECT, related_name="runs")
    local_date = models.DateField()
    nominal_date = models.DateField()
    zone = models.CharField(max_length=80)
    calendar = models.CharField(max_length=2, default="", blank=True)
    due_at = models.DateTimeField()
    late_after = models.DateTimeField()
    tzdata = models.CharField(max_length=20)
    state = FSMField(default=State.PLANNED, choices=State.choices)
    reason = models.CharField(max_length=20, choices=Reason, default="", blank=True)
    by_hand = models.BooleanField(default=False)
    cursor = models.UUIDField(null=True, editable=False)
    recipients = models.PositiveIntegerField(default=0)
    rounds = models.PositiveIntegerField(default=0)
    finished_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["tenant", "series", "local_date", "zone", "calendar"], name="series_run_once"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["planned", "expanding", "sending", "finished", "skipped"]), name="run_state"
            ),
        )
        indexes = (
            models.Index(
                fields=["tenant", "due_at"], condition=Q(state__in=["planned", "expanding", "sending"]), name="run_open"
            ),
            models.Index(fields=["tenant", "series", "-due_at"], name="run_of_series"),
        )
        triggers = (state_guard("state"),)

    def __str__(self) -> str:
        return f"{self.series}, {self.local_date:%a %d %b %Y}"

    @transition(field=state, source=State.PLANNED, target=State.EXPANDING)
    def expand(self) -> None: ...

    @transition(field=state, source=State.SKIPPED, target=State.EXPANDING)
    def send_late(self, until: datetime) -> None:
        self.by_hand, self.late_after, self.reason = True, until, ""

    @transition(field=state, source=State.EXPANDING, target=State.SENDING)
    def send(self) -> None: ...

    @transition(field=state, source=[State.SENDING, State.EXPANDING], target=State.FINISHED)
    def finish(self, at: datetime) -> None:
        self.finished_at = at

    @transition(field=state, source=State.FINISHED, target=State.SENDING)
    def reopen(self) -> None:
        self.finished_at = None

    @transition(field=state, source=State.PLANNED, target=State.SKIPPED)
    def skip(self, reason: str) -> None:
        self.reason = reason


class SendingLane(TenantOwned):
    """What the sender of a part of a run has in its hands, so that a worker that dies leaves no more than one message
    of which nobody knows whether it arrived. `current` is committed before a byte of that message leaves, `done` is
    what became of those before it and is not written to them yet; whatever else the lane took was not begun.

    `fence` grows with each worker that takes the lane over, and one with an older fence can write nothing any more.
    `recalls` grows with each verb that stops mail to somebody, in its transaction: what was taken before must be asked
    for again."""

    run = TenantFK(SeriesRun, on_delete=models.CASCADE, related_name="+")
    lanes = models.PositiveSmallIntegerField()
    number = models.PositiveSmallIntegerField()
    fence = models.PositiveIntegerField(default=0)
    recalls = models.PositiveIntegerField(default=0)
    current = models.UUIDField(null=True)
    done = models.JSONField(default=list)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["tenant", "run", "lanes", "number"], name="sending_lane_once"),)

    def __str__(self) -> str:
        return f"lane {self.number} of {self.lanes}"


class Message(TenantOwned):
    """What one contact gets at one slot. Exists at most once for an enrolment and a day (which is once for a run and a
    contact), for a run and an address, and, unless it did not go out, for an enrolment and a template.

    `sending` is committed before a byte goes to the mail server; a line that breaks after the text was handed over
    leaves `unknown`, which only a person sends again. `name` says what it is and for whom, in the words of that time.
    The id begins with the time of the run, so that ids are in the order of time. The states on the way out are written
    by the functions of migration 0004, which say what they come from; the ledger hears of them in sets. The database
    itself refuses to take back a message that was sent.
    """

    class State(models.TextChoices):
        PLANNED = "planned", "Planned"
        HELD = "held", "Held"
        SENDING = "sending", "Sending"
        SENT = "sent", "Sent"
        DELIVERED = "delivered", "Delivered"
        BOUNCED = "bounced", "Bounced"
        FAILED = "failed", "Failed"
        SKIPPED = "skipped", "Skipped"
        SUPPRESSED = "suppressed", "Suppressed"
        UNKNOWN = "unknown", "Unknown"

    OPEN: ClassVar[tuple[str, ...]] = (State.PLANNED, State.HELD, State.SENDING)
    ledger_name = "message"
    ledger_quiet = {"due_at", "late_after", "attempts", "sending_at", "detail", "is_noted"}

    run = TenantFK(SeriesRun, on_delete=models.PROTECT, related_name="messages")
    enrolment = TenantFK(Enrolment, on_delete=models.PROTECT, related_name="messages")
    template = TenantFK(EmailTemplate, on_delete=models.PROTECT, related_name="messages")
    account_id = models.UUIDField()
    name = models.CharField(max_length=330)
    number = models.PositiveIntegerField()
    position = models.PositiveIntegerField()
    local_date = models.DateField()
    due_at = models.DateTimeField()
    late_after = models.DateTimeField()
    address_key = models.CharField(max_length=32)
    state = FSMField(default=State.PLANNED, choices=State.choices)
    reason = models.CharField(max_length=20, default="", blank=True)
    detail = models.CharField(max_length=500, default="", blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    by_hand = models.BooleanField(default=False)
    message_id = models.CharField(max_length=300, default="", blank=True)
    created_at = models.DateTimeField()
    sending_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    is_noted = models.BooleanField(default=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["tenant", "run", "address_key"], name="message_address_once"),
            models.UniqueConstraint(fields=["tenant", "enrolment", "local_date"], name="message_day_once"),
            models.UniqueConstraint(
                fields=["tenant", "enrolment", "template"],
                condition=~Q(state__in=["skipped", "suppressed"]),
                name="message_text_once",
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=[
                        "planned", "held", "sending", "sent", "delivered", "bounced", "failed", "skipped", "suppressed",
                        "unknown",
                    ]
                ),
                name="message_state",
            ),
        )  # fmt: skip
        indexes = (
            models.Index(fields=["tenant", "run", "state", "due_at", "id"], name="message_by_state"),
            models.Index(
                fields=["tenant", "-id"], condition=Q(state__in=["unknown", "failed"]), name="message_trouble"
            ),
        )
        triggers = (
            pgtrigger.Trigger(
                name="sent_is_final",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.state IN ('sent', 'delivered', 'bounced')"
                    " AND NEW.state NOT IN ('sent', 'delivered', 'bounced')"
                ),
                func="RAISE EXCEPTION 'a message that was sent stays sent'"
                " USING ERRCODE = 'integrity_constraint_violation';",
            ),
        )

    def __str__(self) -> str:
        return self.name

    @transition(
        field=state, source=[State.UNKNOWN, State.FAILED, State.SKIPPED, State.SUPPRESSED], target=State.PLANNED
    )
    def resend(self) -> None:
        self.reason, self.detail, self.attempts, self.by_hand = "", "", 0, True

    @transition(field=state, source=[State.PLANNED, State.HELD], target=State.SKIPPED)
    def skip(self) -> None:
        self.reason = "by_hand"
