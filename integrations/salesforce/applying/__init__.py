"""From mirror rows to the words of `accounts`: what came of a page is an Outcome. Each call is part of the caller's
transaction and costs a few statements, whatever the size of the page.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cs_platform import ledger
from integrations.salesforce.applying.accounts import apply_accounts
from integrations.salesforce.applying.belongings import apply_contacts, apply_opportunities
from integrations.salesforce.applying.outcome import Outcome
from integrations.salesforce.applying.owners import Link, apply_users, changed_links, relink
from integrations.salesforce.mirror import Change, Row
from integrations.salesforce.models import Connection

__all__ = ["Link", "Outcome", "apply_changes", "apply_waiting", "changed_links", "relink"]


def apply_changes(
    connection: Connection,
    sobject: str,
    changes: Sequence[Change],
    *,
    actor: ledger.Actor,
    now: datetime,
    baseline: bool,
) -> Outcome:
    """Rows of one object that are not what they were. `baseline`: the first reading of the org."""
    if not changes:
        return Outcome()
    if sobject == "User":
        return apply_users(connection, changes)
    if sobject == "Account":
        return apply_accounts(connection, changes, actor=actor, now=now, baseline=baseline)
    if sobject == "Contact":
        return apply_contacts(connection, changes, actor=actor, now=now)
    return apply_opportunities(connection, changes, actor=actor, now=now)


def apply_waiting(
    connection: Connection, sobject: str, rows: Sequence[Row], *, actor: ledger.Actor, now: datetime
) -> Outcome:
    """People or deals whose account has become managed. They were counted when they were read; what comes of them now
    is counted beside that.
    """
    changes = [Change(row, row) for row in rows]
    if sobject == "Contact":
        outcome = apply_contacts(connection, changes, actor=actor, now=now, again=True)
    else:
        outcome = apply_opportunities(connection, changes, actor=actor, now=now)
    outcome.waiting = outcome.unchanged = 0
    return outcome
