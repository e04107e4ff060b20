"""What a change would do, in sentences, before it is done. The verb itself is asked, in a transaction that is undone,
so that the sentence can not differ from what happens."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.template.loader import render_to_string

from accounts import services
from accounts.models import Account
from campaigns.models import Enrolment
from cs_platform import ledger


@dataclass(frozen=True)
class Preview:
    tone: str
    sentences: tuple[str, ...]


def support_level(account: Account, level: str, *, actor: ledger.Actor, now: datetime) -> Preview:
    """What setting this level would change on the account."""
    try:
        with transaction.atomic():
            after = services.set_support_level(account, level, actor=actor, now=now)
            transaction.set_rollback(True)
    except ledger.Refused as refusal:
        return Preview("bad", (str(refusal),))
    if not level:
        return Preview("watch", tuple(_archiving(account)))
    said = [] if account.is_managed else [f"{account.name} comes back: it enters its lifecycle, or goes on in it."]
    said += [
        _told("Segment", account.segment, after.segment),
        _told("Service model", account.service_model, after.service_model),
    ]
    return Preview("info", tuple(said))


def _archiving(account: Account) -> list[str]:
    if not account.is_managed:
        return [f"{account.name} stays archived."]
    held = mail_that_ends(account.pk)
    mail = f"{held} {'contact gets' if held == 1 else 'contacts get'} no more e-mails. " if held else ""
    return [f"{account.name} is archived. {mail}Nothing is deleted; a level set again brings it back."]


def _told(what: str, before: str, after: str) -> str:
    if before == after:
        return f"{what} stays {after or 'undecided'}."
    return f"{what} changes from {before or 'undecided'} to {after or 'undecided'}."


def mail_that_ends(account_id: UUID) -> int:
    """How many contacts of the account are being written to."""
    going = Enrolment.objects.filter(account_id=account_id, state__in=[Enrolment.State.ACTIVE, Enrolment.State.PAUSED])
    return going.values("contact").distinct().count()


def as_html(preview: Preview) -> str:
    return render_to_string("workspace/account/_preview.html", {"preview": preview})
