"""Customers that another system knows and we do not look after yet: who they are, and taking them over.

The room that mirrors the other system registers itself, because this one must not know it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from cs_platform import ledger


@dataclass(frozen=True)
class Candidate:
    """A customer who could be taken over. `mark` differs as soon as the other system says something else of it."""

    name: str
    mark: str


class Adopter(Protocol):
    def candidates(self, salesforce_ids: Sequence[str]) -> Mapping[str, Candidate]:
        """Those among these that could be taken over."""

    def adopt(
        self, salesforce_ids: Sequence[str], level: str, *, actor: ledger.Actor, now: datetime, note: str
    ) -> Mapping[str, UUID]:
        """They are accounts of ours with this support level from now on; which accounts. Part of the caller's
        transaction. One that can not be taken over is left out."""


_adopters: list[Adopter] = []


def register(adopter: Adopter) -> None:
    if adopter not in _adopters:
        _adopters.append(adopter)


def candidates(salesforce_ids: Sequence[str]) -> dict[str, Candidate]:
    found: dict[str, Candidate] = {}
    for adopter in _adopters if salesforce_ids else []:
        found |= adopter.candidates(salesforce_ids)
    return found


def adopt(
    salesforce_ids: Sequence[str], level: str, *, actor: ledger.Actor, now: datetime, note: str
) -> dict[str, UUID]:
    found: dict[str, UUID] = {}
    for adopter in _adopters:
        found |= adopter.adopt(salesforce_ids, level, actor=actor, now=now, note=note)
    return found
