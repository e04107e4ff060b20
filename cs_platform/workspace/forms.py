"""Shape of what is typed on the pages of accounts. What a value may be, the rooms decide; here it is only read.

Every form carries the version of the object that it was filled in for and a word that is used once (composing.py).
"""

import zoneinfo
from collections.abc import Iterable
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, Contact, ContactRole
from cs_platform.people.models import Membership
from cs_platform.workspace import words

MAX_AMOUNT = 10**15


@cache
def zone_names() -> list[str]:
    return sorted(name for name in zoneinfo.available_timezones() if "/" in name or name == "UTC")


class VersionedForm(forms.Form):
    version = forms.IntegerField(required=False, min_value=0, max_value=2**31 - 1, widget=forms.HiddenInput)
    once = forms.UUIDField(required=False, initial=uuid4, widget=forms.HiddenInput)

    def clean_version(self) -> int | None:
        return self.cleaned_data["version"]  # type: ignore[no-any-return]

    @property
    def known_version(self) -> int | None:
        return self.cleaned_data.get("version")

    @property
    def token(self) -> Any:
        return self.cleaned_data.get("once")


def text_box(limit: int, label: Any, *, needed: bool = False, help_text: Any = "", **attrs: Any) -> forms.CharField:
    return forms.CharField(
        max_length=limit, label=label, required=needed, help_text=help_text, widget=forms.TextInput(attrs=attrs)
    )


def number_box(label: Any, **more: Any) -> forms.IntegerField:
    return forms.IntegerField(label=label, required=False, min_value=0, max_value=2**31 - 1, **more)


def amount_box(label: Any, **more: Any) -> forms.DecimalField:
    return forms.DecimalField(label=label, required=False, max_digits=18, decimal_places=3, **more)


def day_box(label: Any, **more: Any) -> forms.DateField:
    return forms.DateField(
        label=label,
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d"],
        **more,
    )


def words_box(label: Any, limit: int, *, needed: bool = False, rows: int = 2, **more: Any) -> forms.CharField:
    return forms.CharField(
        label=label, max_length=limit, required=needed, widget=forms.Textarea(attrs={"rows": rows}), **more
    )


class AccountForm(VersionedForm):
    """What a person may say of an account. `values()` are in the words of the service."""

    name = text_box(255, _("Name"), needed=True)
    domains = text_box(2000, _("Domains"), help_text=_("Separated by commas, for example acme.com, acme.de"))
    industry = text_box(100, _("Industry"))
    country = text_box(100, _("Country"), help_text=_("A code like DE or a name."))
    region = text_box(100, _("Region"))
    timezone = text_box(
        80, _("Time zone"), help_text=_("Like Europe/Berlin. Decides when e-mails arrive."), list="zones"
    )
    developers = number_box(_("Developers"), help_text=_("Decides the segment."))
    employees = number_box(_("Employees"))
    arr = amount_box(_("ARR"), help_text=_("Yearly revenue, decides the service model."))
    mrr = amount_box(_("MRR"))
    currency = text_box(3, _("Currency"), needed=True)
    seats_purchased = number_box(_("Seats bought"))
    seats_used = number_box(_("Seats used"))
    renewal_date = day_box(_("Renewal date"))
    product_version = text_box(50, _("Product version"))
    deployment = text_box(50, _("Deployment"))
    account_type = text_box(100, _("Account type"))

    GROUPS: tuple[tuple[Any, tuple[str, ...]], ...] = (
        (_("Who it is"), ("name", "domains", "industry", "account_type")),
        (_("Where it is"), ("country", "region", "timezone")),
        (_("Size and revenue"), ("developers", "employees", "arr", "mrr", "currency")),
        (_("Product"), ("seats_purchased", "seats_used", "renewal_date", "product_version", "deployment")),
    )

    @property
    def groups(self) -> list[tuple[Any, list[forms.BoundField]]]:
        return [(title, [self[name] for name in names if name in self.fields]) for title, names in self.GROUPS]

    @classmethod
    def initial_of(cls, account: Account) -> dict[str, Any]:
        unit = Decimal(10) ** 2
        given = {name: getattr(account, name) for name in cls.base_fields if hasattr(account, name)}
        for name in ("arr", "mrr"):
            minor = getattr(account, f"{name}_minor")
            given[name] = None if minor is None else (Decimal(minor) / unit).normalize().quantize(_places(minor))
        return {**given, "domains": ", ".join(account.domains), "once": uuid4()}

    def values(self) -> dict[str, Any]:
        typed = {name: value for name, value in self.cleaned_data.items() if name not in ("version", "once")}
        for name in ("arr", "mrr"):
            typed[f"{name}_minor"] = _minor(typed.pop(name))
        typed["domains"] = [part.strip() for part in typed["domains"].replace("\n", ",").split(",") if part.strip()]
        return typed

    def clean_currency(self) -> str:
        return str(self.cleaned_data["currency"]).upper()

    def clean_arr(self) -> Decimal | None:
        return _two_places(self.cleaned_data["arr"])

    def clean_mrr(self) -> Decimal | None:
        return _two_places(self.cleaned_data["mrr"])


