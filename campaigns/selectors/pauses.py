"""Questions about pauses of mail."""

from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import Http404

from campaigns.models import MailPause


def mail_pauses(*, ended: bool = False) -> QuerySet[MailPause]:
    """The pauses that go on; with `ended` also those that are over."""
    found = MailPause.objects.select_related("account", "contact")
    return found if ended else found.filter(ended_at__isnull=True)


def pause_for(pk: UUID) -> MailPause:
    found = mail_pauses(ended=True).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def open_pauses_of(account_id: UUID | str, *, now: datetime) -> list[MailPause]:
    """Of an account and its contacts, those that hold mail back at this moment."""
    live = Q(ends_at__isnull=True) | Q(ends_at__gt=now)
    return list(mail_pauses().filter(live, account_id=account_id).order_by("created_at"))
