"""Hand-offs of the demo, one at each state: what engineers and advisors did about the deals of the story."""

from datetime import datetime, timedelta
from typing import Any

from accounts import services as accounts
from accounts.models import Account
from activities import selectors as activities_selectors
from activities import services as activities
from cs_platform.people.models import Membership
from cs_platform.tenancy.scope import tenant_scope
from cs_platform.workspace.demo.cast import LOADER, member
from cs_platform.workspace.demo.story import Story
from onboarding import items, services
from onboarding.models import Handoff, HandoffDocument

GOALS = "\n- Answers in seconds instead of days\n- One place for every report\n- "


def tell_acme(story: Story) -> None:
    """Osprey Logistics is being handed over; the deals that are still open are watched and prepared."""
    story.say("hand-offs: engineer, mapping, meeting")
    _look(story, story.ago(9.8))
    with tenant_scope(story.tenant):
        cem, at = member("cem@acme.example"), story.ago(9)
        handoff = _open_one("Osprey Logistics")
        if handoff is not None and handoff.customer_engineer_id is None:
            services.assign_engineer(handoff, cem, actor=cem.actor, now=at)
            _complete(handoff, items.LICENCE, cem, at)
            _map(handoff.account, "Osprey production", "https://code.osprey.example", cem, at)
            _complete(handoff, items.MAPPING, cem, at)
            _meet(handoff, cem, cem, story.now + timedelta(days=1), at)
    story.settle(story.ago(9))
    _look(story, story.now)


def tell_umbra(story: Story) -> None:
    """Redwood Transit was handed over, Saltbox Media is late, Copperline Freight thought again."""
    story.say("hand-offs: one is over, one is late, one was lost")
    deals = (("Redwood Transit", 14, 12, True), ("Saltbox Media", 12, 9, True), ("Copperline Freight", 40, 30, False))
    for number, (name, seen, closed, is_won) in enumerate(deals):
        key = f"006UMBRAH{number:06d}AAA"
        _deal(story, name, key, story.ago(seen), {"close_date": story.ago(closed).date(), "stage": "Negotiation"})
        stage = "Closed Won" if is_won else "Closed Lost"
        _deal(story, name, key, story.ago(closed), {"is_closed": True, "is_won": is_won, "stage": stage})
    with tenant_scope(story.tenant):
        nina = member("nina@umbra.example")
        handoff = _open_one("Redwood Transit")
        if handoff is not None:
            _finish(handoff, nina, story)
    story.settle(story.ago(6))
    _look(story, story.now)
    with tenant_scope(story.tenant):
        soon = _open_one("Thornbury Hotels")
        if soon is not None:
            _meet(soon, nina, nina, story.now + timedelta(days=2), story.now)
    story.settle(story.now)


def _look(story: Story, at: datetime) -> None:
    with tenant_scope(story.tenant):
        services.follow(actor=LOADER, now=at)
    story.settle(at)


def _open_one(name: str) -> Handoff | None:
    open_ones = Handoff.objects.filter(account__name=name, state__in=Handoff.OPEN)
    return open_ones.select_related("account__csm__user", "customer_engineer").first()


def _deal(story: Story, name: str, key: str, at: datetime, values: dict[str, Any]) -> None:
    with tenant_scope(story.tenant):
        account = Account.objects.get(name=name)
        given = {"name": f"{name}: first contract", "type": "New Business", "is_new_business": True, **values}
        row = accounts.OpportunityInput(account.pk, given, salesforce_id=key)
        accounts.upsert_opportunities([row], actor=LOADER, now=at)
    story.settle(at)


def _complete(handoff: Handoff, part: str, by: Membership, at: datetime) -> None:
    for task in activities_selectors.tasks_of_source(items.KIND, [handoff.pk]).get(str(handoff.pk), []):
        if task.source_part == part and task.is_open:
            activities.complete_task(task, actor=by.actor, now=at)


def _map(account: Account, name: str, url: str, by: Membership, at: datetime) -> None:
    people = account.contacts.filter(is_active=True).order_by("sort_name", "pk")
    admins = list(people.values_list("pk", flat=True)[:1])
    values = {"name": name, "url": url, "deployment": "self_hosted"}
    accounts.create_instance(account, values, admins, actor=by.actor, now=at)


def _meet(handoff: Handoff, engineer: Membership, by: Membership, starts_at: datetime, at: datetime) -> None:
    starts_at = starts_at.replace(hour=13, minute=0, second=0, microsecond=0)
    given = services.MeetingInput(
        starts_at,
        customer_engineer_id=engineer.pk,
        technical_advisor_id=handoff.account.csm_id,
        place="Room Lighthouse",
    )
    services.plan_meeting(handoff, given, actor=by.actor, now=at)


def _finish(handoff: Handoff, by: Membership, story: Story) -> None:
    """Every item, one after the other."""
    at = story.ago(10)
    services.assign_engineer(handoff, by, actor=by.actor, now=at)
    services.answer_cloud(handoff, True, actor=by.actor, now=at)
    _map(handoff.account, "Redwood production", "https://redwood.code.example", by, at)
    for part in (items.LICENCE, items.CLOUD, items.MAPPING):
        _complete(handoff, part, by, at)
    document = HandoffDocument.objects.get(handoff=handoff)
    body = document.body.replace("\n- \n", GOALS + "\n", 1)
    services.edit_document(document, body, actor=by.actor, now=story.ago(9))
    services.finish_document(document, actor=by.actor, now=story.ago(9))
    _meet(handoff, by, by, story.ago(8), story.ago(9))
    services.hold_meeting(handoff, actor=by.actor, now=story.ago(7))
