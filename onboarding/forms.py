"""Shape of input for the pages of hand-offs."""

from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from cs_platform.people.models import Membership
from onboarding.models import Handoff, HandoffMeeting, HandoffSettings
from onboarding.models.configuration import LONGEST_LEAD
from onboarding.services import MeetingInput, local_time

PEOPLE = {
    "customer_engineer": _("Customer engineer"),
    "technical_advisor": _("Technical advisor"),
    "account_executive": _("Account executive"),
    "implementation_engineer": _("Implementation engineer"),
}


def members() -> list[tuple[str, Any]]:
    active = Membership.objects.filter(is_active=True).select_related("user").order_by("user__name", "user__email")
    return [("", _("Nobody")), *((str(member.pk), str(member)) for member in active)]


class MeetingForm(forms.Form):
    day = forms.DateField(label=_("Day"), widget=forms.DateInput(attrs={"type": "date"}))
    time = forms.TimeField(label=_("Begins at"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    minutes = forms.IntegerField(label=_("Minutes"), min_value=5, max_value=480, initial=45)
    place = forms.CharField(
        label=_("Where"), max_length=300, required=False, help_text=_("A room, or the address of a call.")
    )
    agenda = forms.CharField(label=_("Agenda"), required=False, max_length=50_000, widget=forms.Textarea({"rows": 8}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = members()
        for name, label in PEOPLE.items():
            self.fields[name] = forms.ChoiceField(label=label, choices=choices, required=False)

    @property
    def people(self) -> list[Any]:
        return [self[name] for name in PEOPLE]

    @staticmethod
    def initial_of(handoff: Handoff, meeting: HandoffMeeting | None, agenda: str, zone: ZoneInfo) -> dict[str, Any]:
        if meeting is not None:
            local = meeting.starts_at.astimezone(zone)
            held = {name: str(getattr(meeting, f"{name}_id") or "") for name in PEOPLE}
            return {"day": local.date(), "time": local.time(), "minutes": meeting.minutes, "place": meeting.place,
                    "agenda": meeting.agenda, **held}  # fmt: skip
        deal = handoff.opportunity
        return {
            "minutes": 45,
            "agenda": agenda,
            "customer_engineer": str(handoff.customer_engineer_id or ""),
            "technical_advisor": str(handoff.account.csm_id or ""),
            "account_executive": str((deal.owner_id if deal else None) or ""),
        }

    def values(self, zone: ZoneInfo) -> MeetingInput:
        typed = self.cleaned_data
        starts_at: datetime = local_time(typed["day"], typed["time"], zone)
        people = {f"{name}_id": UUID(typed[name]) if typed[name] else None for name in PEOPLE}
        return MeetingInput(starts_at, typed["minutes"], typed["place"], typed["agenda"], **people)


class DocumentForm(forms.Form):
    body = forms.CharField(
        label=_("Text"),
        max_length=50_000,
        strip=False,
        widget=forms.Textarea({"rows": 28, "class": "wk-editor"}),
        help_text=_("Begin a line with ## for a section and with - for an item; **two stars** make words bold."),
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)


class TemplateForm(forms.Form):
    body = forms.CharField(
        label=_("Text"), max_length=50_000, strip=False, widget=forms.Textarea({"rows": 22, "class": "wk-editor"})
    )
    note = forms.CharField(label=_("What is different"), max_length=300, required=False)


def _days(label: Any, words: Any) -> forms.IntegerField:
    return forms.IntegerField(label=label, help_text=words, min_value=0, max_value=LONGEST_LEAD)


class LeadTimesForm(forms.Form):
    support_level_days = _days(
        _("Watched"), _("So many days before its expected close a deal of a managed account is watched.")
    )
    ta_named_days = _days(
        _("Advisor named"), _("So many days before the close the technical advisor is named and told.")
    )
    document_days = _days(
        _("Document begun"), _("So many days before the close the document is made and the meeting is planned.")
    )
    checklist_days = _days(
        _("Checklist done"), _("So many days after the deal is won the items of the engineer are due.")
    )
    contact_roles_days = _days(
        _("Contacts tagged"), _("So many days after the deal is won contacts without a role are flagged.")
    )

    @staticmethod
    def initial_of(settings: HandoffSettings) -> dict[str, int]:
        return {name: getattr(settings, name) for name in LeadTimesForm.base_fields}
