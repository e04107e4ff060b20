"""The data set `book`: the same rows every time, written by the database itself in the scope of each tenant.

At scale 1 tenant 1 has 100,000 accounts with 3 contacts and 2 deals each, 19 tenants have 5,000. One account in 48 is
of the segment and in the stage that the standard list asks for.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from cs_platform.bench.measure import Options
from cs_platform.bench.scratch import Owner
from cs_platform.ledger import system
from cs_platform.people import services as people
from cs_platform.people.models import Membership, User
from cs_platform.tenancy.models import Tenant
from cs_platform.tenancy.scope import tenant_scope

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
BENCH = system("benchmark")
SEGMENT, STAGE = "Enterprise", "1. Onboarding"
BIG, SMALL, OTHERS = 100_000, 5_000, 19
TOLD_TO_THE_FULL = 200  # accounts with a timeline of more than a page

_ID = "('019a{kind}-0000-7000-8000-' || lpad(to_hex({number}), 12, '0'))::uuid"
_HASH = "(hashint8(n * 2654435761 %% 4294967296) & 2147483647)"


def _id(kind: str, number: str) -> str:
    return _ID.format(kind=kind, number=f"%(tenant)s::bigint * 16777216 + {number}")


ACCOUNTS = f"""
INSERT INTO accounts_account (tenant_id, id, name, external_id, salesforce_id, domains, industry, country, region,
  timezone, employees, developers, arr_minor, mrr_minor, currency, seats_purchased, seats_used, renewal_date,
  product_version, deployment, account_type, segment, service_model, state, archive_reason, sort_name, search_text,
  version, created_at, updated_at, csm_id, support_level_id)
SELECT %(tenant)s, {_id("0000", "n")}, w.name, 'a' || n, 'A' || lpad(n::text, 17, '0'), ARRAY[w.domain],
  'Software', (ARRAY['US','DE','FR','GB','ES','IT','NL','SE','PL','CA'])[1 + h %% 10], '', 'Europe/Berlin',
  h %% 9000, h %% 4000, h %% 50000000, NULL, 'USD', 100 + h %% 900, h %% 100, DATE '2026-12-01' + h %% 700, '9.1',
  'cloud', 'Customer', (ARRAY['Strategic','Enterprise','Mid-Market','SMB','Scaled','Public','Education','Partner'])
  [1 + n %% 8], 'Digital TA team', 'managed', '', lower(w.name), lower(w.name) || E'\\n' || w.domain || E'\\na' || n, 1,
  %(now)s::timestamptz - (h %% 800) * interval '1 day', %(now)s::timestamptz - (h %% 400) * interval '1 hour',
  (%(members)s::uuid[])[1 + h %% cardinality(%(members)s)], (%(levels)s::uuid[])[1 + h %% cardinality(%(levels)s)]
FROM generate_series(1, %(many)s) n, LATERAL (SELECT {_HASH} AS h) k,
  LATERAL (SELECT 'Company ' || substr(md5(n::text), 1, 6) || ' ' || (ARRAY['Inc','GmbH','Ltd','SA'])[1 + h %% 4]
  AS name, 'c' || n || '.example.com' AS domain) w
"""
CONTACTS = f"""
INSERT INTO accounts_contact (tenant_id, id, account_id, name, first_name, last_name, email, phone, title, roles,
  timezone, is_active, sort_name, version, created_at, updated_at)
SELECT %(tenant)s, {_id("0001", "n * 4 + k")}, {_id("0000", "n")}, w.name, 'Robin', 'No ' || n, 'p' || k || '@c' || n ||
  '.example.com', '', 'Engineer', ARRAY[(ARRAY['Program Contact','Champion','End User'])[k]], '', true, lower(w.name),
  1, %(now)s, %(now)s
FROM generate_series(1, %(many)s) n, generate_series(1, 3) k, LATERAL (SELECT 'Robin ' || k || ' No ' || n AS name) w
"""
DEALS = f"""
INSERT INTO accounts_opportunity (tenant_id, id, account_id, name, type, stage, amount_minor, currency, close_date,
  is_closed, is_won, is_new_business, is_active, version, created_at, updated_at)
SELECT %(tenant)s, {_id("0002", "n * 4 + k")}, {_id("0000", "n")}, 'Deal ' || k, 'New Business', 'Proposal',
  {_HASH} %% 9000000, 'USD', DATE '2026-06-01' + n %% 300, k = 1, k = 1, true, true, 1, %(now)s, %(now)s
FROM generate_series(1, %(many)s) n, generate_series(1, 2) k
"""
_STAGED = """
FROM generate_series(1, %(many)s) n, LATERAL (SELECT (ARRAY[1,2,3,4,5,3])[1 + (n / 8) %% 6] AS place,
  %(now)s::timestamptz - (n %% 50) * interval '1 day' AS at) w
  JOIN lifecycle_stage s ON s.tenant_id = %(tenant)s AND s.position = w.place + %(first)s - 1
  AND s.lifecycle_id = %(lifecycle)s
