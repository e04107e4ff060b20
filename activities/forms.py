"""Shape of input for the pages of tasks."""

from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from activities.models import Task
from cs_platform.people.models import Membership, Role

NOBODY = ""


def people() -> list[tuple[str, Any]]:
    """Nobody, each member who works here, each role."""
    members = Membership.objects.filter(is_active=True).select_related("user").order_by("user__name", "user__email")
    return [
        (NOBODY, _("Nobody yet")),
        (_("Members"), [(f"member:{member.pk}", str(member)) for member in members]),  # type: ignore[list-item]
        (_("Whoever has the role"), [(f"role:{value}", label) for value, label in Role.choices]),  # type: ignore[list-item]
    ]


def choice_of(task: Task) -> str:
    if task.assignee_id:
        return f"member:{task.assignee_id}"
    return f"role:{task.role}" if task.role else NOBODY


class TaskForm(forms.Form):
    title = forms.CharField(label=_("What is to be done"), max_length=200)
    account = forms.CharField(label=_("Account"), max_length=255, required=False, help_text=_("Its name."))
    who = forms.ChoiceField(label=_("Who does it"), required=False)
    due_date = forms.DateField(label=_("Until"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    priority = forms.ChoiceField(label=_("Priority"), choices=Task.Priority.choices, initial=Task.Priority.NORMAL)
    description = forms.CharField(
        label=_("More about it"), required=False, max_length=10_000, widget=forms.Textarea(attrs={"rows": 4})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["who"].choices = people()  # type: ignore[attr-defined]
        self.fields["account"].widget.attrs["list"] = "task-accounts"

    @staticmethod
    def initial_of(task: Task) -> dict[str, Any]:
        return {
            "title": task.title,
            "account": task.account.name if task.account else "",
            "who": choice_of(task),
            "due_date": task.due_date,
            "priority": task.priority,
            "description": task.description,
        }

    def clean_account(self) -> UUID | None:
        name = self.cleaned_data["account"].strip()
        if not name:
            return None
        found = list(Account.objects.filter(name__iexact=name).values_list("pk", flat=True)[:2])
        if not found:
            raise forms.ValidationError(_("There is no account of this name."))
        if len(found) > 1:
            raise forms.ValidationError(_("Several accounts have this name. Add the task on the account's own page."))
        return found[0]

    def values(self) -> dict[str, Any]:
        """What the services call the fields."""
        typed = self.cleaned_data
        kind, _colon, name = typed["who"].partition(":")
        return {
            "title": typed["title"],
            "account_id": typed["account"],
            "assignee_id": UUID(name) if kind == "member" else None,
            "role": name if kind == "role" else "",
            "due_date": typed["due_date"],
            "priority": typed["priority"],
            "description": typed["description"],
        }
