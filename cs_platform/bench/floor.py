"""The floor of requests: plain WSGI, plain SQL, orjson. Tables without row-level security, with the one index that the
question needs; no session, no key, no rights, no framework."""

import os
import threading
from collections.abc import Callable, Iterable
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import orjson
import psycopg2

from cs_platform.bench.scratch import Owner

if TYPE_CHECKING:
    from cs_platform.bench.data import Book  # with the models, which a server of the floor does not load

TABLES = """
CREATE SCHEMA IF NOT EXISTS floor;
SELECT set_config('app.tenant_id', '{tenant}', false);
CREATE TABLE floor.account AS SELECT a.tenant_id, a.id, a.name, a.sort_name, a.external_id, a.domains, a.industry,
  a.country, a.developers, a.arr_minor, a.currency, a.renewal_date, a.segment, a.service_model, a.state, a.updated_at,
  a.search_text, s.name AS level, l.stage_name AS stage, l.entered_at AS stage_since, coalesce(u.name, '') AS csm
  FROM accounts_account a LEFT JOIN accounts_supportlevel s ON s.id = a.support_level_id
  LEFT JOIN lifecycle_accountlifecycle l ON l.account_id = a.id
  LEFT JOIN people_membership m ON m.id = a.csm_id LEFT JOIN people_user u ON u.id = m.user_id;
CREATE UNIQUE INDEX ON floor.account (tenant_id, id);
CREATE INDEX ON floor.account (tenant_id, state, segment, stage, sort_name, id);
CREATE INDEX ON floor.account USING gin (tenant_id, search_text gin_trgm_ops);
CREATE TABLE floor.contact AS SELECT tenant_id, id, account_id, name, email, title, roles FROM accounts_contact;
CREATE INDEX ON floor.contact (tenant_id, account_id);
CREATE TABLE floor.deal AS SELECT tenant_id, id, account_id, name, stage, close_date FROM accounts_opportunity;
CREATE INDEX ON floor.deal (tenant_id, account_id);
CREATE TABLE floor.entry AS SELECT r.tenant_id, r.id, r.account_id, r.verb, r.changes, c.at, c.actor_words
  FROM ledger_auditrow r JOIN ledger_auditcall c ON c.id = r.call_id;
CREATE INDEX ON floor.entry (tenant_id, account_id, id DESC);
"""
COLUMNS = (
    "id", "name", "external_id", "industry", "country", "developers", "arr_minor", "currency", "renewal_date",
    "segment", "service_model", "state", "updated_at", "level", "stage", "stage_since", "csm",
)  # fmt: skip
_NARROWED = "FROM floor.account WHERE tenant_id = %s AND state = 'managed' AND segment = %s AND stage = %s"
LIST = f"SELECT {', '.join(COLUMNS)} {_NARROWED} ORDER BY sort_name, id LIMIT 50"
COUNT = f"SELECT count(*) {_NARROWED}"
SEARCH = (
    f"SELECT {', '.join(COLUMNS)} FROM floor.account WHERE tenant_id = %s AND state = 'managed'"
    " AND search_text LIKE %s ORDER BY sort_name, id LIMIT 50"
)
DETAIL = {
    "account": "SELECT * FROM floor.account WHERE tenant_id = %s AND id = %s",
    "contacts": "SELECT * FROM floor.contact WHERE tenant_id = %s AND account_id = %s ORDER BY name",
    "deals": "SELECT * FROM floor.deal WHERE tenant_id = %s AND account_id = %s",
    "timeline": "SELECT * FROM floor.entry WHERE tenant_id = %s AND account_id = %s ORDER BY id DESC LIMIT 20",
}
HEAD = "<!doctype html><title>Accounts</title><h1>Accounts ({})</h1><table>"
ROW = '<tr><td><a href="/accounts/{}/">{}</a><td>{}<td>{}<td>{}<td>{}<td>{}<td>{}<td>{}<td>{}</tr>'
_here = threading.local()


def make_tables(book: "Book") -> None:
    _here.__dict__.clear()  # the line of an earlier benchmark leads to a database that is gone
    owner = Owner()
    owner(TABLES.format(tenant=book.tenant.pk))
    owner.vacuum("floor.account", "floor.contact", "floor.deal", "floor.entry")
    owner.close()


def _cursor() -> Any:
    if not hasattr(_here, "connection"):
        _here.connection = psycopg2.connect(os.environ["FLOOR_URL"])
        _here.connection.autocommit = True
    return _here.connection.cursor()


def _rows(cursor: Any, statement: str, params: list[Any]) -> list[dict[str, Any]]:
    cursor.execute(statement, params)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def app(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """/list, /page (the same as HTML), /search?q=, /detail?id="""
    tenant, path, kind = int(os.environ["FLOOR_TENANT"]), environ["PATH_INFO"], "application/json"
    asked = {name: values[0] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
    cursor = _cursor()
    if path == "/search":
        body = orjson.dumps(_rows(cursor, SEARCH, [tenant, f"%{asked['q']}%"]))
    elif path == "/detail":
        found = {name: _rows(cursor, statement, [tenant, asked["id"]]) for name, statement in DETAIL.items()}
        body = orjson.dumps(found, default=str)
    else:
        narrowed = [tenant, asked["segment"], asked["stage"]]
        rows = _rows(cursor, LIST, narrowed)
        cursor.execute(COUNT, narrowed)
        (count,) = cursor.fetchone()
        if path == "/page":
            body, kind = _page(rows, count), "text/html; charset=utf-8"
        else:
            body = orjson.dumps({"count": count, "results": rows})
    start("200 OK", [("Content-Type", kind), ("Content-Length", str(len(body)))])
    return [body]


def _page(rows: list[dict[str, Any]], count: int) -> bytes:
    lines = [HEAD.format(count)]
    for row in rows:
        shown = (row[name] for name in ("name", "stage", "stage_since", "segment", "service_model", "level"))
        money = f"{(row['arr_minor'] or 0) / 100:,.0f} {row['currency']}"
        lines.append(
            ROW.format(row["id"], *(escape(str(one)) for one in (*shown, money, row["csm"], row["renewal_date"])))
        )
    return "\n".join([*lines, "</table>"]).encode()
