"""What the timeline says of each verb, and what people may type into a task."""

from accounts.services import cleaning
from cs_platform import ledger

MAX_DESCRIPTION = 10_000

ledger.sentences(
    {
        "task.create": "added the task {object}",
        "task.edit": "edited the task {object}",
        "task.assign": "gave the task {object} to somebody else",
        "task.start": "began the task {object}",
        "task.send_to_review": "asked for a review of {object}",
        "task.complete": "completed {object}",
        "task.reopen": "opened the task {object} again",
        "task.cancel": "cancelled the task {object}",
        "task.withdraw": "took the task {object} back",
        "task.renew": "brought the task {object} back",
    }
)


def one_line(raw: object, field: str, limit: int, *, needed: bool = False) -> str:
    """Refused if it is too long, holds control characters, or is needed and empty."""
    try:
        return str((cleaning.needed if needed else cleaning.optional)(limit)(raw))
    except cleaning.BadValue as bad:
        raise ledger.Refused(str(bad), code=bad.code, field=field) from None


def lines(raw: object, field: str, limit: int = MAX_DESCRIPTION) -> str:
    """Text of several lines, each cleaned by itself."""
    text = "" if raw is None else raw
    if not isinstance(text, str):
        raise ledger.Refused("This is not text.", code="not_text", field=field)
    if len(text) > limit:
        raise ledger.Refused(f"At most {limit:,} characters.", code="too_long", field=field)
    pieces = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(one_line(piece, field, limit) if piece.strip() else "" for piece in pieces).strip()
