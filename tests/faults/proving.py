"""A judge that never sees red proves nothing: after a green history, each of these must turn the verdict."""

import json
import smtplib
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from cs_platform.supervisor.mailbox import INDEX
from tests.faults import evidence, judge, work
from tests.faults.box import Box
from tests.faults.clients import Answer
from tests.faults.kinds import Happened
from tests.faults.work import Book


def blind_to(box: Box, book: Book, happened: Sequence[Happened], seen: Sequence[Answer]) -> list[str]:
    """What was broken on purpose and not noticed, in words."""

    def problems() -> list[str]:
        return judge.judge(book, evidence.collect(box, book), happened, seen, 0.0).problems

    missed = []
    for words, mark, spoil in (
        ("a mail that went twice", "DOUBLED", _mail_again),
        ("a mail that never arrived", "LOST", _forget_mail),
        ("a row of the org that was not read", "LOST", _change_org),
        ("a decision that the org was not told", "LOST", _change_what_was_told),
        ("an order that was not carried out", "LOST", _add_order),
    ):
        before = set(problems())
        undo = spoil(box, book)
        if not any(problem.startswith(mark) for problem in set(problems()) - before):
            missed.append(words)
        undo()
    return missed


def _mail_again(box: Box, book: Book) -> Callable[[], None]:
    """Straight to the mail server, past the product."""
    index = box.mailbox.folder / INDEX
    kept = index.read_text()
    first = next(mail for mail in box.mailbox.mails() if mail["to"][0] in book.recipients["large"])
    with smtplib.SMTP("127.0.0.1", box.place.mailbox, timeout=20) as line:
        line.sendmail("again@example.com", first["to"], box.mailbox.read(first["file"]))
    return _writer(index, kept)


def _forget_mail(box: Box, book: Book) -> Callable[[], None]:
    index = box.mailbox.folder / INDEX
    kept = index.read_text()
    lines = kept.splitlines(keepends=True)
    here = next(n for n, line in enumerate(lines) if json.loads(line)["to"][0] in book.recipients["large"])
    index.write_text("".join(lines[:here] + lines[here + 1 :]))
    return _writer(index, kept)


def _writer(path: Path, text: str) -> Callable[[], None]:
    return lambda: path.write_text(text) and None


def _change_org(box: Box, book: Book) -> Callable[[], None]:
    """And nobody reads it before tomorrow; the next history begins with it."""
    from cs_platform.tenancy.scope import tenant_scope
    from integrations.salesforce.models import Connection

    with tenant_scope(book.tenant_id):
        connection = Connection.objects.get(pk=book.connection_id)
        Connection.objects.update(settings=connection.settings | {"interval_minutes": 1440})
    developers = int(time.time()) % 100_000 + 10_000  # not what it is now
    values = {"Developers__c": developers}
    work.Org(box.place.sandbox_url).tell(f"records/Account/{book.org_ids[0]}", values=values, check=False)
    return lambda: None


def _change_what_was_told(box: Box, book: Book) -> Callable[[], None]:
    values = {"Customer_Segment__c": "Never ours"}
    told = next(pk for pk, row in work.org_told(box.root / "sandbox").items() if row[0])
    work.Org(box.place.sandbox_url).tell(f"records/Account/{told}", values=values, check=False)
    return lambda: None


def _add_order(box: Box, book: Book) -> Callable[[], None]:
    book.orders.append(work.Order("account", "accounts/", {}, "never asked", "never", 201))
    return lambda: book.orders.pop() and None
