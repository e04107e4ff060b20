"""Shape of what is typed on the pages of the settings."""

import re
from datetime import date
from functools import cache
from typing import Any
from uuid import UUID

import holidays
from django import forms
from django.utils.translation import gettext_lazy as _
from holidays.registry import COUNTRIES

from cs_platform.people.belongings import UNASSIGN, Owned
from cs_platform.people.models import Membership, Role, TeamMember
from cs_platform.people.permissions import SCOPES
from cs_platform.people.services import MAX_LOGO
from cs_platform.tenancy.models import Tenant
from cs_platform.workspace import bands
from cs_platform.workspace.forms import VersionedForm, day_box, text_box, words_box, zone_names

ROWS_TO_ADD = 2
MAX_ROWS = 50


class RuleRowForm(forms.Form):
    """One rule as a row of the table."""

    place = forms.IntegerField(required=False, min_value=1, max_value=999, label=_("Order"))
    level = forms.ChoiceField(required=False, label=_("Support level"))
    developers = forms.ChoiceField(
        required=False,
        label=_("Developers"),
        choices=[
            (bands.ANY, _("any")),
            (bands.RANGE, _("from … to")),
            (bands.UNKNOWN, _("unknown")),
            (bands.OTHER, _("own condition")),
        ],
    )
    at_least = forms.IntegerField(required=False, min_value=0, max_value=2**31 - 1, label=_("Developers from"))
    at_most = forms.IntegerField(required=False, min_value=0, max_value=2**31 - 1, label=_("Developers to"))
    arr = forms.ChoiceField(
        required=False,
        label=_("ARR"),
        choices=[
            (bands.ANY, _("any")),
            (bands.AT_LEAST, _("at least")),
            (bands.BELOW, _("below")),
            (bands.UNKNOWN, _("unknown")),
        ],
    )
    amount = forms.DecimalField(required=False, max_digits=17, decimal_places=2, label=_("ARR amount"))
    condition = forms.CharField(
        required=False, max_length=20_000, label=_("Own condition"), widget=forms.Textarea(attrs={"rows": 3})
    )
    segment = forms.CharField(
        required=False, max_length=60, label=_("Segment"), widget=forms.TextInput(attrs={"list": "segments"})
    )
    service_model = forms.CharField(
        required=False, max_length=60, label=_("Service model"), widget=forms.TextInput(attrs={"list": "models"})
    )
    label = forms.CharField(required=False, max_length=300, widget=forms.HiddenInput)
    alert = forms.CharField(required=False, max_length=400, label=_("Alert on the account"))
    remove = forms.BooleanField(required=False, label=_("Remove"))

    def __init__(self, *args: Any, levels: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [*levels, *filter(None, [self.initial.get("level")])]
        self.fields["level"].choices = [("", _("any")), *((name, name) for name in dict.fromkeys(known))]  # type: ignore[attr-defined]

    @property
    def is_empty(self) -> bool:
        """A row that was offered and not used."""
        return not any(self.cleaned_data.get(name) for name in self.fields if name != "place")

    def clean(self) -> dict[str, Any]:
        typed: dict[str, Any] = super().clean() or {}
        if typed.get("remove"):
            return typed
        if typed.get("arr") in (bands.AT_LEAST, bands.BELOW) and typed.get("amount") is None:
            self.add_error("amount", _("Give the amount."))
        low, high = typed.get("at_least"), typed.get("at_most")
        if typed.get("developers") == bands.RANGE and low is None and high is None:
            self.add_error("at_least", _("Give one of the two numbers."))
        if low is not None and high is not None and low > high:
            self.add_error("at_most", _("This is less than where it begins."))
        if (low is not None or high is not None) and typed.get("developers") == bands.ANY:
            typed["developers"] = bands.RANGE
        if _changed_by_hand(self, typed):
            typed["label"] = ""  # it would name what the rule no longer says
        return typed


def _changed_by_hand(form: RuleRowForm, typed: dict[str, Any]) -> bool:
    names = ("level", "developers", "at_least", "at_most", "arr", "amount", "condition")
    return any((typed.get(name) or "") != (form.initial.get(name) or "") for name in names)


RuleRows = forms.formset_factory(RuleRowForm, extra=0, max_num=MAX_ROWS, absolute_max=MAX_ROWS + 5)


class DraftForm(VersionedForm):
    label = text_box(200, _("What is new"), help_text=_("A few words for the list of versions."))


class LevelForm(VersionedForm):
    name = text_box(100, _("Name"), needed=True)


@cache
def countries() -> list[tuple[str, str]]:
    """The countries whose holidays are known, by name."""
    known = holidays.list_supported_countries(include_aliases=False)
    named = {classes[1]: re.sub(r"(?<=[a-z])(?=[A-Z])", " ", classes[0]) for classes in COUNTRIES.values()}
    return sorted(((code, f"{named.get(code, code)} ({code})") for code in known), key=lambda pair: pair[1])


class OrganisationForm(VersionedForm):
    name = text_box(100, _("Name"), needed=True)
    timezone = text_box(
        80, _("Time zone"), needed=True, help_text=_("Counts wherever a customer has none."), list="zones"
    )
    holiday_country = forms.ChoiceField(required=False, label=_("Public holidays of"))
    holiday_subdivision = text_box(
        10, _("Part of the country"), help_text=_("For example BE for Berlin."), list="parts"
    )
    own_holidays = words_box(_("Days off of your own"), 4000, rows=3, help_text=_("One day per line, like 2026-12-24."))
    sender_name = text_box(100, _("Sender name"), help_text=_("E-mails to customers come from this name."))
    sender_email = text_box(254, _("Sender address"), inputmode="email")
    reply_to = text_box(254, _("Replies go to"), inputmode="email")
    postal_address = words_box(
        _("Postal address"), 300, rows=3, help_text=_("Stands under each e-mail, as the law asks.")
    )
    brand_colour = text_box(7, _("Brand colour"), help_text=_("Like #2457c5. Empty for the shipped one."))

    GROUPS = (
        (_("The organisation"), ("name", "timezone", "brand_colour")),
        (_("Days without e-mails"), ("holiday_country", "holiday_subdivision", "own_holidays")),
        (_("How we write to customers"), ("sender_name", "sender_email", "reply_to", "postal_address")),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["holiday_country"].choices = [("", _("nowhere")), *countries()]  # type: ignore[attr-defined]

    @property
    def groups(self) -> list[tuple[Any, list[forms.BoundField]]]:
        return [(title, [self[name] for name in names]) for title, names in self.GROUPS]

    @classmethod
    def initial_of(cls, tenant: Tenant) -> dict[str, Any]:
        given = {name: getattr(tenant, name) for name in cls.base_fields if hasattr(tenant, name)}
        return {**given, "own_holidays": "\n".join(day.isoformat() for day in tenant.own_holidays)}

    def clean_own_holidays(self) -> list[date]:
        days = []
        for line in str(self.cleaned_data["own_holidays"]).replace(",", "\n").splitlines():
            if not line.strip():
                continue
            try:
                days.append(date.fromisoformat(line.strip()))
            except ValueError:
                message = _("“{line}” is not a day like 2026-12-24.").format(line=line.strip()[:40])
                raise forms.ValidationError(message) from None
        return days

    def clean_timezone(self) -> str:
        name = str(self.cleaned_data["timezone"])
        if name not in zone_names():
            raise forms.ValidationError(_("This is not a time zone like Europe/Berlin."))
        return name

    def values(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if name not in ("version", "once")}


class LogoForm(VersionedForm):
    logo = forms.FileField(label=_("Picture"), max_length=200, help_text=_("A PNG of at most 100 kB."))

    def clean_logo(self) -> bytes:
        picture = self.cleaned_data["logo"]
        if picture.size > MAX_LOGO:
            raise forms.ValidationError(_("The picture is larger than 100 kB."))
        return bytes(picture.read())


def _roles_field() -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        choices=Role.choices,
        label=_("Roles"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("A member needs at least one role.")},
    )


class InviteForm(VersionedForm):
    email = text_box(254, _("E-mail address"), needed=True, inputmode="email", autocomplete="off")
    roles = _roles_field()


class RolesOfMemberForm(VersionedForm):
    roles = _roles_field()


class KeyForm(VersionedForm):
    name = text_box(100, _("Name"), needed=True, help_text=_("What the key is for."), autocomplete="off")
    scopes = forms.MultipleChoiceField(
        choices=[(scope, f"{scope}: {words}") for scope, words in SCOPES.items()],
        label=_("What it may do"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("A key needs at least one scope.")},
    )
    expires_on = day_box(_("Last day"), help_text=_("Empty: it works until it is revoked."))


class TeamForm(VersionedForm):
    name = text_box(100, _("Name"), needed=True, autocomplete="off")
    description = words_box(_("What it is for"), 500, rows=2)


class TeamMembersForm(forms.Form):
    """Two ticks for each person: in the team, and its lead."""

    def __init__(self, data: Any, *, people: list[Membership], there: dict[UUID, TeamMember]) -> None:
        super().__init__(data)
        choices = [(str(one.pk), str(one)) for one in people]
        self.people = people
        for name, label in (("members", _("In the team")), ("leads", _("Leads it"))):
            self.fields[name] = forms.MultipleChoiceField(required=False, label=label, choices=choices)
        self.given = {
            "members": {str(pk) for pk in there},
            "leads": {str(pk) for pk, place in there.items() if place.is_lead},
        }

    @property
    def rows(self) -> list[tuple[Membership, bool, bool]]:
        """Each person with the two ticks, as they were typed or are."""
        typed = {name: set(self.data.getlist(name)) for name in self.given} if self.is_bound else self.given  # type: ignore[attr-defined]
        return [(one, str(one.pk) in typed["members"], str(one.pk) in typed["leads"]) for one in self.people]

    @property
    def wanted(self) -> dict[UUID, bool]:
        leads = set(self.cleaned_data["leads"])
        return {UUID(pk): pk in leads for pk in dict.fromkeys([*self.cleaned_data["members"], *leads])}


class SecurityForm(VersionedForm):
    second_factor = forms.ChoiceField(
        choices=Tenant.SecondFactor.choices,
        label=_("Who must have a second factor"),
        widget=forms.RadioSelect,
        help_text=_("Whoever has none is led to where it is set up, with the next click. API keys are not concerned."),
    )


class LeavingForm(forms.Form):
    """For each kind of thing that the member owns: who takes it over."""

    def __init__(self, data: Any, *, owned: list[Owned], takers: list[Membership]) -> None:
        super().__init__(data)
        people = [(str(one.pk), f"{one} ({one.role_names})") for one in takers]
        for one in owned:
            without = [(UNASSIGN, one.belonging.without)] if one.belonging.without else []
            self.fields[f"plan.{one.belonging.kind}"] = forms.ChoiceField(
                label=f"{one.belonging.label[:1].upper()}{one.belonging.label[1:]}: {one.count:,}",
                choices=[("", _("choose …")), *people, *without],
                error_messages={"required": _("Choose what happens to them.")},
            )

    @property
    def plan(self) -> dict[str, str]:
        return {name.removeprefix("plan."): value for name, value in self.cleaned_data.items()}
