"""The fields of an account that rules may ask. Higher rooms add theirs."""

from typing import Any

from django.db.models import Exists, F, OuterRef, Q, Subquery

from accounts.rules.fields import Field, Kind, Vocabulary

ACCOUNTS = Vocabulary("account")


def _of_its_level(condition: Q) -> Q:
    from accounts.models import SupportLevel

    return Q(Exists(SupportLevel.objects.filter(condition, pk=OuterRef("support_level_id"))))


def _name_of_its_level() -> Any:
    from accounts.models import SupportLevel

    return Subquery(SupportLevel.objects.filter(pk=OuterRef("support_level_id")).values("name")[:1])


def _text(name: str, label: str) -> Field:
    return Field(name, label, Kind.TEXT)


ACCOUNTS.register(
    _text("name", "name"),
    _text("external_id", "external id"),
    _text("salesforce_id", "Salesforce id"),
    _text("lms_id", "LMS id"),
    _text("recurly_id", "Recurly id"),
    _text("industry", "industry"),
    _text("country", "country"),
    _text("region", "region"),
    _text("timezone", "time zone"),
    _text("currency", "currency"),
    _text("product_version", "product version"),
    _text("deployment", "deployment"),
    _text("account_type", "account type"),
    _text("segment", "segment"),
    _text("service_model", "service model"),
    _text("state", "state"),
    Field("support_level", "support level", Kind.TEXT, path="name", through=_of_its_level, value=_name_of_its_level),
    Field("domains", "domains", Kind.LIST),
    Field("employees", "employees", Kind.NUMBER, unknown="the number of employees is unknown"),
    Field("developers", "developers", Kind.NUMBER, unknown="the number of developers is unknown"),
    Field("seats_purchased", "seats purchased", Kind.NUMBER),
    Field("seats_used", "seats used", Kind.NUMBER),
    Field("arr", "ARR", Kind.MONEY, path="arr_minor"),
    Field("mrr", "MRR", Kind.MONEY, path="mrr_minor"),
    Field("renewal_date", "renewal date", Kind.DATE),
    Field("created_at", "creation", Kind.MOMENT),
    Field("updated_at", "last change", Kind.MOMENT),
    Field("archived_at", "archiving", Kind.MOMENT),
    Field("csm_id", "CSM", Kind.ID, unknown="there is no CSM", value=lambda: F("csm_id")),
    Field("parent_id", "parent account", Kind.ID, unknown="there is no parent account", value=lambda: F("parent_id")),
)
