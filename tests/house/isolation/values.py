"""Which row a name stands for, and how a body looks that a view would accept. A name that nobody knows is an error:
whoever adds one to an address or a body says here whose it is."""

import itertools
import json
import os
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from cs_platform.tenancy.scope import tenant_scope
from tests.cast import NOW
from tests.house.isolation.routes import Operation, Route, resolved
from tests.house.isolation.world import Organisation

# Names of ids in addresses, queries, bodies and forms.
IDS = {
    "account_id": "accounts.Account",
    "account_ids": "accounts.Account",
    "parent_id": "accounts.Account",
    "contact_id": "accounts.Contact",
    "contact_ids": "accounts.Contact",
    "alert_id": "accounts.AccountAlert",
    "instance_id": "accounts.Instance",
    "opportunity_id": "accounts.Opportunity",
    "task_id": "activities.Task",
    "assignee_id": "people.Membership",
    "member": "people.Membership",
    "source_id": "onboarding.Handoff",
    "handoff_id": "onboarding.Handoff",
    "onboarding:template_id": "onboarding.HandoffTemplate",
    "customer_engineer_id": "people.Membership",
    "technical_advisor_id": "people.Membership",
    "account_executive_id": "people.Membership",
    "implementation_engineer_id": "people.Membership",
    "level_id": "accounts.SupportLevel",
    "version_id": "accounts.SegmentationRules",
    "override_id": "accounts.SegmentOverride",
    "change_id": "accounts.BulkChange",
    "fingerprint": "accounts.BulkChange",
    "csm_id": "people.Membership",
    "owner_id": "people.Membership",
    "member_id": "people.Membership",
    "actor_id": "people.Membership",
    "key_id": "people.ApiKey",
    "team_id": "people.Team",
    "invitation_id": "people.Invitation",
    "row_id": "ledger.Outbox",
    "object_id": "accounts.Account",
    "after": "ledger.FactRow",
    "series_id": "campaigns.Series",
    "template_id": "campaigns.EmailTemplate",
    "enrolment_id": "campaigns.Enrolment",
    "message_id": "campaigns.Message",
    "suppression_id": "campaigns.Suppression",
    "campaigns:run_id": "campaigns.SeriesRun",
    "pause_id": "campaigns.MailPause",
    "connection_id": "salesforce.Connection",
    "conflict_id": "salesforce.Conflict",
    "conflict_ids": "salesforce.Conflict",
    "write_ids": "salesforce.Write",
    "integrations:run_id": "salesforce.SyncRun",
    "value": "people.Membership",  # of a rule's condition on the owner
    "from_id": "lifecycle.Stage",
    "to_id": "lifecycle.Stage",
    "stages": "lifecycle.Stage",
}
# Names of texts by which a row is found or that may be there once.
NATURAL = {
    "external_id": ("accounts.Account", "external_id"),
    "salesforce_id": ("accounts.Opportunity", "salesforce_id"),
    "lms_id": ("accounts.Account", "lms_id"),
    "recurly_id": ("accounts.Account", "recurly_id"),
    "email": ("accounts.Contact", "email"),
    "support_level": ("accounts.SupportLevel", "name"),
    "lifecycle": ("lifecycle.Lifecycle", "key"),
    "key": ("lifecycle.Lifecycle", "key"),
    "stage": ("lifecycle.Stage", "name"),
    "label": ("accounts.SegmentationRules", "label"),
}
# Values that a body needs and that its schema does not tell.
SAMPLES: dict[str, Any] = {
    "support_level": "Named",
    "lifecycle": "customer",
    "stage": "1. Onboarding",
    "only_from": [],
    "key": "another_line",
    "email": "somebody@example.com",
    "currency": "USD",
    "country": "Germany",
    "timezone": "Europe/Berlin",
    "zone": "tenant",
    "local_time": "09:00",
    "salesforce_id": "006000000000099AAA",
    "salesforce_ids": ["001000000000099AAA"],
    "login_url": "https://other.my.salesforce.com",
    "field_map": {},
    "directions": {"csm": "in"},
    "master": {"csm": "harbor"},
    "write_map": {"segment": "Segment__c"},
    "keep": "harbor",
    "interval_minutes": 10,
    "budget_share": 0.2,
    "new_business_types": ["New"],
    "deployment": "",
    "account_type": "",
    "roles": ["Program Contact"],
    "domains": ["example.com"],
    "expires_at": "2027-01-01T00:00:00Z",
    "effective_at": NOW.isoformat(),
    "scopes": ["audit:read"],
    "subject": "Hello",
    "body": "Hello there.",
    "position": 1,
    "kind": "salesforce",
    "reason": "because",
    "role": "",
    "item": "meeting",
    "starts_at": (NOW + timedelta(days=2)).isoformat(),
    "minutes": 45,
    "url": "https://code.example.com",
    "support_level_days": 45,
    "ta_named_days": 35,
    "document_days": 30,
}
OF_OPERATION: dict[str, dict[str, Any]] = {
    "POST /api/v1/invitations/": {"roles": ["viewer"]},
    "PATCH /api/v1/members/{pk}/": {"roles": ["viewer"]},
    "POST /api/v1/members/{pk}/deactivate/": {"plan": {"accounts": "unassign"}},
    "PATCH /api/v1/organisation/": {
        "second_factor": "nobody",
        "holiday_country": "DE",
        "holiday_subdivision": "BE",
        "sender_email": "us@example.com",
        "reply_to": "",
        "brand_colour": "#2457c5",
        "own_holidays": ["2027-01-02"],
    },
    "POST /api/v1/suppressions/": {"reason": "manual"},
    "POST /api/v1/mail-pauses/": {"until": "2027-03-01", "policy": "shift"},
    "POST /api/v1/handoff-templates/": {"kind": "meeting"},
    "POST /api/v1/instances/": {"kind": "trial"},
    "PATCH /api/v1/instances/{pk}/": {"kind": "trial"},
}
PAGE_QUERY = {"csm": "people.Membership", "owner": "people.Membership", "actor": "people.Membership"}
UUID_TEXT = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
MOST = int(os.environ.get("CS_CRAWL_IDS", "0"))
STRANGER = itertools.count(10**15)


