"""Shape of the connection form. Secret boxes come back empty: an empty box keeps what is stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from integrations.salesforce import mapping, selectors, soql
from integrations.salesforce.login import AUTH_KINDS, OPTIONAL, REQUIRED, SECRET_FIELDS, SECRET_LABELS
from integrations.salesforce.models import Connection
from integrations.salesforce.services import ConnectionInput

_MAP_PREFIX = "map_"


class ConnectionForm(forms.Form):
    """All kinds of login in one form; only the boxes of the chosen kind are read."""

    name = forms.CharField(max_length=100, initial="Salesforce", label="Name")
    auth = forms.ChoiceField(choices=Connection.Auth.choices, label="How we log in", widget=forms.HiddenInput)
    login_url = forms.CharField(
        max_length=255,
        label="Login address",
        help_text="Your My Domain address, for example https://acme.my.salesforce.com",
    )
    interval_minutes = forms.IntegerField(min_value=1, max_value=1440, initial=5, label="Sync every … minutes")
    budget_percent = forms.IntegerField(
        min_value=1, max_value=100, initial=20, label="Share of the org's daily API calls (%)"
    )
    new_business_types = forms.CharField(
        required=False,
        max_length=2000,
        initial="New Business, New Customer",
        label="Opportunity types that count as new business",
        help_text="Separated by commas. An opportunity without a type counts when the box below is ticked.",
    )
    untyped_is_new = forms.BooleanField(
        required=False, initial=True, label="Opportunities without a type are new business"
    )

    compare_nightly = forms.BooleanField(
        required=False,
        initial=True,
        label="Compare everything every night",
        help_text="Finds what was deleted for good or changed unnoticed. It reads every row once.",
    )

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        connection: Connection | None = None,
        auth: str = "",
        **kwargs: Any,
    ) -> None:
        self.connection = connection
        initial = _initial(connection) if connection else {"auth": AUTH_KINDS[0]}
        if auth in AUTH_KINDS:
            initial["auth"] = auth
        super().__init__(data, initial=initial, **kwargs)
        for field in SECRET_FIELDS:
            self.fields[field] = _secret_box(field)
        overrides = connection.settings.get("field_map", {}) if connection else {}
        for spec in mapping.SPECS:
            box = forms.CharField(
                required=False, max_length=80, label=spec.label, initial=overrides.get(spec.key, spec.default)
            )
            box.widget.attrs.update({"list": f"fields-{spec.sobject}", "spellcheck": "false", "autocomplete": "off"})
            self.fields[f"{_MAP_PREFIX}{spec.key}"] = box

    @property
    def kind(self) -> str:
        """The kind of login whose boxes are shown."""
        chosen = self["auth"].value()
        return chosen if chosen in AUTH_KINDS else AUTH_KINDS[0]

    @property
    def kinds(self) -> list[dict[str, Any]]:
        return [{"value": kind.value, "label": kind.label, "is_chosen": kind == self.kind} for kind in Connection.Auth]

    @property
    def secret_boxes(self) -> list[dict[str, Any]]:
        """The boxes of the chosen kind of login, each with what is stored already."""
        stored = {found.label: found for found in selectors.credentials(self.connection)} if self.connection else {}
        required = REQUIRED[self.kind]
        return [
            {"box": self[field], "stored": stored.get(SECRET_LABELS[field]), "is_required": field in required}
            for field in (*required, *OPTIONAL[self.kind])
        ]

    @property
    def map_groups(self) -> list[dict[str, Any]]:
        """The mapping by Salesforce object, with the fields that the org has by the last look."""
        described = self.connection.described if self.connection else {}
        return [
            {
                "sobject": sobject,
                "fields": sorted(described.get(sobject, {})),
                "boxes": [
                    {"box": self[f"{_MAP_PREFIX}{spec.key}"], "default": spec.default}
                    for spec in mapping.SPECS
                    if spec.sobject == sobject
                ],
                "has_errors": any(
                    self[f"{_MAP_PREFIX}{spec.key}"].errors for spec in mapping.SPECS if spec.sobject == sobject
                ),
            }
            for sobject in mapping.SOBJECTS
        ]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        for spec in mapping.SPECS:
            name = f"{_MAP_PREFIX}{spec.key}"
            typed = (data.get(name) or "").strip()
            if typed and not soql.is_name(typed):
                self.add_error(
                    name, "Give the API name of a Salesforce field, like Support_Level__c, or leave it empty."
                )
        return data

    def given(self) -> ConnectionInput:
        """The verb's input."""
        data = self.cleaned_data
        types = [word.strip() for word in data["new_business_types"].split(",") if word.strip()]
        has_map = any(name.startswith(_MAP_PREFIX) for name in self.data)
        settings: dict[str, Any] = {
            "interval_minutes": data["interval_minutes"],
            "budget_share": data["budget_percent"] / 100,
            "compare_nightly": data["compare_nightly"],
            "new_business_types": types + ([""] if data["untyped_is_new"] else []),
        }
        if has_map:
            settings["field_map"] = {spec.key: data[f"{_MAP_PREFIX}{spec.key}"].strip() for spec in mapping.SPECS}
        return ConnectionInput(
            name=data["name"],
            auth=data["auth"],
            login_url=data["login_url"],
            secrets={field: data[field] for field in SECRET_FIELDS if data[field]},
            settings=settings,
        )


class SecretTextarea(forms.Textarea):
    """Several lines that are never sent back to the page, like a password."""

    def format_value(self, value: object) -> str:
        return ""


def _secret_box(field: str) -> forms.CharField:
    attrs = {"autocomplete": "off", "spellcheck": "false"}
    if field == "private_key":
        widget: forms.Widget = SecretTextarea(attrs={**attrs, "rows": 4})
    elif field in ("client_id", "username"):
        widget = forms.TextInput(attrs=attrs)
    else:
        widget = forms.PasswordInput(attrs={**attrs, "autocomplete": "new-password"}, render_value=False)
    return forms.CharField(
        required=False, max_length=20_000, strip=field != "password", label=SECRET_LABELS[field], widget=widget
    )


def _initial(connection: Connection) -> dict[str, Any]:
    types = connection.settings.get("new_business_types", [])
    return {
        "name": connection.name,
        "auth": connection.auth,
        "login_url": connection.login_url,
        "interval_minutes": connection.settings.get("interval_minutes", 5),
        "budget_percent": round(float(connection.settings.get("budget_share", 0.2)) * 100),
        "new_business_types": ", ".join(word for word in types if word),
        "untyped_is_new": "" in types,
        "compare_nightly": connection.settings.get("compare_nightly", True),
    }
