"""How fast the product is, against what the machine could do: each benchmark measures its own floor in the same run.

`manage.py bench NAME` makes a database of its own, fills it with a data set that is the same every time, runs floor and
product in turn, and prints a line of JSON for each figure. Absolute times drift with the machine, ratios within a round
do not. docs/performance.md has the figures.
"""

from importlib import import_module
from typing import Any

_NAMES = (
    "account-list", "account-page", "isolation-cost", "search", "stage-move", "bulk-upsert", "mail-expand", "mail-run",
    "sync-full", "sync-delta",
)  # fmt: skip


def names() -> list[str]:
    return list(_NAMES)


def load(name: str) -> Any:
    """The module of a benchmark; its `run(options)` does everything."""
    return import_module(f"{__name__}.{name.replace('-', '_')}")
