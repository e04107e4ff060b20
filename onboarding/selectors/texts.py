"""Lead times, templates, and the texts of one hand-off."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404

from onboarding import content
from onboarding.models import Handoff, HandoffDocument, HandoffMeeting, HandoffSettings, HandoffTemplate
from onboarding.selectors.handoffs import handoffs
from onboarding.selectors.values import values_of
from onboarding.situations import Situation


def lead_times() -> HandoffSettings:
    """The tenant's lead times; the shipped ones before its first hand-off was looked at."""
    return HandoffSettings.objects.first() or HandoffSettings()


def templates() -> QuerySet[HandoffTemplate]:
    """The version of each text that counts."""
    newest = HandoffTemplate.objects.order_by("kind", "-number").distinct("kind").values("pk")
    return HandoffTemplate.objects.filter(pk__in=newest)


def template_for(member: Any, pk: Any) -> HandoffTemplate:
    """One version, or 404."""
    try:
        found = HandoffTemplate.objects.filter(pk=pk if isinstance(pk, UUID) else UUID(str(pk))).first()
    except ValueError:
        found = None
    if found is None:
        raise Http404
    return found


def document_of(handoff: Handoff) -> HandoffDocument:
    """The document, or 404 while there is none."""
    found = HandoffDocument.objects.select_related("template", "handoff").filter(handoff=handoff).first()
    if found is None:
        raise Http404
    return found


def meeting_of(handoff: Handoff) -> HandoffMeeting | None:
    people = "customer_engineer__user", "technical_advisor__user"
    more = "account_executive__user", "implementation_engineer__user"
    return HandoffMeeting.objects.select_related("handoff", *people, *more).filter(handoff=handoff).first()


def newest_template(kind: str) -> HandoffTemplate | None:
    return HandoffTemplate.objects.filter(kind=kind).order_by("-number").first()


def text_for(handoff: Handoff, kind: str) -> str:
    """A text of the tenant with what is known of the hand-off; empty where there is none."""
    return texts_of(handoff, (kind,)).get(kind, "")


def texts_of(
    handoff: Handoff, kinds: Collection[str] = (HandoffTemplate.Kind.KICK_OFF, HandoffTemplate.Kind.INTRODUCTION)
) -> dict[str, str]:
    """The standard texts of a hand-off, with what is known of it."""
    found = {template.kind: template.body for template in templates().filter(kind__in=list(kinds))}
    whole = handoffs().get(pk=handoff.pk)
    situation = Situation(whole, whole.account, whole.opportunity, {}, None)
    known = values_of([situation])[situation.key]
    return {str(kind): content.filled(body, known) for kind, body in found.items()}
