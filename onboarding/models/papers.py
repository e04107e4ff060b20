"""What a hand-off is made of beside its checklist: the document and the meeting."""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django_fsm import FSMField, transition

from cs_platform.ledger.guards import state_guard
from cs_platform.people.models import Membership
from cs_platform.tenancy.models import TenantFK, TenantOneToOne, TenantOwned
from onboarding.models.configuration import HandoffTemplate
from onboarding.models.handoffs import Handoff


class HandoffDocument(TenantOwned):
    """What those who sold know and those who look after the customer need. Written once from the template with what is
    known of the account, then by people; `body` is the little markup of onboarding.content."""

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        FINISHED = "finished", "Finished"

    ledger_name = "handoff_document"

    handoff = TenantOneToOne(Handoff, on_delete=models.CASCADE, related_name="documents")
    template = TenantFK(HandoffTemplate, on_delete=models.PROTECT, related_name="+")
    body = models.TextField()
    state = FSMField(default=State.DRAFT, choices=State.choices)
    finished_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["tenant", "handoff"], name="handoff_document_once"),
            models.CheckConstraint(condition=Q(state__in=["draft", "finished"]), name="handoff_document_state"),
        )
        triggers = (state_guard("state"),)

    def __str__(self) -> str:
        return "hand-off document"

    @transition(field=state, source=State.DRAFT, target=State.FINISHED)
    def finish(self, at: datetime) -> None:
        self.finished_at = at

    @transition(field=state, source=State.FINISHED, target=State.DRAFT)
    def take_up(self) -> None:
        self.finished_at = None


class HandoffMeeting(TenantOwned):
    """The knowledge transfer: when it is and who comes. Planned anew it is the same row, so that a calendar which has
    it already moves its entry; `version` is the sequence of that entry."""

    class State(models.TextChoices):
        PLANNED = "planned", "Planned"
        HELD = "held", "Held"
        CALLED_OFF = "called_off", "Called off"

    ledger_name = "handoff_meeting"

    handoff = TenantOneToOne(Handoff, on_delete=models.CASCADE, related_name="meetings")
    starts_at = models.DateTimeField()
    minutes = models.PositiveSmallIntegerField(default=45)
    place = models.CharField(max_length=300, default="", blank=True)
    agenda = models.TextField(default="", blank=True)
    customer_engineer = TenantFK(Membership, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    technical_advisor = TenantFK(Membership, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    account_executive = TenantFK(Membership, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    implementation_engineer = TenantFK(Membership, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    state = FSMField(default=State.PLANNED, choices=State.choices)
    held_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["tenant", "handoff"], name="handoff_meeting_once"),
            models.CheckConstraint(
                condition=Q(state__in=["planned", "held", "called_off"]), name="handoff_meeting_state"
            ),
            models.CheckConstraint(condition=Q(minutes__range=(5, 480)), name="handoff_meeting_minutes"),
        )
        triggers = (state_guard("state"),)

    def __str__(self) -> str:
        return "knowledge-transfer meeting"

    @transition(field=state, source=[State.PLANNED, State.CALLED_OFF], target=State.PLANNED)
    def plan(self) -> None: ...

    @transition(field=state, source=State.PLANNED, target=State.HELD)
    def hold(self, at: datetime) -> None:
        self.held_at = at

    @transition(field=state, source=State.PLANNED, target=State.CALLED_OFF)
    def call_off(self) -> None: ...
