"""Verbs of the room: the only module that writes."""

from lifecycle.services import words
from lifecycle.services.clocks import start_clocks, stop_clocks
from lifecycle.services.following import follow_managed, follow_won
from lifecycle.services.graphs import set_moves
from lifecycle.services.lifecycles import create_lifecycle, edit_lifecycle, rename_lifecycle
from lifecycle.services.moving import Cause, enter_accounts, leave_lifecycle, move_accounts, move_stage
from lifecycle.services.stages import (
    StageInput,
    StageInUse,
    add_stage,
    disable_stage,
    edit_stage,
    enable_stage,
    rename_stage,
    reorder_stages,
)

words.declare()

__all__ = [
    "Cause",
    "StageInUse",
    "StageInput",
    "add_stage",
    "create_lifecycle",
    "disable_stage",
    "edit_lifecycle",
    "edit_stage",
    "enable_stage",
    "enter_accounts",
    "follow_managed",
    "follow_won",
    "leave_lifecycle",
    "move_accounts",
    "move_stage",
    "rename_lifecycle",
    "rename_stage",
    "reorder_stages",
    "set_moves",
    "start_clocks",
    "stop_clocks",
]
