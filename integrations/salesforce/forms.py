"""Shape of the connection form. Secret boxes come back empty: an empty box keeps what is stored."""

from __future__ import annotations

from typing import Any

from django import forms

from integrations.salesforce import mapping
from integrations.salesforce.login import AUTH_KINDS, OPTIONAL, REQUIRED, SECRET_FIELDS
from integrations.salesforce.models import Connection
from integrations.salesforce.services import ConnectionInput

_LABELS = {
    "client_id": "Consumer key (client id)",
    "client_secret": "Consumer secret",
    "username": "User name",
    "password": "Password",
    "security_token": "Security token",
    "private_key": "Private key (PEM)",
    "refresh_token": "Refresh token",
}
_MAP_PREFIX = "map_"


class ConnectionForm(forms.Form):
    """All kinds of login in one form; only the boxes of the chosen kind are read."""

    name = forms.CharField(max_length=100, initial="Salesforce", label="Name")
    auth = forms.ChoiceField(choices=Connection.Auth.choices, label="How we log in")
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

    def __init__(self, *args: Any, connection: Connection | None = None, **kwargs: Any) -> None:
        self.connection = connection
        if connection is not None:
            kwargs.setdefault("initial", _initial(connection))
        super().__init__(*args, **kwargs)
        for field in SECRET_FIELDS:
            self.fields[field] = _secret_box(field)
        overrides = connection.settings.get("field_map", {}) if connection else {}
        for spec in mapping.SPECS:
            box = forms.CharField(
                required=False, max_length=80, label=spec.label, initial=overrides.get(spec.key, spec.default)
            )
            self.fields[f"{_MAP_PREFIX}{spec.key}"] = box

    @property
    def secret_groups(self) -> list[dict[str, Any]]:
        """The boxes of each kind of login for the template, with what is stored already."""
        hints = self.connection.hints if self.connection else {}
        return [
            {
                "auth": auth,
                "label": Connection.Auth(auth).label,
                "fields": [
                    {"box": self[field], "hint": hints.get(field), "is_required": field in REQUIRED[auth]}
                    for field in (*REQUIRED[auth], *OPTIONAL[auth])
                ],
            }
            for auth in AUTH_KINDS
        ]

    @property
    def secret_boxes(self) -> list[dict[str, Any]]:
        """Each secret once, with the kinds of login that use it."""
        hints = self.connection.hints if self.connection else {}
        return [
            {
                "box": self[field],
                "hint": hints.get(field),
                "kinds": " ".join(auth for auth in AUTH_KINDS if field in (*REQUIRED[auth], *OPTIONAL[auth])),
                "kind_labels": ", ".join(
                    str(Connection.Auth(auth).label)
                    for auth in AUTH_KINDS
                    if field in (*REQUIRED[auth], *OPTIONAL[auth])
                ),
            }
            for field in SECRET_FIELDS
        ]

    @property
    def map_boxes(self) -> list[dict[str, Any]]:
        return [
            {"box": self[f"{_MAP_PREFIX}{spec.key}"], "sobject": spec.sobject, "default": spec.default}
            for spec in mapping.SPECS
        ]

    def given(self) -> ConnectionInput:
        """The verb's input."""
        data = self.cleaned_data
        types = [word.strip() for word in data["new_business_types"].split(",") if word.strip()]
        has_map = any(name.startswith(_MAP_PREFIX) for name in self.data)
        settings: dict[str, Any] = {
            "interval_minutes": data["interval_minutes"],
            "budget_share": data["budget_percent"] / 100,
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


def _secret_box(field: str) -> forms.CharField:
    attrs = {"autocomplete": "off", "spellcheck": "false"}
    if field == "private_key":
        widget: forms.Widget = forms.Textarea(attrs={**attrs, "rows": 4})
    elif field in ("client_id", "username"):
        widget = forms.TextInput(attrs=attrs)
    else:
        widget = forms.PasswordInput(attrs={**attrs, "autocomplete": "new-password"}, render_value=False)
    return forms.CharField(
        required=False, max_length=20_000, strip=field != "password", label=_LABELS[field], widget=widget
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
    }
