"""What the tests of the composed pages need: customers with people, deals and a stage, and how pages are asked."""

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import services as accounts
from accounts.models import Account
from campaigns import services as campaigns
from campaigns.models import Enrolment, Series
from cs_platform import ledger
from cs_platform.tenancy.scope import tenant_scope
from tests.cast import NOW

TEST = ledger.system("test")
HTMX = {"HX-Request": "true"}
NOBODY = UUID(int=7)


def make_account(tenant: Any, name: str = "Initech", *, csm: Any = None, **values: Any) -> Account:
    """A managed account that has entered its lifecycle."""
    with tenant_scope(tenant):
        given = {"name": name, "support_level": "Named", "developers": 1200, "arr_minor": 25_000_000, **values}
        account = accounts.create_account(given, actor=TEST, now=NOW)
        if csm is not None:
            accounts.assign_owner(account, csm, actor=TEST, now=NOW)
    ledger.drain(NOW)
    return account


def make_contact(account: Account, name: str = "Ada Byron", **values: Any) -> Any:
    email = name.split(" ")[0].lower() + "@initech.example"
    with tenant_scope(account.tenant_id):
        return accounts.create_contact(
            account, {"name": name, "email": email, "roles": ["Program Contact"], **values}, actor=TEST, now=NOW
        )


def enrol(contact: Any) -> Any:
    """The contact gets the shipped series from now on."""
    with tenant_scope(contact.tenant_id):
        series = Series.objects.get(shipped_key="onboarding")
        campaigns.enrol_contacts(series, [contact.pk], actor=TEST, now=NOW)
        return Enrolment.objects.get(series=series, contact=contact)


def make_deal(account: Account, name: str = "Rollout", *, number: int = 1, **values: Any) -> Any:
    given = {
        "name": name,
        "stage": "Proposal",
        "type": "New Business",
        "is_new_business": True,
        "amount_minor": 9_000_000,
        "currency": "USD",
        "close_date": date(2026, 12, 15),
        **values,
    }
    row = accounts.OpportunityInput(account.pk, given, salesforce_id=f"006{number:015d}")
    with tenant_scope(account.tenant_id):
        accounts.upsert_opportunities([row], actor=TEST, now=NOW)
    ledger.drain(NOW)


def make_many(tenant: Any, number: int, *, csm: Any = None) -> None:
    """So many accounts, each with a contact, an open deal, an alert and a history: what lists must not stumble over."""
    with tenant_scope(tenant):
        rows = [
            accounts.AccountInput(
                {
                    "name": f"Customer {n:03}",
                    "support_level": "Named",
                    "developers": n * 40,
                    "arr_minor": n * 1_000_000,
                    "renewal_date": NOW.date() + timedelta(days=n),
                    "csm_id": csm.pk if csm else None,
                },
                external_id=f"c{n}",
            )
            for n in range(1, number + 1)
        ]
        made = accounts.upsert_accounts(rows, actor=TEST, now=NOW - timedelta(days=200))
        ids = [result.id for result in made]
        accounts.upsert_opportunities(
            [
                accounts.OpportunityInput(
                    pk,
                    {"name": "Deal", "is_new_business": True, "close_date": NOW.date() + timedelta(days=n)},
                    salesforce_id=f"006{n:015d}",
                )
                for n, pk in enumerate(ids)
            ],
            actor=TEST,
            now=NOW,
        )
        accounts.raise_alert(ids, "test", "Look at this.", actor=TEST, now=NOW)
    ledger.drain(NOW - timedelta(days=200))


def fresh(account: Account) -> Account:
    with tenant_scope(account.tenant_id):
        return Account.objects.select_related("support_level", "csm__user").get(pk=account.pk)


@contextmanager
def queries() -> Iterator[CaptureQueriesContext]:
    """What was asked of the database, without the transaction's own words."""
    with CaptureQueriesContext(connection) as captured:
        yield captured


def questions(captured: CaptureQueriesContext) -> list[str]:
    own = re.compile(r"SAVEPOINT|RELEASE|SET |ROLLBACK|SELECT set_config|BEGIN|COMMIT")
    return [query["sql"] for query in captured.captured_queries if not own.match(query["sql"])]


def text(answer: Any) -> str:
    """What a person reads of an answer: no tags, single spaces."""
    raw = answer.content.decode() if hasattr(answer, "content") else answer
    raw = re.sub(r"<(script|style|template)\b.*?</\1>", " ", raw, flags=re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", raw))


def form_of(answer: Any, action: str = "") -> dict[str, Any]:
    """The fields of a form as a browser would send them back unchanged."""
    page = answer.content.decode()
    forms = re.findall(r'<form[^>]*method="post"[^>]*action="([^"]*)"[^>]*>(.*?)</form>', page, re.S)
    ours = [(where, body) for where, body in forms if "logout" not in where and "switch" not in where]
    body = next(body for where, body in ours if where.endswith(action))
    found: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", body):
        name, kind = _attribute(tag, "name"), _attribute(tag, "type")
        if not name or name == "csrfmiddlewaretoken" or (kind in ("checkbox", "radio") and " checked" not in tag):
            continue
        value = _attribute(tag, "value") or ("on" if kind == "checkbox" else "")
        found[name] = [*found.get(name, []), value] if kind == "checkbox" else value
    for name, inner in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>\n?(.*?)</textarea>', body, re.S):
        found[name] = _unescape(inner)
    for name, inner in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', body, re.S):
        option = r'<option value="([^"]*)"'
        chosen = re.search(option + "[^>]*selected", inner) or re.search(option, inner)
        found[name] = _unescape(chosen[1]) if chosen else ""
    return found


def _attribute(tag: str, name: str) -> str:
    found = re.search(rf'\s{name}="([^"]*)"', tag)
    return _unescape(found[1]) if found else ""


def _unescape(words: str) -> str:
    return html.unescape(words)


def url(account: Account, *parts: str) -> str:
    return "/".join([f"/accounts/{account.pk}", *parts, ""])


def get(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return answer.content.decode()
