"""What this room announces. Ids are text; a list above 5,000 is split by the ledger."""

from dataclasses import dataclass

from cs_platform import ledger


@ledger.fact("campaigns.contacts_enrolled")
@dataclass(frozen=True)
class ContactsEnrolled:
    """These contacts get a series from its next slot on."""

    series_id: str
    contact_ids: list[str]


@ledger.fact("campaigns.contacts_suppressed")
@dataclass(frozen=True)
class ContactsSuppressed:
    """Mail to these contacts ends: of one category, or (empty) of all."""

    contact_ids: list[str]
    category: str
    reason: str


@ledger.fact("campaigns.run_finished")
@dataclass(frozen=True)
class RunFinished:
    """Every message of a slot has come to an end. The counts are by state."""

    series_id: str
    run_id: str
    counts: dict[str, int]
