"""What the pages of the settings share: their sections, each with the right that it asks for."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cs_platform.people import policies


@dataclass(frozen=True)
class Section:
    name: str
    words: Any
    icon: str
    verb: str
    purpose: Any

    @property
    def address(self) -> str:
        return reverse(f"workspace:{self.name}")


SECTIONS = (
    Section(
        "segmentation", _("Segmentation"), "adjustments", "segmentation.view",
        _("Which accounts are Strategic, Enterprise, Mid-Market, SMB or Scaled, and which team looks after them."),
    ),
    Section(
        "support-levels", _("Support levels"), "lifebuoy", "support_level.view",
        _("The pick-list that decides whether, and how, an account is looked after."),
    ),
    Section(
        "organisation", _("Organisation"), "building", "tenant.edit",
        _("Time zone, holidays, how e-mails are signed, colour and logo."),
    ),
    Section("members", _("Members"), "users", "member.view", _("Who works here, and what their roles allow.")),
    Section("teams", _("Teams"), "users-group", "member.view", _("Who works together, and who leads.")),
    Section("roles", _("Roles"), "list-check", "member.view", _("Which role may do what.")),
    Section(
        "security", _("Security"), "shield-check", "tenant.edit", _("Who must sign in with a second factor.")
    ),
    Section("api-keys", _("API keys"), "key", "api_key.view", _("Programs that read and write through the API.")),
    Section("audit", _("Audit log"), "list-check", "audit.view", _("Who changed what, and when. Nothing is removed.")),
    Section("queue", _("Queue"), "refresh", "queue.view", _("Work that waits, and work that was given up.")),
)  # fmt: skip


def frame(request: HttpRequest, here: str) -> dict[str, Any]:
    """The sections that this member may open, with the one that is open."""
    member = request.member  # type: ignore[attr-defined]
    open_to = [section for section in SECTIONS if policies.may(member, section.verb)]
    return {
        "sections": open_to,
        "section": next((section for section in open_to if section.name == here), None),
    }


def who(request: HttpRequest) -> dict[str, Any]:
    return {"actor": request.member.actor, "now": request.now}  # type: ignore[attr-defined]


def may(request: HttpRequest, verb: str) -> bool:
    return policies.may(request.member, verb)  # type: ignore[attr-defined]
