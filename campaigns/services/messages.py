"""What a person may do with one message."""

import datetime as dt

from django.db import IntegrityError

from campaigns.calendar import LATE_LIMIT
from campaigns.models import Enrolment, Message, SeriesRun
from campaigns.selectors import reasons
from campaigns.selectors.sending import verdict_on
from campaigns.services import sending
from campaigns.services.words import CLOCK
from cs_platform import ledger


class MayNotGo(ledger.Refused):
    """Something that a resend does not set aside stands in the way."""

    def __init__(self, verdict: str, words: str) -> None:
        super().__init__(words, code=verdict)


def resend_message(message: Message, *, actor: ledger.Actor, now: dt.datetime, note: str = "") -> Message:
    """It goes out now, on a person's word: one that nobody knows of, that failed, or that was left out. Refused if it
    was sent or still waits, if the contact has had this e-mail since, or if the contact must not be written to."""
    try:
        with ledger.change(message, "resend", actor=actor, now=now, note=note) as message:
            message.due_at, message.late_after = now, now + LATE_LIMIT
            Message.objects.filter(pk=message.pk).update(late_after=message.late_after, by_hand=True)
            verdict = verdict_on(message, now=now)
            if verdict:
                raise MayNotGo(verdict, f"It can not be sent: {reasons.words(verdict)}.")
    except IntegrityError as error:
        if "message_text_once" not in str(error):
            raise
        raise ledger.Refused("This contact has had this e-mail since.", code="had_it_since") from None
    with ledger.unit():
        run = SeriesRun.objects.select_for_update(no_key=True).get(pk=message.run_id)
        if run.state == SeriesRun.State.FINISHED:
            with ledger.change(run, "reopen", actor=CLOCK, now=now):
                pass
        sending.hand_out(run, now=now)
    return message


def skip_message(message: Message, *, actor: ledger.Actor, now: dt.datetime, note: str = "") -> Message:
    """This e-mail is left out for this contact, who gets the next one at the next slot. Refused if it does not wait."""
    with ledger.change(message, "skip", actor=actor, now=now, note=note) as message:
        Enrolment.objects.filter(pk=message.enrolment_id, position__lt=message.position).update(
            position=message.position
        )
    return message
