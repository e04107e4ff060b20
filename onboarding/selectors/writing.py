"""What another system is told about hand-offs: values only, so that whoever writes them needs no model of ours."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from onboarding import content
from onboarding.models import HandoffDocument, HandoffMeeting

PEOPLE = ("customer_engineer", "technical_advisor", "account_executive", "implementation_engineer")


@dataclass(frozen=True)
class MeetingToWrite:
    """A planned or held meeting; `sequence` grows with each change, `member_ids` are those of ours who come."""

    handoff_id: UUID
    meeting_id: UUID
    account_id: UUID
    opportunity_id: UUID | None
    subject: str
    text: str
    place: str
    starts_at: datetime
    ends_at: datetime
    state: str
    sequence: int
    member_ids: tuple[UUID, ...]


@dataclass(frozen=True)
class DocumentToWrite:
    """A finished document as a text file."""

    handoff_id: UUID
    document_id: UUID
    account_id: UUID
    opportunity_id: UUID | None
    title: str
    file_name: str
    text: str
    finished_at: datetime
    sequence: int


def meetings_to_write(handoff_ids: Collection[UUID | str]) -> list[MeetingToWrite]:
    """The meetings of these hand-offs, in one question. One that was called off is among them: its state says so."""
    rows = HandoffMeeting.objects.filter(handoff_id__in=list(handoff_ids)).select_related("handoff__account")
    return [
        MeetingToWrite(
            handoff_id=row.handoff_id,
            meeting_id=row.pk,
            account_id=row.handoff.account_id,
            opportunity_id=row.handoff.opportunity_id,
            subject=f"Knowledge transfer: {row.handoff.account.name}",
            text=content.plain_text(row.agenda),
            place=row.place,
            starts_at=row.starts_at,
            ends_at=row.starts_at + timedelta(minutes=row.minutes),
            state=row.state,
            sequence=row.version,
            member_ids=tuple(pk for name in PEOPLE if (pk := getattr(row, f"{name}_id")) is not None),
        )
        for row in rows.order_by("pk")
    ]


def documents_to_write(handoff_ids: Collection[UUID | str]) -> list[DocumentToWrite]:
    """The finished documents of these hand-offs, in one question."""
    rows = HandoffDocument.objects.filter(handoff_id__in=list(handoff_ids), finished_at__isnull=False)
    found = []
    for row in rows.select_related("handoff__account").order_by("pk"):
        name = row.handoff.account.name
        safe = "".join(char if char.isalnum() or char in " -_" else "_" for char in name).strip()[:80]
        assert row.finished_at is not None
        found.append(
            DocumentToWrite(
                handoff_id=row.handoff_id,
                document_id=row.pk,
                account_id=row.handoff.account_id,
                opportunity_id=row.handoff.opportunity_id,
                title=f"Hand-off: {name}"[:255],
                file_name=f"handoff-{safe}.txt",
                text=content.plain_text(row.body),
                finished_at=row.finished_at,
                sequence=row.version,
            )
        )
    return found
