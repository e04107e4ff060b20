"""What the list of accounts asks beside the accounts themselves."""

from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import Count, IntegerField, Min, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from accounts.models import AccountAlert, Opportunity
from cs_platform.tenancy.scope import require_tenant_id
from lifecycle.models import AccountLifecycle


@dataclass(frozen=True)
class Choices:
    """What the filters offer, as (value, words): segments of the rules in force, support levels, stages of the default
    lifecycle, members who look after accounts."""

    segments: list[tuple[str, str]] = field(default_factory=list)
    levels: list[tuple[str, str]] = field(default_factory=list)
    stages: list[tuple[str, str]] = field(default_factory=list)
    owners: list[tuple[str, str]] = field(default_factory=list)


_CHOICES = """
    SELECT kind, key, words FROM (
        SELECT 'segments' AS kind, named.segment AS key, named.segment AS words, min(named.place) AS place
        FROM (
            SELECT rule.value ->> 'segment' AS segment, rule.ordinality AS place
            FROM accounts_segmentationrules s, jsonb_array_elements(s.rules) WITH ORDINALITY AS rule
            WHERE s.tenant_id = %(tenant)s AND s.state = 'published'
        ) named
        WHERE coalesce(named.segment, '') <> ''
        GROUP BY named.segment
        UNION ALL
        SELECT 'levels', l.name, l.name, l.position FROM accounts_supportlevel l WHERE l.tenant_id = %(tenant)s
        UNION ALL
        SELECT 'stages', s.name, s.name, s.position
        FROM lifecycle_stage s JOIN lifecycle_lifecycle c ON c.tenant_id = s.tenant_id AND c.id = s.lifecycle_id
        WHERE s.tenant_id = %(tenant)s AND c.is_default
        UNION ALL
        SELECT 'owners', m.id::text, coalesce(nullif(u.name, ''), u.email), 0
        FROM people_membership m JOIN people_user u ON u.id = m.user_id
        WHERE m.tenant_id = %(tenant)s
          AND (m.is_active AND m.roles && ARRAY['csm', 'team_lead', 'ta_leader', 'owner']::varchar[]
               OR EXISTS (SELECT FROM accounts_account a WHERE a.tenant_id = m.tenant_id AND a.csm_id = m.id))
    ) offered
    ORDER BY kind, place, words
"""


def list_choices() -> Choices:
    """All of them in one question."""
    found = Choices()
    with connection.cursor() as cursor:
        cursor.execute(_CHOICES, {"tenant": require_tenant_id()})
        for kind, key, words in cursor.fetchall():
            getattr(found, kind).append((key, words))
    return found


def with_close_and_alerts(rows: QuerySet[Any], *, stage_order: bool) -> QuerySet[Any]:
    """The rows with `alerts` (how many are open) and `closes_on` (when the next new-business deal is to close); with
    `stage_order` also with what sorting by stage needs. Asked for the rows of the page only."""
    alerts = AccountAlert.objects.filter(account=OuterRef("pk"), cleared_at__isnull=True)
    counted = alerts.order_by().values("account").annotate(n=Count("pk")).values("n")
    deals = Opportunity.objects.filter(account=OuterRef("pk"), is_closed=False, is_active=True, is_new_business=True)
    closes = deals.order_by().values("account").annotate(day=Min("close_date")).values("day")
    rows = rows.annotate(alerts=Coalesce(Subquery(counted, output_field=IntegerField()), 0), closes_on=Subquery(closes))
    if stage_order:
        here = AccountLifecycle.objects.filter(account=OuterRef("pk"), left_at__isnull=True, lifecycle__is_default=True)
        place, since = here.values("stage__position")[:1], here.values("clock_from")[:1]
        rows = rows.annotate(stage_place=Subquery(place), stage_since=Subquery(since))
    return rows
