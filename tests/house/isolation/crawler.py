"""Asks one request at a time, undoes what it did, and says what was wrong with it."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from django.db import connection, transaction
from django.test import Client

from cs_platform.people.api.renderers import dumps
from tests.house.isolation import canaries
from tests.house.isolation.values import Pair
from tests.house.isolation.world import Organisation, tenant_models

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
VARIES = (
    (re.compile(r'(csrfmiddlewaretoken" value="|"X-CSRFToken": ?"|csrf-token" content=")[\w-]+'), r"\1"),
    (UUID, "<id>"),
    (re.compile(r"\b[0-9a-f]{12}\b"), "<reference>"),
    (re.compile(r"\bcs_[\w-]{20,}"), "<key>"),
    (re.compile(r'"prefix":"\w+"'), "<prefix>"),
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|\+00:00)"), "<moment>"),
)
FORM = "application/x-www-form-urlencoded"


@contextmanager
def undone() -> Iterator[None]:
    """Whatever happens inside did not happen. Verbs that want to be outermost are told that they are."""
    atomic = transaction.atomic()
    atomic._from_testcase = True  # type: ignore[attr-defined]
    with atomic:
        yield
        transaction.set_rollback(True)


class Browser(Client):
    """Keeps no cookies and renders no contexts for tests: what one request did is not there at the next."""

    def request(self, **request: Any) -> Any:
        return self.handler(self._base_environ(**request))


@dataclass(frozen=True)
class Answer:
    status: int
    body: str
    location: str
    wrote: bool

    def told(self, *sent: str) -> tuple[int, str, str]:
        """What the answer says, without what was sent and what differs from one request to the next."""
        return self.status, _plain(self.body, sent), _plain(self.location, sent)


def _plain(text: str, sent: tuple[str, ...]) -> str:
    for value in sorted(sent, key=len, reverse=True):
        if not value or (value.isdigit() and len(value) < 6):
            continue  # a small number stands in every page for something else
        for form in {value, quote(value, safe=""), quote(value), value.lower()}:
            text = text.replace(form, "<sent>")
    for pattern, word in VARIES:
        text = pattern.sub(word, text)
    return text


@dataclass
class Crawler:
    """`ask` looks at every answer; `compare` asks for what is acme's and for what is nobody's."""

    acme: Organisation
    umbra: Organisation
    findings: list[str] = field(default_factory=list)
    asked: int = 0

    def __post_init__(self) -> None:
        self.canary = canaries.word(self.acme)
        self.foreign = {pk for ids in self.acme.ids.values() for pk in ids if not pk.isdigit()}
        self.before = self.fingerprint()

    def browser(self, made: Organisation, who: str) -> Browser:
        browser = Browser()
        if who == "key":
            browser.defaults["HTTP_AUTHORIZATION"] = f"Bearer {made.key}"
        elif who != "anonymous":
            browser.cookies = made.browser(who).cookies
        return browser

    def own_address(self, who: str) -> str:
        """A person's own e-mail address, which the pages may say to that person."""
        from cs_platform.people.models import User

        return str(User.objects.get(pk=getattr(self.acme, who).user_id).email)

    def ask(
        self,
        browser: Browser,
        method: str,
        path: str,
        *,
        sent: tuple[str, ...] = (),
        body: Any = None,
        form: list[tuple[str, str]] | None = None,
        headers: dict[str, str] | None = None,
        may_see: bool = False,
    ) -> Answer:
        """`may_see` is for acme's own people; nobody else meets acme's words or ids, save those that were sent."""
        extra: dict[str, Any] = {"headers": headers or {}}
        if form is not None:
            extra |= {"data": urlencode(form), "content_type": FORM}
        elif method not in ("GET", "HEAD"):
            extra |= {"data": dumps(body) if body is not None else b"", "content_type": "application/json"}
        about = f"{method} {path}"
        with undone():
            response = browser.generic(method, path, **extra)
            content = b"".join(response.streaming_content) if response.streaming else response.content
            text = content.decode(errors="replace")
            wrote = self._check_writes(about)
        self.asked += 1
        self._check(about, response, text, sent, may_see)
        return Answer(response.status_code, text, response.headers.get("Location", ""), wrote)

    def compare(self, about: str, pair: Pair, ask: Callable[[str], Answer]) -> Answer:
        """The same question about acme's and about nobody's must get the same answer."""
        theirs, nobodys = ask(pair.foreign), ask(pair.absent)
        one, other = theirs.told(pair.foreign), nobodys.told(pair.absent)
        if one != other:
            self.findings.append(
                f"{about} tells {pair.label} of another organisation from none:"
                f" {one[0]} and {other[0]}: {_first_difference(one, other)}"
            )
        return theirs

    def must_be_silent(self) -> None:
        """What was found so far fails the test."""
        found, self.findings = self.findings, []
        assert not found, "\n".join(found)

    def _check(self, about: str, response: Any, text: str, sent: tuple[str, ...], may_see: bool) -> None:
        if response.status_code >= 500:
            self.findings.append(f"{about} answered {response.status_code}")
        if may_see:
            return
        seen = text + " ".join(f"{name}: {value}" for name, value in response.headers.items())
        for value in sent:
            for form in (value, quote(value, safe=""), quote(value)):
                seen = seen.replace(form, "")
        if self.canary in seen.lower():
            at = seen.lower().index(self.canary)
            self.findings.append(f"{about} shows the canary: …{seen[max(0, at - 60) : at + 40]}…")
        leaked = set(UUID.findall(seen)) & self.foreign
        if leaked:
            self.findings.append(f"{about} names a row of another organisation: {sorted(leaked)[0]}")

    # --- what was written -------------------------------------------------------------------------------------------

    def _check_writes(self, about: str) -> bool:
        """Nothing of acme is another afterwards, and what was written would survive its commit."""
        assert connection.connection is not None
        with connection.connection.cursor() as cursor:
            cursor.execute("SELECT pg_current_xact_id_if_assigned() IS NOT NULL")
            if not cursor.fetchone()[0]:
                return False
            try:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            except Exception as error:
                self.findings.append(f"{about} wrote what the database refuses at its commit: {str(error)[:200]}")
                return True
        if self.fingerprint() != self.before:
            self.findings.append(f"{about} changed a row of another organisation")
        return True

    def fingerprint(self) -> str:
        """A hash over every row of acme, on the running connection and past the application."""
        connection.ensure_connection()
        assert connection.connection is not None
        with connection.connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('app.tenant_id', true)")
            (before,) = cursor.fetchone()
            cursor.execute(every_row_of(self.acme.tenant.pk))
            (found,) = cursor.fetchone()
            cursor.execute("SELECT set_config('app.tenant_id', %s, true)", [before or ""])
        return str(found)


def every_row_of(tenant: int) -> str:
    each = [
        f"SELECT coalesce(md5(string_agg(t::text, ',' ORDER BY t.{model._meta.pk.column})), '') AS h"
        f" FROM {model._meta.db_table} t WHERE t.tenant_id = {tenant}"
        for model in tenant_models()
    ]
    each.append(f"SELECT md5(t::text) FROM tenancy_tenant t WHERE t.id = {tenant}")
    scope = f"SELECT set_config('app.tenant_id', '{tenant}', true)"
    return f"{scope}; SELECT md5(string_agg(h, ',')) FROM ({' UNION ALL '.join(each)}) AS tables"


def _first_difference(one: tuple[Any, ...], other: tuple[Any, ...]) -> str:
    for left, right in zip(one, other, strict=True):
        if left != right:
            left, right = str(left), str(right)
            at = next(
                (n for n, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right))
            )
            return f"…{left[max(0, at - 40) : at + 60]!r} / …{right[max(0, at - 40) : at + 60]!r}"
    return ""