def _places(minor: int) -> Decimal:
    return Decimal("1") if minor % 100 == 0 else Decimal("0.01")


def _two_places(amount: Decimal | None) -> Decimal | None:
    if amount is not None and amount * 100 != (amount * 100).to_integral_value():
        raise forms.ValidationError(_("An amount has at most two decimals."))
    if amount is not None and abs(amount) >= MAX_AMOUNT:
        raise forms.ValidationError(_("This amount is too large."))
    return amount


def _minor(amount: Decimal | None) -> int | None:
    return None if amount is None else int(amount * 100)


class NewAccountForm(AccountForm):
    support_level = forms.ChoiceField(
        required=False, label=_("Support level"), help_text=_("Without one the account is kept in the archive.")
    )

    GROUPS = ((_("How we look after it"), ("support_level",)), *AccountForm.GROUPS)

    def __init__(self, *args: Any, levels: Iterable[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["support_level"].choices = [("", _("None yet")), *((name, name) for name in levels)]  # type: ignore[attr-defined]
        self.fields["currency"].initial = "USD"


class SupportLevelForm(VersionedForm):
    support_level = forms.ChoiceField(required=False, label=_("Technical advisor support level"))
    note = words_box(_("Note"), 500, help_text=_("Kept in the timeline."))

    def __init__(self, *args: Any, levels: Iterable[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        none = _("None: do not look after this account")
        self.fields["support_level"].choices = [*((name, name) for name in levels), ("", none)]  # type: ignore[attr-defined]


class MoveStageForm(VersionedForm):
    stage = forms.ChoiceField(label=_("New stage"))
    reason = words_box(_("Reason"), 1000, help_text=_("Needed for a step back."))
    effective_at = forms.CharField(
        required=False,
        label=_("Since"),
        help_text=_("Leave it empty for now. An earlier moment corrects the count of days."),
        widget=forms.TextInput(attrs={"type": "datetime-local"}),
    )

    def __init__(self, *args: Any, stages: Iterable[str] = (), zone: str = "UTC", **kwargs: Any) -> None:
        self.zone = ZoneInfo(zone)
        super().__init__(*args, **kwargs)
        self.fields["stage"].choices = [(name, name) for name in stages]  # type: ignore[attr-defined]
        self.fields["effective_at"].label = _("Since (time in {zone})").format(zone=words.zone_name(zone))

    def clean_effective_at(self) -> datetime | None:
        text = str(self.cleaned_data["effective_at"]).strip()
        if not text:
            return None
        try:
            typed = datetime.fromisoformat(text)
        except ValueError:
            try:
                typed = datetime.combine(date.fromisoformat(text), time())
            except ValueError:
                raise forms.ValidationError(_("Give a day and a time like 2026-11-23 09:00.")) from None
        if not 1970 <= typed.year <= 2200:
            raise forms.ValidationError(_("Give a day between 1970 and 2200."))
        return typed if typed.tzinfo else typed.replace(tzinfo=self.zone)


class OwnerForm(VersionedForm):
    owner = forms.ChoiceField(required=False, label=_("Owner"))
    note = words_box(_("Note"), 500, help_text=_("Kept in the timeline."))

    def __init__(self, *args: Any, members: Iterable[Membership] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.members = {str(member.pk): member for member in members}
        offered = [(pk, f"{member} ({member.role_names})") for pk, member in self.members.items()]
        self.fields["owner"].choices = [("", _("Nobody")), *offered]  # type: ignore[attr-defined]

    @property
    def member(self) -> Membership | None:
        return self.members.get(self.cleaned_data["owner"])


class ArchiveForm(VersionedForm):
    reason = words_box(_("Reason"), 500, needed=True)


class RestoreForm(VersionedForm):
    """Nothing to say: the account comes back as it was."""


class ContactForm(VersionedForm):
    name = text_box(200, _("Name"), autocomplete="off", help_text=_("Left empty, the first and last name make it."))
    first_name = text_box(100, _("First name"), autocomplete="off", help_text=_("E-mails begin with it."))
    last_name = text_box(100, _("Last name"), autocomplete="off")
    email = text_box(254, _("E-mail address"), autocomplete="off", inputmode="email")
    phone = text_box(50, _("Phone"), autocomplete="off")
    title = text_box(200, _("Job title"), autocomplete="off")
    timezone = text_box(80, _("Time zone"), help_text=_("Left empty, the account's counts."), list="zones")
    roles = forms.MultipleChoiceField(
        choices=[(role, role) for role in ContactRole.values],
        required=False,
        label=_("Roles"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Everything we write goes to contacts by role."),
    )
    is_active = forms.BooleanField(
        required=False, initial=True, label=_("Works there"), help_text=_("Somebody who left is not written to.")
    )

    @classmethod
    def initial_of(cls, contact: Contact) -> dict[str, Any]:
        return {**{name: getattr(contact, name) for name in cls.base_fields if hasattr(contact, name)}, "once": uuid4()}

    def values(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if name not in ("version", "once")}

    def clean(self) -> dict[str, Any]:
        typed: dict[str, Any] = super().clean() or {}
        if not any(typed.get(name) for name in ("name", "first_name", "last_name", "email")):
            self.add_error("name", _("A contact needs a name or an e-mail address."))
        return typed


class RolesForm(VersionedForm):
    roles = ContactForm.base_fields["roles"]


class EnrolForm(VersionedForm):
    """A series for people of an account: for whoever has its roles, now and later, or for those who are chosen."""

    ROLES, CHOSEN = "roles", "chosen"

    series = forms.ChoiceField(label=_("Series"))
    whom = forms.ChoiceField(
        label=_("Who gets it"),
        widget=forms.RadioSelect,
        choices=[(ROLES, _("Everybody with its roles, also who gets such a role later")), (CHOSEN, _("Only these"))],
        initial=ROLES,
    )
    contacts = forms.MultipleChoiceField(required=False, label=_("People"), widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, series: Iterable[Any] = (), contacts: Iterable[Contact] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offered = {str(found.pk): found for found in series}
        self.fields["series"].choices = [(pk, found.name) for pk, found in self.offered.items()]  # type: ignore[attr-defined]
        people = [(str(contact.pk), _who(contact)) for contact in contacts]
        self.fields["contacts"].choices = people  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        typed: dict[str, Any] = super().clean() or {}
        chosen = self.offered.get(typed.get("series", ""))
        if typed.get("whom") == self.CHOSEN and not typed.get("contacts"):
            self.add_error("contacts", _("Choose somebody."))
        if typed.get("whom") == self.ROLES and chosen is not None and not chosen.audience_roles:
            self.add_error("whom", _("This series is for no role. Choose people."))
        return typed


def _who(contact: Contact) -> str:
    parts = [contact.name, contact.email or str(_("no e-mail address")), ", ".join(contact.roles)]
    return " · ".join(part for part in parts if part)
