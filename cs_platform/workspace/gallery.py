"""`/ui/`: every component in its states. Development and tests only; the browser tests take their pictures here."""

import re
from datetime import UTC, datetime, timedelta

from django import forms
from django.conf import settings
from django.contrib.messages import constants
from django.contrib.messages.storage.base import Message
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from cs_platform.people.models import Membership, User
from cs_platform.tenancy.models import Tenant
from cs_platform.workspace import brand
from cs_platform.workspace.context import Frame, Way

COLOUR = re.compile("[0-9a-f]{6}")
NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
THEMES = ("light", "dark")
WIDTHS = ("wide", "narrow")
SEGMENTS = ("Strategic", "Enterprise", "Mid-Market", "SMB", "Scaled", "Universities")
STAGES = ("0. Prospect", "1. Onboarding", "2. Adopting", "3. Nurturing", "4. Renewing", "Paused")
PEOPLE = ("Ana Lindqvist", "Ben Okafor", "Tess Marchetti", "rhea@acme.example.com", "李小龍", "")


class GalleryForm(forms.Form):
    """One field of each kind; `named` is refused, so that the gallery shows how that looks."""

    name = forms.CharField(max_length=80, label="Account name", help_text="As the customer writes it.")
    domain = forms.CharField(max_length=80, label="Domain")
    owner = forms.ChoiceField(choices=[("", "Nobody"), ("ana", "Ana Lindqvist")], required=False, label="Owner")
    note = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), required=False, label="Note")
    start = forms.DateField(widget=forms.DateInput(attrs={"type": "date"}), required=False, label="Start date")
    roles = forms.MultipleChoiceField(
        choices=[("champion", "Champion"), ("admin", "Instance Admin"), ("executive", "Executive")],
        widget=forms.CheckboxSelectMultiple,
        required=False,
        label="Roles",
        help_text="A contact may have several.",
    )
    zone = forms.ChoiceField(
        choices=[("recipient", "The recipient's"), ("account", "The account's"), ("tenant", "Ours")],
        widget=forms.RadioSelect,
        label="Whose time zone",
    )
    active = forms.BooleanField(required=False, label="Send while the account is in onboarding")

    def clean_domain(self) -> str:
        raise forms.ValidationError("This domain belongs to Umbra already. Choose another, or merge the two accounts.")


class SampleFrame(Frame):
    """The frame around an owner of two organisations that are in no database."""

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request)
        colour = request.GET.get("brand", "")
        self.tenant = Tenant(name="Northwind Traders", slug="northwind", timezone="Europe/Berlin")
        self.member = Membership(user=User(name=PEOPLE[0], email="ana@northwind.example"), roles=["owner"])
        self.brand_address = brand.address(colour) if COLOUR.fullmatch(colour) else ""
        self.places = [self.tenant, Tenant(name="Umbra Logistics", slug="umbra")]

    def _is_open(self, way: Way) -> bool:
        return way.path == "/accounts/"


def gallery(request: HttpRequest) -> HttpResponse:
    if settings.CS_ENV not in ("development", "test"):
        raise Http404
    theme, width = request.GET.get("theme", ""), request.GET.get("width", "wide")
    if (theme and theme not in THEMES) or width not in WIDTHS:
        raise Http404
    request.now = NOW  # type: ignore[attr-defined]
    frame = SampleFrame(request)
    request.tenant = frame.tenant  # type: ignore[attr-defined]
    form = GalleryForm({"name": "Northwind Traders", "domain": "northwind.example", "zone": "account"})
    form.is_valid()
    context = {**_samples(), "theme": theme, "width": width, "form": form, "frame": frame}
    return render(request, "workspace/ui/gallery.html", context)


def _samples() -> dict[str, object]:
    return {
        "segments": SEGMENTS,
        "stages": STAGES,
        "people": PEOPLE,
        "tones": ("good", "watch", "bad", "info", "neutral"),
        "sums": [(8_500_000, "EUR"), (123_456_750, "USD"), (120_000, "JPY"), (-4_999, "CHF"), (None, "EUR")],
        "moments": [NOW + timedelta(seconds=seconds) for seconds in (-20, -300, -7200, -80000, -259200, 5400, 864000)],
        "dates": [(NOW + timedelta(days=days)).date() for days in (-400, -1, 0, 1, 47, 200, 500)],
        "bars": [(4, 30, ""), (27, 30, ""), (41, 30, ""), (3, None, ""), (300, 0, "")],
        "trend": [62, 61, 64, 66, 60, 58, 63, 70, 74, 73, 78, 82],
        "falling": [82, 80, 81, 77, 70, 66, 61, 58],
        "rows": _rows(),
        "flashes": [
            Message(constants.SUCCESS, "Northwind Traders moved to 1. Onboarding."),
            Message(constants.WARNING, "Two contacts have no e-mail address. They get no mail."),
            Message(constants.ERROR, "Salesforce refused the login. Check the consumer secret."),
        ],
    }


def _rows() -> list[dict[str, object]]:
    names = ("Northwind Traders", "Contoso Robotics", "Fabrikam & Sons", "Ärztehaus Süd", "Tailspin <Toys>")
    return [
        {
            "name": name,
            "segment": SEGMENTS[place],
            "stage": STAGES[place % 5],
            "days": 9 * place + 3,
            "expected": 30 if place % 2 else None,
            "arr": 8_500_000 * (place + 1),
            "owner": PEOPLE[place % 3],
            "renewal": (NOW + timedelta(days=40 * place - 20)).date(),
        }
        for place, name in enumerate(names)
    ]