"""
STANDINGS = f"""
INSERT INTO lifecycle_accountlifecycle (tenant_id, id, account_id, lifecycle_id, stage_id, stage_name, stage_is_end,
  entered_at, since, clock_from, clock_shown, version, created_at, updated_at)
SELECT %(tenant)s, {_id("0003", "n")}, {_id("0000", "n")}, s.lifecycle_id, s.id, s.name, s.is_end, w.at, w.at, w.at,
  interval '0', 1, %(now)s, %(now)s
{_STAGED}
"""
INTERVALS = f"""
INSERT INTO lifecycle_stageinterval (tenant_id, account_id, lifecycle_id, stage_id, stay_from, entered_at, recorded_at,
  counted, reason, actor, source, rule, evidence)
SELECT %(tenant)s, {_id("0000", "n")}, s.lifecycle_id, s.id, w.at, w.at, w.at, true, '', 'benchmark', 'system', '',
  '{{}}'
{_STAGED}
"""
CALL = """
INSERT INTO ledger_auditcall (tenant_id, at, verb, actor_kind, actor_id, actor_words, door, note, request_id, digest,
  prev_hash, hash)
VALUES (%(tenant)s, %(now)s, 'account.edit', 'system', 'benchmark', 'benchmark', '', '', '', '', '', '') RETURNING id
"""
TIMELINE = f"""
INSERT INTO ledger_auditrow (tenant_id, call_id, verb, object_type, object_id, object_words, account_id, changes)
SELECT %(tenant)s, %(call)s, 'account.edit', 'account', {_id("0000", "n")}::text, 'Company', {_id("0000", "n")},
  jsonb_build_object('industry', jsonb_build_array('Software', 'Trade ' || k))
FROM generate_series(1, %(many)s) n, generate_series(1, 25) k WHERE k <= 3 OR n <= {TOLD_TO_THE_FULL}
"""


@dataclass
class Book:
    """The tenant that is measured and somebody in it."""

    tenant: Tenant
    owner: Membership
    key: str
    accounts: int

    def account_id(self, number: int) -> str:
        """The id of an account by its number, from 1 on."""
        return f"019a0000-0000-7000-8000-{self.tenant.pk * 16777216 + number:012x}"


def fill(options: Options, *, others: int = OTHERS) -> Book:
    """The whole set, with fresh statistics."""
    book = make_tenant("book", options.many(BIG, 50))
    for number in range(others):
        make_tenant(f"small-{number}", options.many(SMALL, 5))
    owner = Owner()
    owner.vacuum()
    owner.close()
    return book


def make_tenant(slug: str, many: int) -> Book:
    """An organisation with its shipped defaults and so many accounts."""
    tenant, _ = people.create_tenant(slug, slug.title(), "Europe/Berlin", f"{slug}@example.com", now=NOW)
    with tenant_scope(tenant):
        members = [_member(slug, tenant, number) for number in range(20 if many > 1000 else 2)]
        _, key = people.create_api_key("bench", ["admin"], actor=BENCH, now=NOW)
        if many:
            _write(tenant, many, members)
    return Book(tenant, members[0], key, many)


def _member(slug: str, tenant: Tenant, number: int) -> Membership:
    user = User.objects.create(email=f"{number}@{slug}.example.com", name=f"Sam {number}", password="!")
    roles = ["owner"] if number == 0 else ["csm"]
    return Membership.objects.create(user=user, roles=roles, created_at=NOW, updated_at=NOW)


def _write(tenant: Tenant, many: int, members: list[Membership]) -> None:
    with connection.cursor() as cursor:
        levels = _column(cursor, "SELECT id FROM accounts_supportlevel WHERE tenant_id = %s", tenant.pk)
        cursor.execute(
            "SELECT l.id, min(s.position) FROM lifecycle_lifecycle l JOIN lifecycle_stage s ON s.lifecycle_id = l.id"
            " WHERE l.tenant_id = %s AND l.is_default GROUP BY l.id",
            [tenant.pk],
        )
        lifecycle, first = cursor.fetchone()
        values = {
            "tenant": tenant.pk,
            "many": many,
            "now": NOW,
            "members": [str(member.pk) for member in members],
            "levels": levels,
            "lifecycle": lifecycle,
            "first": first,
        }
        for statement in (ACCOUNTS, CONTACTS, DEALS, STANDINGS, INTERVALS):
            cursor.execute(statement, values)
        cursor.execute(CALL, values)
        cursor.execute(TIMELINE, {**values, "call": cursor.fetchone()[0]})


def _column(cursor: Any, statement: str, tenant: int) -> list[str]:
    cursor.execute(statement, [tenant])
    return [str(row[0]) for row in cursor.fetchall()]
