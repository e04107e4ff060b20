"""What this room announces. Ids are text; a list above 5,000 is split by the ledger."""

from dataclasses import dataclass

from cs_platform import ledger


@ledger.fact("onboarding.handoffs_opened")
@dataclass(frozen=True)
class HandoffsOpened:
    """Customers on their way to those who will look after them."""

    handoff_ids: list[str]


@ledger.fact("onboarding.handoffs_handed_over")
@dataclass(frozen=True)
class HandoffsHandedOver:
    """Every item of these hand-offs is done."""

    handoff_ids: list[str]


@ledger.fact("onboarding.handoff_meetings_planned")
@dataclass(frozen=True)
class HandoffMeetingsPlanned:
    """The knowledge-transfer meetings of these hand-offs have a time, another one than before, or none any more."""

    handoff_ids: list[str]


@ledger.fact("onboarding.handoff_documents_finished")
@dataclass(frozen=True)
class HandoffDocumentsFinished:
    """The documents of these hand-offs are ready to be read."""

    handoff_ids: list[str]
