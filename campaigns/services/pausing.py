"""No mail to an account or to one contact for a while: begun, ended by a person, or over by itself."""

from datetime import date, datetime, time

from django.db import IntegrityError
from django.db.models import QuerySet

from accounts.models import Account, Contact
from campaigns import zones
from campaigns.models import MailPause, Message
from campaigns.services import sending, waiting
from campaigns.services.words import CLOCK
from cs_platform import ledger
from cs_platform.tenancy.models import Tenant
from cs_platform.tenancy.scope import require_tenant_id

Policy = MailPause.Policy
HELD, DROPPED = "mail_paused", "pause_dropped"


def pause_mail(
    account: Account,
    why: str,
    *,
    contact: Contact | None = None,
    until: date | None = None,
    policy: str = Policy.SHIFT,
    actor: ledger.Actor,
    now: datetime,
) -> MailPause:
    """Nothing goes to the account (or only not to this contact of it), from the next message on, until the day `until`
    begins in the organisation's zone or somebody ends it. Refused without a reason, if the day is not ahead, if there
    is such a pause already, if the contact is another account's, or if the account is archived."""
    why = " ".join(why.split())[:300]
    if not why:
        raise ledger.Refused("Say why, in at most 300 characters.", code="required", field="why")
    if policy not in Policy.values:
        raise ledger.Refused(f"{policy[:40]!r} is not a policy.", code="unknown_policy", field="policy")
    if contact is not None and contact.account_id != account.pk:
        raise ledger.Refused("This contact belongs to another account.", code="other_account", field="contact_id")
    row = MailPause(
        account=account, contact=contact, why=why, policy=policy, until=until, ends_at=_ends_at(until, now),
        started_by=actor.words[:200], created_at=now, updated_at=now,
    )  # fmt: skip
    try:
        with ledger.unit():
            if Account.objects.select_for_update(no_key=True).get(pk=account.pk).state != Account.State.MANAGED:
                raise ledger.Refused(f"{account} is archived and gets no mail.", code="account_archived")
            ledger.create(row, actor=actor, now=now, verb="begin", note=why)
            _hold_back(row)
    except IntegrityError as error:
        if "mail_pause" not in str(error):
            raise
        raise ledger.Refused("Mail is paused here already. End that pause first.", code="already_paused") from None
    return row


def end_mail_pause(pause: MailPause, *, actor: ledger.Actor, now: datetime, note: str = "") -> MailPause:
    """Mail goes again from the next slot on; what is held goes if its time has not passed. Refused if it is over."""
    with ledger.change(pause, "end", actor=actor, now=now, note=note) as row:
        if row.ended_at is not None:
            raise ledger.Refused("This pause is over.", code="already_ended")
        row.ended_at, row.ended_by = now, actor.words[:200]
        waiting.release(_messages(row), HELD, now=now)
    return row


def end_due_pauses(*, now: datetime) -> None:
    """The clock's part: pauses whose day has come are over."""
    for pause in MailPause.objects.filter(ended_at__isnull=True, ends_at__lte=now).order_by("id"):
        try:
            end_mail_pause(pause, actor=CLOCK, now=now)
        except ledger.Refused:
            continue  # a person, or another ticker, was first


def _ends_at(until: date | None, now: datetime) -> datetime | None:
    if until is None:
        return None
    zone = Tenant.objects.get(pk=require_tenant_id()).timezone
    ends = zones.instant(until, time(0, 0), zone)
    if ends <= now:
        raise ledger.Refused("The day on which mail goes again must be ahead.", code="not_ahead", field="until")
    return ends


def _hold_back(pause: MailPause) -> None:
    """What waits, also what a person sent by hand: the pause stands in the way of everything."""
    waits = _messages(pause).filter(state__in=[Message.State.PLANNED, Message.State.HELD])
    if pause.policy == Policy.SHIFT:
        waiting.hold(waits, HELD, also_by_hand=True)
        return
    runs = sorted(set(waits.values_list("run_id", flat=True)))
    waiting.leave_out(waits, DROPPED)
    for run_id in runs:
        sending.advance(run_id)


def _messages(pause: MailPause) -> QuerySet[Message]:
    found = Message.objects.filter(account_id=pause.account_id, run__state__in=["expanding", "sending"])
    return found.filter(enrolment__contact_id=pause.contact_id) if pause.contact_id else found
