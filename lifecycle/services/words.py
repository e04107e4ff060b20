"""What the ledger says of this room's verbs, and what people may type into it."""

from accounts.services import cleaning
from cs_platform import ledger

MAX_REASON = 1000


def declare() -> None:
    ledger.sentences(
        {
            "stage.enter": "put the account into a lifecycle",
            "stage.move": "moved the account to another stage",
            "stage.leave": "took the account out of a lifecycle",
            "stage.pause": "stopped the count of days in the stage",
            "stage.resume": "started the count of days in the stage again",
            "lifecycle.create": "created the lifecycle {object}",
            "lifecycle.rename": "renamed the lifecycle to {object}",
            "lifecycle_stage.create": "added the stage {object}",
            "lifecycle_stage.edit": "edited the stage {object}",
            "lifecycle_stage.rename": "renamed a stage to {object}",
            "lifecycle_stage.reorder": "reordered the stage {object}",
            "lifecycle_stage.disable": "switched the stage {object} off",
            "lifecycle_stage.enable": "switched the stage {object} on",
            "lifecycle.set_moves": "changed which moves {object} allows",
        }
    )


def clean(raw: str, limit: int, field: str) -> str:
    """One line of text. Refused if it is too long or holds control characters."""
    try:
        return cleaning.plain(raw, limit)
    except cleaning.BadValue as bad:
        raise ledger.Refused(str(bad), code=bad.code, field=field) from None


def needed(raw: str, limit: int, field: str) -> str:
    text = clean(raw, limit, field)
    if not text:
        raise ledger.Refused("A name is needed.", code="required", field=field)
    return text
