"""`mail-run`: 10,000 personalised messages of one run to a mail server that keeps nothing, each marked before it leaves
and settled after. The floor is `smtplib` on one line with the same bodies, rendered by the same code."""

import smtplib

from django.conf import settings

from campaigns import services as campaigns
from campaigns.content import compile_template
from campaigns.mail import batch
from campaigns.mail.envelope import date_header, message_bytes
from campaigns.models import Message, SeriesRun
from campaigns.selectors.sending import address_secret
from cs_platform import ledger
from cs_platform.bench import clients, data, mail
from cs_platform.bench.data import NOW
from cs_platform.bench.measure import Figure, Memory, Options, seconds
from cs_platform.bench.scratch import Owner
from cs_platform.tenancy.scope import tenant_scope

NAME = "mail-run"
MESSAGES = 10_000


def run(options: Options) -> None:
    many, port = options.many(MESSAGES, 5), clients.free_port()
    book = data.fill(Options(max(options.scale / 20, many / 3 / data.BIG), 1), others=0)
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.EMAIL_HOST_USER = ""
    owner, figure = Owner(), Figure(NAME, "messages a second, 1 process", "messages/s", 0.6, "more")
    with clients.process("cs_platform.bench.sink", str(port), port=port), Memory() as memory:
        with tenant_scope(book.tenant):
            series = mail.make_series(texts=options.rounds)
            mail.enrol(book, series, many)
        ledger.drain(NOW)
        for number in range(options.rounds):
            owner.vacuum("campaigns_enrolment", "campaigns_message", "ledger_outbox")
            with tenant_scope(book.tenant):
                slot = mail.make_run(book, series, number)
                campaigns.expand_run(slot.pk, now=NOW)
                rows = _rows(slot)
                figure.floor.append(len(rows) / seconds(lambda to=slot, them=rows: _by_hand(to, them)))
            figure.ours.append(many / seconds(lambda: ledger.drain(NOW, only=book.tenant.pk)))
            with tenant_scope(book.tenant):
                if Message.objects.filter(run=slot, state="sent").count() != many:
                    raise RuntimeError("a message was not sent")
    figure.more = {"peak_mb": memory.peak_mb}
    figure.tell(options)
    owner.close()


def _rows(slot: SeriesRun) -> list[batch.Row]:
    return batch.fetch(batch.Lane(slot.pk), NOW, None, 1_000_000)


def _by_hand(slot: SeriesRun, rows: list[batch.Row]) -> None:
    frame, date = batch.frame_of(slot.pk, address_secret()), date_header(NOW)
    with smtplib.SMTP("127.0.0.1", settings.EMAIL_PORT) as line:
        for row in rows:
            body = message_bytes(
                rendered=compile_template(*frame.text(row.template_id, row.number)).render(
                    batch.values_of(row.person, frame.sender)
                ),
                sender=frame.sender,
                to=row.person.email,
                reply_to=frame.sender.reply_to or row.person.csm_email,
                message_id=frame.message_id(row.id),
                date=date,
                leave=frame.leave(row.address_key),
            )
            line.sendmail(frame.sender.address, [row.person.email], body)
