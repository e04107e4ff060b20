"""What the org says of itself: versions, resources, objects and fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.salesforce.sandbox.schema import Field, SObject

if TYPE_CHECKING:
    from integrations.salesforce.sandbox.org import SandboxOrg

FIRST_VERSION, LAST_VERSION = 31, 66
_SOAP_TYPES = {
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "int": "xsd:int",
    "double": "xsd:double",
    "currency": "xsd:double",
    "percent": "xsd:double",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "base64": "xsd:base64Binary",
}
#: Limits that a client may look at, beside the calls of the day.
_OTHER_LIMITS = {"DailyBulkV2QueryJobs": 10_000, "DataStorageMB": 5_120, "FileStorageMB": 5_120, "SingleEmail": 5_000}


def versions() -> list[dict[str, str]]:
    return [
        {"label": f"API {number}.0", "url": f"/services/data/v{number}.0", "version": f"{number}.0"}
        for number in range(FIRST_VERSION, LAST_VERSION + 1)
    ]


def resources(base: str) -> dict[str, str]:
    names = ("composite", "jobs", "limits", "query", "queryAll", "sobjects")
    return {name: f"{base}/{name}" for name in names}


def limits(org: SandboxOrg) -> dict[str, dict[str, int]]:
    left = max(0, org.daily_limit - org.used_today())
    return {
        "DailyApiRequests": {"Max": org.daily_limit, "Remaining": left},
        **{name: {"Max": top, "Remaining": top} for name, top in _OTHER_LIMITS.items()},
    }


def all_objects(org: SandboxOrg, base: str) -> dict[str, Any]:
    return {
        "encoding": "UTF-8",
        "maxBatchSize": 200,
        "sobjects": [_summary(sobject, base) for sobject in org.objects.values()],
    }


def basic(sobject: SObject, base: str) -> dict[str, Any]:
    return {"objectDescribe": _summary(sobject, base), "recentItems": []}


def full(org: SandboxOrg, sobject: SObject, base: str) -> dict[str, Any]:
    """The description with every field that the login may see."""
    hidden = org.hidden(sobject)
    fields = [_field(field) for field in sobject.fields.values() if field.name not in hidden]
    return {**_summary(sobject, base), "fields": fields, "childRelationships": [], "recordTypeInfos": []}


def _summary(sobject: SObject, base: str) -> dict[str, Any]:
    url = f"{base}/sobjects/{sobject.name}"
    return {
        "name": sobject.name,
        "label": sobject.label,
        "labelPlural": sobject.plural,
        "keyPrefix": sobject.prefix,
        "custom": False,
        "createable": True,
        "deletable": sobject.can_be_deleted,
        "undeletable": sobject.can_be_deleted,
        "mergeable": "MasterRecordId" in sobject.fields,
        "queryable": True,
        "retrieveable": True,
        "replicateable": True,
        "updateable": True,
        "urls": {"sobject": url, "describe": f"{url}/describe", "rowTemplate": f"{url}/{{ID}}"},
    }


def _field(field: Field) -> dict[str, Any]:
    is_written = field.writable == "yes"
    return {
        "name": field.name,
        "label": field.label,
        "type": field.type,
        "soapType": _SOAP_TYPES.get(field.type, "xsd:string"),
        "length": field.length if field.is_text or field.is_id else 0,
        "precision": 18 if field.is_number and field.type != "int" else 0,
        "scale": 2 if field.type == "currency" else 0,
        "digits": 9 if field.type == "int" else 0,
        "calculated": field.calculated,
        "createable": is_written or field.writable == "create",
        "updateable": is_written,
        "custom": field.is_custom,
        "externalId": field.external_id,
        "unique": field.external_id,
        "idLookup": field.external_id or field.name == "Id",
        "caseSensitive": False,
        "filterable": field.type != "base64" and not (field.type == "textarea" and field.length > 255),
        "sortable": field.type not in ("multipicklist", "textarea", "base64"),
        "nillable": not (field.needed or field.always or field.type == "boolean"),
        "defaultedOnCreate": field.name == "OwnerId" or field.type == "boolean",
        "referenceTo": list(field.to),
        "relationshipName": field.name.removesuffix("Id").replace("__c", "__r") if field.to else None,
        "restrictedPicklist": False,
        "picklistValues": [
            {"active": True, "defaultValue": False, "label": pick, "validFor": None, "value": pick}
            for pick in field.picks
        ],
    }
