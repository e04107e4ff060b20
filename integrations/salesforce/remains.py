"""What a sync leaves for people to look at: rows that wait, with the reason, and owners whom nobody here is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import connection as database
from django.db import transaction
from django.db.models import Case, Count, When
from django.db.models.fields.json import KeyTextTransform
from django.utils.translation import gettext_lazy

from integrations.salesforce import mapping
from integrations.salesforce.models import Connection, MirrorRecord, SalesforceUser

MAX_OWNERS = 20
REASONS = {
    "no_account": gettext_lazy("no account in Salesforce"),
    "unknown_account": gettext_lazy("the account can not be read by this login"),
    "deleted_account": gettext_lazy("the account was deleted or merged in Salesforce"),
    "attrited": gettext_lazy("the account is an attrited customer"),
    "no_support_level": gettext_lazy("the account has no support level"),
    "refused": gettext_lazy("refused; the run that read them says why"),
    "no_member": gettext_lazy("the owner is not a member here"),
}

_WAITING = """
SELECT child.sobject,
       CASE WHEN child.account_ref IS NULL THEN 'no_account'
            WHEN account.sf_id IS NULL THEN 'unknown_account'
            WHEN account.managed THEN 'refused'
            WHEN account.deleted THEN 'deleted_account'
            WHEN account.values ->> 'account_type' = %(attrited)s THEN 'attrited'
            ELSE 'no_support_level' END AS reason,
       count(*)
FROM salesforce_mirrorrecord child
LEFT JOIN salesforce_mirrorrecord account
  ON account.tenant_id = child.tenant_id AND account.connection_id = child.connection_id
 AND account.sobject = 'Account' AND account.sf_id = child.account_ref
WHERE child.tenant_id = %(tenant)s AND child.connection_id = %(connection)s
  AND child.sobject IN ('Contact', 'Opportunity') AND NOT child.deleted
  AND (account.managed IS NOT TRUE OR child.incomplete)
GROUP BY 1, 2 ORDER BY 1, 2
"""


def of(connection: Connection) -> list[dict[str, Any]]:
    """Each line: what, why (a word of REASONS), how many, and for owners who."""
    return [*_waiting(connection), *_refused_accounts(connection), *_owners_without_member(connection)]


def _waiting(connection: Connection) -> list[dict[str, Any]]:
    """Right after a first sync the planner knows nothing of the table yet and would look every row up in turn, which
    takes minutes; one pass with a hash is right at any size.
    """
    asked: dict[str, Any] = {"tenant": connection.tenant_id, "connection": connection.pk, "attrited": mapping.ATTRITED}
    with transaction.atomic(), database.cursor() as cursor:
        cursor.execute("SET LOCAL enable_nestloop = off")
        cursor.execute(_WAITING, asked)
        rows = cursor.fetchall()
        cursor.execute("SET LOCAL enable_nestloop = on")
    return [{"sobject": row[0], "reason": row[1], "count": row[2], "who": ""} for row in rows]


def _refused_accounts(connection: Connection) -> list[dict[str, Any]]:
    count = MirrorRecord.objects.filter(connection=connection, sobject="Account", incomplete=True).count()
    return [{"sobject": "Account", "reason": "refused", "count": count, "who": ""}] if count else []


def _owners_without_member(connection: Connection) -> list[dict[str, Any]]:
    """Salesforce users whom managed accounts name as their CSM (or owner, where no CSM is mapped)."""
    owner = Case(
        When(values__has_key="csm", then=KeyTextTransform("csm", "values")),
        default=KeyTextTransform("account_owner", "values"),
    )
    users = SalesforceUser.objects.filter(connection=connection)
    rows = MirrorRecord.objects.filter(connection=connection, sobject="Account", managed=True).annotate(owner=owner)
    rows = rows.filter(owner__isnull=False).exclude(owner__in=users.filter(membership__isnull=False).values("sf_id"))
    counted = list(rows.values("owner").annotate(number=Count("id")).order_by("-number", "owner")[:MAX_OWNERS])
    known = {user.sf_id: user for user in users.filter(sf_id__in=[row["owner"] for row in counted])}
    return [
        {
            "sobject": "Account",
            "reason": "no_member",
            "count": row["number"],
            "who": _words(known.get(row["owner"]), row),
        }
        for row in counted
    ]


def _words(user: SalesforceUser | None, row: Mapping[str, Any]) -> str:
    if user is None:
        return str(row["owner"])
    return f"{user.name} <{user.email}>" if user.email else user.name or user.sf_id
