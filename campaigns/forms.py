"""Shape of input for the pages of campaigns."""

from typing import Any

from django import forms

from accounts.models import ContactRole
from campaigns import content, zones
from campaigns.models import Category, MailPause, Series, Suppression

WEEKDAYS = (
    ("mon", "Monday"),
    ("tue", "Tuesday"),
    ("wed", "Wednesday"),
    ("thu", "Thursday"),
    ("fri", "Friday"),
    ("sat", "Saturday"),
    ("sun", "Sunday"),
)
ZONE_MODES = (
    (Series.RECIPIENT, "The recipient's, else the account's, else ours"),
    (Series.ACCOUNT, "The account's, else ours"),
    (Series.TENANT, "Ours"),
    ("fixed", "One zone for all"),
)


class TemplateForm(forms.Form):
    name = forms.CharField(max_length=120, label="Name", help_text="Only you see it.")
    category = forms.ChoiceField(
        choices=Category.choices, label="Category", help_text="What a recipient can unsubscribe from."
    )
    subject = forms.CharField(max_length=200, label="Subject")
    body = forms.CharField(
        max_length=content.LONGEST_BODY,
        label="Text",
        widget=forms.Textarea(attrs={"rows": 22, "spellcheck": "true"}),
        help_text="Empty lines separate paragraphs. Lines that begin with “- ” or “1. ” make a list. **bold**,"
        " [words](https://example.com). Merge fields: {{contact.first_name|there}}.",
    )

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        if not self.errors:
            try:
                content.compile_template(typed["subject"].strip(), typed["body"].strip())
            except content.BadTemplate as bad:
                self.add_error(bad.field, str(bad))
        return typed


class SeriesForm(forms.Form):
    name = forms.CharField(max_length=120, label="Name")
    category = forms.ChoiceField(
        choices=Category.choices, label="Category", help_text="What a recipient can unsubscribe from."
    )
    weekdays = forms.MultipleChoiceField(
        choices=WEEKDAYS, label="Sends on", widget=forms.CheckboxSelectMultiple, initial=["mon", "wed", "fri"]
    )
    local_time = forms.TimeField(
        label="At",
        initial="09:00",
        input_formats=["%H:%M", "%H:%M:%S"],
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
        help_text="A time that the clock jumps over: the first one after the jump. One that it shows twice: the first.",
    )
    zone_mode = forms.ChoiceField(choices=ZONE_MODES, label="Whose clock", initial=Series.RECIPIENT)
    fixed_zone = forms.CharField(
        required=False, max_length=80, label="Zone", help_text="For “One zone for all”, for example Europe/Berlin."
    )
    holidays = forms.ChoiceField(choices=Series.Holidays.choices, label="On a day off", initial=Series.Holidays.SKIP)
    audience_roles = forms.MultipleChoiceField(
        required=False,
        choices=ContactRole.choices,
        label="For contacts with the role",
        widget=forms.CheckboxSelectMultiple,
        help_text="Contacts who are enrolled for a role are written to as long as they have it.",
    )

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        fixed = (typed.get("fixed_zone") or "").strip()
        if typed.get("zone_mode") == "fixed" and not zones.is_zone(fixed):
            self.add_error("fixed_zone", "Name an IANA zone, for example Europe/Berlin.")
        return typed

    def values(self) -> dict[str, Any]:
        """What the service takes."""
        typed = dict(self.cleaned_data)
        mode, fixed = typed.pop("zone_mode"), typed.pop("fixed_zone").strip()
        return {**typed, "zone": fixed if mode == "fixed" else mode}

    @staticmethod
    def initial_of(series: Series) -> dict[str, Any]:
        names = ("name", "category", "weekdays", "local_time", "holidays", "audience_roles")
        mode = "fixed" if series.fixed_zone else series.zone
        return {**{n: getattr(series, n) for n in names}, "zone_mode": mode, "fixed_zone": series.fixed_zone}


class SuppressForm(forms.Form):
    email = forms.CharField(max_length=254, label="E-mail address")
    category = forms.ChoiceField(
        required=False, choices=[("", "All mail"), *Category.choices], label="What it no longer gets"
    )
    reason = forms.ChoiceField(choices=Suppression.Reason.choices, initial=Suppression.Reason.MANUAL, label="Why")
    note = forms.CharField(required=False, max_length=500, label="Note")


class StopForm(forms.Form):
    why = forms.CharField(max_length=300, label="Why")


class PauseForm(forms.Form):
    why = forms.CharField(max_length=300, label="Why", help_text="Everybody who asks why a mail did not go reads it.")
    until = forms.DateField(
        required=False,
        label="Until",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="On this day mail goes again. Empty: until somebody ends the pause.",
    )
    policy = forms.ChoiceField(
        choices=MailPause.Policy.choices,
        label="What falls due meanwhile",
        help_text="“Everything moves on”: the same e-mail comes at the first slot after the pause, and the others after"
        " it. “Left out”: it never comes. Nothing bursts, either way.",
    )
