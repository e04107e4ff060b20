"""What this room announces. Ids are text; a list above 5,000 is split by the ledger."""

from dataclasses import dataclass

from cs_platform import ledger


@ledger.fact("lifecycle.entered_stage")
@dataclass(frozen=True)
class AccountsEnteredStage:
    """Accounts came to a stage. `lifecycle` and `stage_key` never change, `stage` is the name as it was; `baseline`:
    they had been there before we first looked, so nothing is new for the customer."""

    account_ids: list[str]
    lifecycle: str
    stage: str
    baseline: bool = False
    stage_id: str = ""
    stage_key: str = ""


@ledger.fact("lifecycle.left")
@dataclass(frozen=True)
class AccountsLeftLifecycle:
    """Accounts are in this lifecycle no more."""

    account_ids: list[str]
    lifecycle: str
