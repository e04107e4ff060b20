"""Users of the org and the members they are here, found by e-mail. Owners and CSMs hang on these links."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import F, OuterRef, Q, Subquery

from accounts import services as accounts
from accounts.models import Account
from accounts.services import OpportunityInput
from cs_platform import ledger
from cs_platform.people.models import Membership
from integrations.salesforce import mirror
from integrations.salesforce.applying import known
from integrations.salesforce.applying.outcome import Outcome
from integrations.salesforce.mirror import Change, Row
from integrations.salesforce.models import Connection, SalesforceUser


@dataclass(frozen=True)
class Link:
    """A Salesforce user and who it is here by now (None: nobody any more)."""

    sf_id: str
    before: UUID | None
    member: UUID | None


def apply_users(connection: Connection, changes: Sequence[Change]) -> Outcome:
    """Keep names and addresses. Who they are here is found afterwards, for all of them at once (`changed_links`)."""
    outcome = Outcome()
    users = []
    for change in changes:
        values = change.new.values
        outcome.count("updated" if change.old else "created")
        users.append(
            SalesforceUser(
                connection=connection,
                sf_id=change.new.sf_id,
                name=values.get("user_name", ""),
                email=values.get("user_email", "").lower(),
                is_active=values.get("user_active", True) and not change.new.deleted,
            )
        )
    SalesforceUser.objects.bulk_create(
        users,
        update_conflicts=True,
        unique_fields=["tenant", "connection", "sf_id"],
        update_fields=["name", "email", "is_active"],
    )
    return outcome


def changed_links(connection: Connection) -> list[Link]:
    """Users whose member here is another one than we know: a member came, left or changed the address."""
    same_address = Membership.objects.filter(is_active=True, user__email=OuterRef("email"))
    users = SalesforceUser.objects.filter(connection=connection).annotate(found=Subquery(same_address.values("pk")[:1]))
    came = Q(found__isnull=False) & (Q(membership__isnull=True) | ~Q(membership_id=F("found")))
    left = Q(found__isnull=True, membership__isnull=False)
    rows = users.filter(came | left).order_by("sf_id").values_list("sf_id", "membership_id", "found")
    return [Link(*row) for row in rows]


def relink(connection: Connection, link: Link, *, actor: ledger.Actor, now: datetime, size: int) -> Outcome:
    """Move what hangs on a user to the member it is now. An account that a person here has given to somebody else
    stays there.
    """
    outcome = Outcome()
    SalesforceUser.objects.filter(connection=connection, sf_id=link.sf_id).update(membership_id=link.member)
    member = Membership.objects.get(pk=link.member) if link.member else None
    for rows in _accounts_of(connection, link, size):
        theirs = Q(csm__isnull=True) | Q(csm_id=link.before)
        ids = Account.objects.filter(theirs, salesforce_id__in=[row.sf_id for row in rows]).values_list("pk", flat=True)
        moved = accounts.assign_owners(list(ids), member, actor=actor, now=now, note="Who owns it in Salesforce.")
        outcome.updated += len(moved)
    for rows in mirror.deals_of(connection.pk, link.sf_id, size):
        deals = known.deals(row.sf_id for row in rows)
        inputs = [OpportunityInput(deal.account_id, {"owner_id": link.member}, sf_id) for sf_id, deal in deals.items()]
        results = accounts.upsert_opportunities(inputs, actor=actor, now=now)
        outcome.updated += sum(result.result == "updated" for result in results)
    return outcome


def _accounts_of(connection: Connection, link: Link, size: int) -> Iterator[list[Row]]:
    """The managed accounts whose CSM this user is. Without a CSM field, the account's owner is taken for it."""
    yield from mirror.managed_by(connection.pk, "csm", link.sf_id, size)
    for rows in mirror.managed_by(connection.pk, "account_owner", link.sf_id, size):
        yield [row for row in rows if "csm" not in row.values]


def csm_of(row: Row) -> str | None:
    """The Salesforce user who is the account's CSM; where the org has no such field, its owner."""
    if "csm" in row.values:
        return row.values["csm"] or None
    return row.values.get("account_owner") or None


def members(connection: Connection, refs: Iterable[str | None]) -> dict[str, UUID]:
    """Who these Salesforce users are here, as far as they are somebody."""
    wanted = {ref for ref in refs if ref}
    if not wanted:
        return {}
    linked = SalesforceUser.objects.filter(
        connection=connection, sf_id__in=wanted, membership__isnull=False, membership__is_active=True
    )
    return {sf_id: member for sf_id, member in linked.values_list("sf_id", "membership_id") if member}
