import smtplib
import threading
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from cs_platform.supervisor.mailbox import MailboxServer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MailboxServer]:
    server = MailboxServer(tmp_path / "box")
    server.start()
    yield server
    server.stop()


def send(server: MailboxServer, to: str = "kim@customer.example", subject: str = "Woche 1: grüße") -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "cs@acme.example", to, subject
    message["Message-ID"] = "<one@acme.example>"
    message.set_content("Hello\n.dot at the start of a line\n")
    with smtplib.SMTP("127.0.0.1", server.port, timeout=10) as line:
        line.send_message(message)


def test_every_mail_is_kept_and_none_is_merged(server: MailboxServer) -> None:
    send(server)
    send(server)
    first, second = server.mailbox.mails()
    assert first["file"] != second["file"]
    assert (first["from"], first["to"]) == ("cs@acme.example", ["kim@customer.example"])
    assert (first["subject"], first["message_id"]) == ("Woche 1: grüße", "<one@acme.example>")
    assert b"\r\n.dot at the start" in server.mailbox.read(first["file"])


def test_a_mail_carries_the_day_of_the_test_clock(
    server: MailboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "clock").write_text("2027-01-04T09:00:00+00:00")
    monkeypatch.setenv("CS_CLOCK_FILE", str(tmp_path / "clock"))
    send(server)
    assert server.mailbox.mails()[0]["at"] == "2027-01-04T09:00:00+00:00"


@pytest.mark.parametrize(("fault", "code"), [("refuse", 550), ("tempfail", 451)])
def test_recipients_can_be_refused(server: MailboxServer, fault: str, code: int) -> None:
    server.mailbox.fail(**{fault: ["*@customer.example"]})  # type: ignore[arg-type]
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        send(server)
    assert next(iter(refused.value.recipients.values()))[0] == code
    send(server, to="lee@other.example")
    server.mailbox.heal()
    send(server)
    assert len(server.mailbox.mails()) == 2


@pytest.mark.parametrize(("drop", "kept"), [("kept", 1), ("lost", 0)])
def test_the_line_can_be_cut_after_data(server: MailboxServer, drop: str, kept: int) -> None:
    server.mailbox.fail(drop=drop, times=1)
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
        send(server)
    assert len(server.mailbox.mails()) == kept
    send(server)
    assert len(server.mailbox.mails()) == kept + 1


def test_a_slow_answer_can_be_had(server: MailboxServer) -> None:
    server.mailbox.fail(slow=0.4)
    sender = threading.Thread(target=send, args=[server])
    sender.start()
    sender.join(0.2)
    assert sender.is_alive()
    sender.join(5)
    assert len(server.mailbox.mails()) == 1
