"""What both benchmarks of mail need: a series with texts, people in it, and a run whose time has come."""

from datetime import timedelta
from typing import Any

from django.db import connection

from campaigns import addresses
from campaigns import services as campaigns
from campaigns.models import Series, SeriesRun
from campaigns.selectors.sending import address_secret
from cs_platform.bench.data import BENCH, NOW, Book

SUBJECT = "{{account.name}}: week of {{contact.first_name|you}}"
BODY = "\n\n".join(
    [
        "Hi {{contact.first_name|there}},",
        *(
            f"**Step {n}.** Your team at {{{{account.name}}}} can do more with it: open the settings, choose what your "
            f"people need first, and tell them about it. [Read how](https://example.com/guide/{n}). It takes minutes, "
            "and whoever has done it once does it again without looking it up."
            for n in range(1, 7)
        ),
        "All the best, {{account.csm_name|your team}}",
    ]
)
ENROL = """
INSERT INTO campaigns_enrolment (tenant_id, id, series_id, contact_id, account_id, name, address_key, zone, calendar,
  position, by_role, state, reason, enrolled_at, version, created_at, updated_at)
SELECT c.tenant_id, gen_random_uuid(), %(series)s, c.id, c.account_id, c.name, k.key, '', '', 0, false, 'active', '',
  %(at)s, 1, %(at)s, %(at)s
FROM unnest(%(contacts)s::uuid[], %(keys)s::text[]) AS k (contact, key)
  JOIN accounts_contact c ON c.tenant_id = %(tenant)s AND c.id = k.contact
"""


def make_series(texts: int) -> Series:
    """In the scope of the tenant."""
    made = [
        campaigns.create_template(f"Text {n}", SUBJECT, BODY, category="recap", actor=BENCH, now=NOW)
        for n in range(texts)
    ]
    values = {"name": "Tips", "zone": "tenant", "category": "recap"}
    series = campaigns.create_series(values, template_ids=[text.pk for text in made], actor=BENCH, now=NOW)
    return campaigns.activate_series(series, actor=BENCH, now=NOW)


def enrol(book: Book, series: Series, many: int) -> None:
    secret = address_secret()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, email FROM accounts_contact WHERE tenant_id = %s ORDER BY id LIMIT %s", [book.tenant.pk, many]
        )
        found = cursor.fetchall()
        values: dict[str, Any] = {
            "tenant": book.tenant.pk,
            "series": series.pk,
            "at": NOW - timedelta(days=1),
            "contacts": [str(pk) for pk, _ in found],
            "keys": [addresses.key(email, secret) for _, email in found],
        }
        cursor.execute(ENROL, values)


def make_run(book: Book, series: Series, number: int) -> SeriesRun:
    """A slot that is due now; another day for each number."""
    day = NOW.date() - timedelta(days=number)
    return SeriesRun.objects.create(
        series=series,
        local_date=day,
        nominal_date=day,
        zone=book.tenant.timezone,
        due_at=NOW - timedelta(minutes=number + 1),
        late_after=NOW + timedelta(hours=4),
        tzdata="",
        created_at=NOW,
        updated_at=NOW,
    )
