"""The bytes of a mail, read back by the library."""

import email
from email import policy

import pytest

from campaigns.content import compile_template
from campaigns.mail.envelope import BadHeader, Leave, Sender, message_bytes

SENDER = Sender(
    name='Käthe "K" Süß',
    address="success@acme.example",
    postal_address="Hauptstr. 1\n10115 Berlin",
    colour="#112233",
    organisation="Acme",
    domain="acme.example",
)
LEAVE = Leave("https://cs.example/u/abc.def/", "You get this because Acme writes to you: Getting started.")


def made(subject="Hello", body="Hi there.\n\n.\n..\nFrom x\n\n" + "long " * 300, sender=SENDER, **values):
    rendered = compile_template(subject, body).render({})
    given = {
        "to": "ada@example.com",
        "reply_to": "help@acme.example",
        "message_id": "<0198c9-1@acme.example>",
        "date": "Wed, 25 Nov 2026 08:00:00 +0000",
        **values,
    }
    return message_bytes(rendered=rendered, sender=sender, leave=LEAVE, **given)


def parsed(raw):
    return email.message_from_bytes(raw, policy=policy.default)


def test_the_headers_are_those_that_bulk_mail_must_have():
    mail = parsed(made())
    assert mail["From"].addresses[0].display_name == SENDER.name and mail["From"].addresses[0].domain == "acme.example"
    assert mail["To"] == "ada@example.com" and mail["Reply-To"] == "help@acme.example"
    assert mail["List-Unsubscribe"] == f"<{LEAVE.url}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["Auto-Submitted"] == "auto-generated" and mail["Message-ID"] == "<0198c9-1@acme.example>"
    assert mail["Date"].datetime.isoformat() == "2026-11-25T08:00:00+00:00"
    assert not mail.defects and not any(part.defects for part in mail.walk())


def test_both_parts_say_the_same_and_carry_the_way_out_and_the_address():
    mail = parsed(made())
    text = mail.get_body(("plain",)).get_content().replace("\r\n", "\n")
    page = mail.get_body(("html",)).get_content()
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    for part in (text, page):
        assert "Hi there." in part and LEAVE.url in part and "Acme, Hauptstr. 1 10115 Berlin" in part
    assert ("long " * 300).strip() in text and "\n.\n..\nFrom x\n" in text
    assert "#112233" in page


@pytest.mark.parametrize(
    "subject", ["Hello", "Grüße an Käthe", "日本語の件名" * 12, "=?utf-8?q?trick?=", "a" * 199, "ä " * 90 + "x"]
)
def test_a_subject_arrives_as_it_was_written(subject):
    raw = made(subject=subject)
    assert parsed(raw)["Subject"] == subject
    assert max(map(len, raw.split(b"\r\n\r\n")[0].split(b"\r\n"))) <= 200


def test_every_line_is_short_and_ends_as_mail_lines_do():
    raw = made(body="ä" * 5000)
    assert raw.isascii() and b"\n" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.split(b"\r\n"))) <= 200


@pytest.mark.parametrize("break_", ["\r\nBcc: all@evil.example", "\nBcc: all@evil.example", "\rBcc: x", "\x00"])
@pytest.mark.parametrize("field", ["to", "reply_to", "message_id", "date"])
def test_a_line_break_in_a_header_is_an_error(field, break_):
    with pytest.raises(BadHeader):
        made(**{field: f"x{break_}"})


def test_a_line_break_in_the_senders_name_is_an_error():
    with pytest.raises(BadHeader):
        made(sender=Sender(name="Acme\r\nBcc: all@evil.example", address="x@acme.example"))
