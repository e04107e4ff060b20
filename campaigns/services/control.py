"""The switch of all mail, the installation that may send, and the key of the address hashes."""

import secrets
from datetime import datetime

from campaigns.installation import installation_id
from campaigns.mail.journal import recall
from campaigns.models import SendingControl
from campaigns.selectors import sending
from campaigns.selectors.sending import control
from cs_platform import ledger
from cs_platform.tenancy import crypto
from cs_platform.tenancy.scope import require_tenant_id


def set_up_sending(*, actor: ledger.Actor, now: datetime) -> SendingControl:
    """The tenant's row, made with the tenant; it binds the tenant to this installation."""
    found = SendingControl.objects.first()
    if found is not None:
        return found
    control = SendingControl(installation_id=installation_id(), created_at=now, updated_at=now)
    tenant_id = require_tenant_id()
    control.sealed_secret = crypto.seal(
        secrets.token_hex(32), tenant_id=tenant_id, row=str(control.pk), **sending.SEALED_IN
    )
    return ledger.create(control, actor=actor, now=now)


def stop_sending(why: str, *, actor: ledger.Actor, now: datetime) -> SendingControl:
    """Nothing goes to customers any more, from the next message on. What falls due meanwhile is not made up for.
    Refused without a reason; stopping again keeps who was first."""
    why = " ".join(why.split())[:300]
    if not why:
        raise ledger.Refused("Say why, in at most 300 characters.", code="required", field="why")
    with ledger.change(control(), "stop", actor=actor, now=now, note=why) as row:
        if not row.is_on:
            return row
        row.is_on, row.stopped_why, row.stopped_by, row.stopped_at = False, why, actor.words[:200], now
        recall()
    return row


def start_sending(*, actor: ledger.Actor, now: datetime) -> SendingControl:
    """Mail goes out again from the next slot on."""
    with ledger.change(control(), "start", actor=actor, now=now) as row:
        row.is_on, row.stopped_why, row.stopped_by, row.stopped_at = True, "", "", None
    return row


def adopt_installation(*, actor: ledger.Actor, now: datetime) -> SendingControl:
    """This installation is the one that sends from now on; the other one must be off. Refused without a name."""
    here = installation_id()
    if not here:
        raise ledger.Refused(sending.why_nothing_is_sent(), code="no_installation_id")
    with ledger.change(control(), "adopt", actor=actor, now=now) as row:
        row.installation_id = here
    return row


def note_problem(words: str, *, now: datetime) -> None:
    """What the mail server said to all of us; empty when it works again."""
    found = SendingControl.objects.exclude(problem=words[:500])
    found.update(problem=words[:500], problem_at=now if words else None)
