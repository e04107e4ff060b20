"""The demo's mailbox in the browser."""

from email.message import EmailMessage

import pytest

from cs_platform.supervisor.mailbox import Mailbox
from tests.cast import sign_in
from tests.workspace.world import get, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def box(tmp_path, settings):
    settings.CS_MAILBOX_DIR = str(tmp_path / "mailbox")
    return Mailbox(tmp_path / "mailbox")


def keep(box, subject="Welcome", html="<p>Hello <script>alert(1)</script></p>", to="ada@initech.example"):
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = subject, "Acme <hello@acme.example>", to
    mail["List-Unsubscribe"] = "<http://127.0.0.1/u/abc>"
    mail.set_content("Hello\nhttp://127.0.0.1/u/abc")
    if html:
        mail.add_alternative(html, subtype="html")
    return box.keep(mail.as_bytes(), "hello@acme.example", [to])


def test_what_was_sent_is_there_newest_first(client, ana, box):
    keep(box, "First")
    keep(box, "Second", to="bob@initech.example")
    page = text(get(sign_in(client, ana), "/mailbox/"))
    assert page.index("Second") < page.index("First")
    assert "First" not in text(get(client, "/mailbox/?to=bob"))


def test_a_mail_is_shown_with_its_links_and_its_html_in_a_frame_apart(client, ana, box):
    file = keep(box, "<b>Welcome</b>")
    sign_in(client, ana)
    answer = client.get(f"/mailbox/{file}/")
    html = answer.content.decode()
    assert "<b>Welcome" not in html and 'href="http://127.0.0.1/u/abc"' in html
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in html and "<script>alert" not in html
    assert "frame-src 'self'" in answer["Content-Security-Policy"]


def test_the_frame_can_run_nothing_and_reach_nothing(client, ana, box):
    file = keep(box)
    answer = sign_in(client, ana).get(f"/mailbox/{file}/html/")
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "sandbox allow-popups" in policy and "script-src" not in policy
    assert "allow-scripts" not in policy and "allow-same-origin" not in policy
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    assert b"Hello" in answer.content


@pytest.mark.parametrize(
    "file", ["../../etc/passwd", "..%2F..%2Fetc%2Fpasswd", "index.jsonl", "20261123T090000-aaaaaaaaaaaa.eml"]
)
def test_only_kept_mails_can_be_opened(client, ana, box, file):
    keep(box)
    sign_in(client, ana)
    assert client.get(f"/mailbox/{file}/").status_code == 404
    assert client.get(f"/mailbox/{file}/html/").status_code == 404


def test_half_a_line_and_odd_mails_do_no_harm(client, ana, box):
    file = keep(box)
    with open(box.folder / "index.jsonl", "a") as index:
        index.write('{"file": "x')
    (box.folder / file).write_bytes(b"\xff\xfe no mail at all")
    sign_in(client, ana)
    get(client, "/mailbox/")
    assert client.get(f"/mailbox/{file}/").status_code == 200


def test_it_is_not_there_without_a_mailbox_or_in_production(client, ana, box, settings):
    sign_in(client, ana)
    settings.CS_ENV = "production"
    assert client.get("/mailbox/").status_code == 404
    settings.CS_ENV, settings.CS_MAILBOX_DIR = "test", ""
    assert client.get("/mailbox/").status_code == 404


def test_a_stranger_is_asked_to_sign_in(client, box):
    assert "/auth/login/" in client.get("/mailbox/")["Location"]
    assert "/auth/login/" in client.get(f"/mailbox/{keep(box)}/html/")["Location"]
