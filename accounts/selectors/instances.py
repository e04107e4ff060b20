"""Instances, and the table that says who looks after which."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db.models import Count, Prefetch, Q, QuerySet
from django.http import Http404

from accounts.models import Contact, Instance, InstanceAdmin

INSTANCE_SORTS = {"name": "name", "created_at": "created_at", "updated_at": "updated_at"}


def instances(account_id: UUID | None = None) -> QuerySet[Instance]:
    """With their admins, by name, in two queries whatever their number."""
    people = InstanceAdmin.objects.select_related("contact").order_by("contact__sort_name", "pk")
    found = Instance.objects.prefetch_related(Prefetch("admins", queryset=people, to_attr="mapping"))
    return found if account_id is None else found.filter(account_id=account_id)


def instance_for(member: Any, pk: Any) -> Instance:
    """The instance, or 404. See `account_for`."""
    try:
        found = instances().select_related("account").filter(pk=pk if isinstance(pk, UUID) else UUID(str(pk))).first()
    except ValueError:
        found = None
    if found is None:
        raise Http404
    return found


def accounts_with_instance_admin(account_ids: Collection[UUID]) -> set[UUID]:
    """Those of these accounts that have an instance with an admin who is still there."""
    there = Q(contact__is_active=True, instance__account_id__in=list(account_ids))
    return set(InstanceAdmin.objects.filter(there).values_list("instance__account_id", flat=True))


def accounts_with_untagged_contacts(account_ids: Collection[UUID]) -> dict[UUID, tuple[int, int]]:
    """{account: (contacts that are there, of these without any role)}; accounts without contacts are left out."""
    people = Contact.objects.filter(account_id__in=list(account_ids), is_active=True).values("account_id")
    counted = people.annotate(known=Count("pk"), untagged=Count("pk", filter=Q(roles=[]))).order_by()
    return {row["account_id"]: (row["known"], row["untagged"]) for row in counted}