@dataclass(frozen=True)
class Pair:
    """What acme has, and something of the same look that nobody has."""

    label: str
    foreign: str
    absent: str


def label_of(route: Route, param: str) -> str:
    """The model of whose rows a parameter of an address is the id."""
    if param == "pk":
        return str(route.model._meta.label)
    space = route.name.split(":")[0]
    return IDS.get(f"{space}:{param}") or IDS[param]


def own(made: Organisation, label: str) -> str:
    """An id of the organisation itself."""
    return made.ids[label][0]


def pairs(made: Organisation, label: str, most: int = 2) -> list[Pair]:
    """Ids of acme's rows: the first and the last ones. CS_CRAWL_IDS=60 in the environment: a long crawl."""
    ids, most = made.ids[label], max(most, MOST)
    chosen = ids if len(ids) <= most else [*ids[: most - 1], ids[-1]]
    return [Pair(label, pk, absent(pk)) for pk in chosen]


def of_every_kind(made: Organisation) -> list[Pair]:
    """In the long crawl: an id of each kind of row, for addresses that mean another kind."""
    return [Pair(label, ids[0], absent(ids[0])) for label, ids in made.ids.items()] if MOST else []


def absent(pk: str) -> str:
    return str(next(STRANGER)) if pk.isdigit() else str(uuid7())


def natural_pairs(made: Organisation, name: str) -> list[Pair]:
    from django.apps import apps

    label, field = NATURAL[name]
    with tenant_scope(made.tenant):
        found = apps.get_model(label).objects.exclude(**{field: None}).exclude(**{field: ""})
        # The newest: what came with a new organisation is the same everywhere and tells nothing.
        value = str(found.order_by("-pk").values_list(field, flat=True)[0])
    return [Pair(f"{label}.{field}", value, _alike(value))]


def _alike(value: str) -> str:
    local, at, host = value.partition("@")
    return f"{local[:-3]}zzz{at}{host}"


