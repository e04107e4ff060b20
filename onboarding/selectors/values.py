"""What the merge fields of a text say about hand-offs, asked once for a set of them."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from accounts import selectors as accounts
from accounts.models import Contact, Instance
from cs_platform.tenancy.models import Tenant
from cs_platform.tenancy.scope import require_tenant_id
from onboarding.situations import Situation


def values_of(situations: Sequence[Situation]) -> dict[str, dict[str, str]]:
    """{hand-off: {merge field: value}}; what is not known is empty."""
    ids = [situation.account.pk for situation in situations]
    tenant = Tenant.objects.values_list("name", flat=True).get(pk=require_tenant_id())
    people = _people(ids)
    instances = _instances(ids)
    return {
        situation.key: {
            **_of_account(situation),
            **_of_deal(situation),
            "tenant.name": tenant,
            "contacts.list": people.get(situation.account.pk, ""),
            "instances.list": instances.get(situation.account.pk, ""),
        }
        for situation in situations
    }


def _of_account(situation: Situation) -> Mapping[str, str]:
    account = situation.account
    return {
        "account.name": account.name,
        "account.segment": account.segment,
        "account.service_model": account.service_model,
        "account.support_level": account.support_level.name if account.support_level else "",
        "account.arr": money(account.arr_minor, account.currency),
        "account.developers": number(account.developers),
        "account.seats": number(account.seats_purchased),
        "account.deployment": account.deployment,
        "account.product_version": account.product_version,
        "account.renewal_date": day(account.renewal_date),
        "account.industry": account.industry,
        "account.country": account.country,
        "people.technical_advisor": str(account.csm) if account.csm else "",
        "people.customer_engineer": str(situation.handoff.customer_engineer or ""),
    }


def _of_deal(situation: Situation) -> Mapping[str, str]:
    deal = situation.deal
    if deal is None:
        return {}
    return {
        "deal.name": deal.name,
        "deal.amount": money(deal.amount_minor, deal.currency),
        "deal.stage": deal.stage,
        "deal.close_date": day(deal.close_date),
        "people.account_executive": str(deal.owner) if deal.owner else "",
    }


def _people(account_ids: Sequence[UUID]) -> dict[UUID, str]:
    found: dict[UUID, list[str]] = {}
    rows = Contact.objects.filter(account_id__in=account_ids, is_active=True).order_by("sort_name", "pk")
    for contact in rows:
        said = ", ".join(part for part in (contact.name, contact.title, contact.email) if part)
        roles = ", ".join(contact.roles) or "no role yet"
        found.setdefault(contact.account_id, []).append(f"- {said} ({roles})")
    return {pk: "\n".join(lines) for pk, lines in found.items()}


def _instances(account_ids: Sequence[UUID]) -> dict[UUID, str]:
    found: dict[UUID, list[str]] = {}
    for instance in accounts.instances().filter(account_id__in=account_ids).order_by("name", "pk"):
        found.setdefault(instance.account_id, []).append(f"- {_line(instance)}")
    return {pk: "\n".join(lines) for pk, lines in found.items()}


def _line(instance: Instance) -> str:
    said = [instance.name, instance.url, instance.get_kind_display().lower(), instance.get_deployment_display().lower()]
    admins = ", ".join(row.contact.name for row in getattr(instance, "mapping", ()))
    return f"{', '.join(part for part in said if part)} (admins: {admins or 'none yet'})"


def money(minor: int | None, currency: str) -> str:
    return "" if minor is None else f"{minor / 100:,.2f} {currency}"


def number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def day(value: date | None) -> str:
    return "" if value is None else f"{value.day} {value:%B %Y}"
