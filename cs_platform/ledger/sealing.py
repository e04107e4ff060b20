"""Places in the feed and links in the audit chain, given after the commit: whoever is first in order waits for nobody.

A link is sha256 over the hash before it, the call's own words, and the digest of its rows; the digest is made by the
database, so that a call of 100,000 rows is sealed without reading them.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from cs_platform.ledger.models import AuditCall
from cs_platform.tenancy.scope import require_tenant_id

CALLS_AT_ONCE = 1000
DIGEST = (
    "sha256(convert_to(coalesce(string_agg(concat_ws('|', r.id, r.verb, r.object_type, r.object_id, r.object_words,"
    " r.account_id, r.changes::text), E'\\n' ORDER BY r.id), ''), 'UTF8'))"
)
FIELDS = ("id", "at", "verb", "actor_kind", "actor_id", "actor_words", "door", "note", "request_id")


def seal() -> int:
    """Everything of the scope's tenant that is committed and has no place yet. Returns the number of sealed calls."""
    tenant = require_tenant_id()
    sealed = 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [7239, tenant % 2**31])
            if not cursor.fetchone()[0]:
                return sealed  # another process is at it
            _place_facts(cursor, tenant)
            count = _link_calls(cursor, tenant)
        sealed += count
        if count < CALLS_AT_ONCE:
            return sealed


def _place_facts(cursor: Any, tenant: int) -> None:
    cursor.execute(
        "UPDATE ledger_factrow f SET position = base.top + fresh.n"
        " FROM (SELECT coalesce(max(position), 0) AS top FROM ledger_factrow WHERE tenant_id = %s) base,"
        " (SELECT id, row_number() OVER (ORDER BY id) AS n FROM ledger_factrow"
        "  WHERE tenant_id = %s AND position IS NULL) fresh"
        " WHERE f.tenant_id = %s AND f.id = fresh.id",
        [tenant, tenant, tenant],
    )


def _link_calls(cursor: Any, tenant: int) -> int:
    cursor.execute(
        "SELECT seq, hash FROM ledger_auditcall WHERE tenant_id = %s AND seq IS NOT NULL ORDER BY seq DESC LIMIT 1",
        [tenant],
    )
    seq, link = cursor.fetchone() or (0, b"")
    link = bytes(link)
    cursor.execute(
        f"SELECT {', '.join('c.' + name for name in FIELDS)}, (SELECT {DIGEST} FROM ledger_auditrow r"
        " WHERE r.tenant_id = %s AND r.call_id = c.id)"
        " FROM ledger_auditcall c WHERE c.tenant_id = %s AND c.seq IS NULL ORDER BY c.id LIMIT %s",
        [tenant, tenant, CALLS_AT_ONCE],
    )
    ids, seqs, digests, before, after = [], [], [], [], []
    for *fields, digest in cursor.fetchall():
        seq += 1
        ids.append(fields[0])
        seqs.append(seq)
        digests.append(bytes(digest))
        before.append(link)
        link = link_hash(link, tenant, seq, fields, bytes(digest))
        after.append(link)
    if ids:
        cursor.execute(
            "UPDATE ledger_auditcall c SET seq = s.seq, digest = s.digest, prev_hash = s.before, hash = s.after"
            " FROM unnest(%s::bigint[], %s::bigint[], %s::bytea[], %s::bytea[], %s::bytea[])"
            " AS s (id, seq, digest, before, after) WHERE c.tenant_id = %s AND c.id = s.id",
            [ids, seqs, digests, before, after, tenant],
        )
    return len(ids)


def link_hash(before: bytes, tenant: int, seq: int, fields: list[Any], digest: bytes) -> bytes:
    words = [tenant, seq, *(value.isoformat() if hasattr(value, "isoformat") else value for value in fields)]
    text = json.dumps(words, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(before + text.encode() + digest).digest()


@dataclass(frozen=True)
class Break:
    """Where the chain does not hold, and why."""

    seq: int
    reason: str


def check_chain(*, at_most: int = 20, calls: int | None = None) -> list[Break]:
    """Walk the scope's chain from its first link (or only so many `calls` of it) and name what was altered, removed or
    added."""
    tenant = require_tenant_id()
    breaks: list[Break] = []
    link, expected, after = b"", 1, 0
    with connection.cursor() as cursor:
        while len(breaks) < at_most and (calls is None or after < calls):
            cursor.execute(
                f"SELECT c.seq, c.digest, c.prev_hash, c.hash, {', '.join('c.' + name for name in FIELDS)},"
                f" (SELECT {DIGEST} FROM ledger_auditrow r WHERE r.tenant_id = %s AND r.call_id = c.id)"
                " FROM ledger_auditcall c WHERE c.tenant_id = %s AND c.seq > %s ORDER BY c.seq LIMIT %s",
                [tenant, tenant, after, CALLS_AT_ONCE],
            )
            rows = cursor.fetchall()
            for seq, digest, before, own, *fields, found in rows:
                if seq != expected:
                    breaks.append(Break(expected, "a call is missing"))
                elif bytes(before) != link:
                    breaks.append(Break(seq, "does not follow the call before it"))
                elif bytes(digest) != bytes(found):
                    breaks.append(Break(seq, "its rows are not what was sealed"))
                elif bytes(own) != link_hash(link, tenant, seq, fields, bytes(digest)):
                    breaks.append(Break(seq, "the call itself is not what was sealed"))
                link, expected, after = bytes(own), seq + 1, seq
            if len(rows) < CALLS_AT_ONCE:
                break
    return breaks[:at_most]


def head() -> tuple[int, str]:
    """Number and hash of the last link, to be kept outside of the database."""
    last = AuditCall.objects.filter(seq__isnull=False).order_by("-seq").first()
    return (last.seq or 0, bytes(last.hash).hex()) if last else (0, "")