# --- bodies ---------------------------------------------------------------------------------------------------------


def sample(operation: Operation, made: Organisation) -> Any:
    """A body that the view accepts, with rows of the organisation itself."""
    return bodies(operation, made)[0]


def bodies(operation: Operation, made: Organisation) -> list[Any]:
    """Several where a view takes one thing or another."""
    if operation.body is None:
        return [None]
    csm = own(made, IDS["csm_id"])
    rows = [{"name": "New", "external_id": "ext-new", "support_level": "Named", "csm_id": csm}]
    rows[0]["parent_id"] = own(made, IDS["parent_id"])
    when = {"field": "csm_id", "op": "eq", "value": csm}
    rules = [
        {"when": when, "segment": "SMB", "service_model": "Digital TA team", "label": "one"},
        {"when": {"all": []}, "segment": "SMB", "service_model": "Digital TA team", "label": "all"},
    ]
    stages = made.ids["lifecycle.Stage"][:5]
    moves = [{"from_id": stages[0], "to_id": stages[1], "needs_reason": True}]
    special = {"rows": rows, "rule": when, "filter": when, "rules": rules, "moves": moves}
    both = _build(operation.body, "", made, special | OF_OPERATION.get(operation.name, {}))
    if operation.route.name == "api:lifecycle-detail":
        return [both | {"stages": stages}]
    if operation.route.name.startswith("api:account-bulk-") and "filter" in both:
        return [{name: both[name] for name in both if name != other} for other in ("filter", "account_ids")]
    if operation.route.name == "api:series-enrol":
        return [{name: both[name]} for name in ("contact_ids", "account_ids")]
    return [both]


def _build(shape: Any, name: str, made: Organisation, special: dict[str, Any]) -> Any:
    shape = resolved(shape)
    if name in special:
        return special[name]
    if shape.get("format") == "uuid" or (name in IDS and shape.get("type") == "string"):
        return own(made, IDS[name])
    if shape.get("type") == "array" and (name in IDS or name not in SAMPLES):
        return [_build(shape.get("items"), name, made, special)]
    if shape.get("type") == "object" and shape.get("properties"):
        fields = shape["properties"].items()
        return {inner: _build(kind, inner, made, special) for inner, kind in fields if not kind.get("readOnly")}
    if name in SAMPLES:
        return SAMPLES[name]
    if shape.get("enum"):
        return next(value for value in shape["enum"] if value)
    simple = {"integer": 3, "number": 1.5, "boolean": True, "object": {}, "string": f"some {name}"}
    formats = {"date": "2027-03-01", "date-time": NOW.isoformat(), "time": "09:00", "decimal": "12.50"}
    return formats.get(shape.get("format", "")) or simple.get(shape.get("type", "string"))


def places(body: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where in a body an id or a natural key stands."""
    found: list[tuple[Any, ...]] = []
    steps = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for step, inner in steps:
        here = (*path, step)
        name = name_at(here)
        if isinstance(inner, str) and (name in NATURAL or (name in IDS and is_id(inner))):
            found.append(here)
        else:
            found += places(inner, here)
    return found


def name_at(path: tuple[Any, ...]) -> str:
    return next((step for step in reversed(path) if isinstance(step, str)), "")


def replaced(body: Any, path: tuple[Any, ...], value: str) -> Any:
    """The body with another value at one place."""
    copy = json.loads(json.dumps(body))
    inner = copy
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return copy


def is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def unknown_names(operation: Operation) -> set[str]:
    """Ids of the schema that this file does not know."""
    return {name for name in _id_names(operation.body, "") if name not in IDS} | {
        name for name in operation.query if (name.endswith("_id") or name == "after") and name not in IDS | NATURAL
    }


def _id_names(shape: Any, name: str) -> set[str]:
    shape = resolved(shape)
    if shape.get("format") == "uuid":
        return {name}
    found: set[str] = set()
    if shape.get("items"):
        found |= _id_names(shape["items"], name)
    for inner, kind in shape.get("properties", {}).items():
        found |= _id_names(kind, inner)
    return found
