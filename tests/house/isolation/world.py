"""Two organisations with at least one row of everything, so that a crawl finds all there is to find."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.apps import apps
from django.test import Client

from accounts import services as accounts
from accounts.models import Account, Contact, SegmentationRules
from activities import services as activities
from campaigns import services as campaigns
from campaigns import unsubscribing
from campaigns.models import EmailTemplate, Enrolment, Series
from campaigns.selectors.sending import address_secret
from cs_platform import ledger
from cs_platform.ledger.models import Effect, Outbox
from cs_platform.people import services as people
from cs_platform.people import teams
from cs_platform.people.models import ApiKey, IdempotencyRecord, Membership, User
from cs_platform.tenancy.models import TenantOwned
from cs_platform.tenancy.scope import tenant_scope
from integrations.salesforce import services as salesforce
from integrations.salesforce.models import (
    Conflict,
    Connection,
    Hint,
    MirrorRecord,
    SalesforceUser,
    SeenRecord,
    SyncCursor,
    SyncRun,
    Write,
)
from lifecycle import services as lifecycle
from onboarding import services as onboarding
from onboarding.models import Handoff
from tests.cast import NOW, Api, make_key, make_member, make_tenant, sign_in

TEST = ledger.system("test")


@dataclass
class Organisation:
    """A tenant with its people, and the ids of all of its rows by the label of their model."""

    tenant: Any
    owner: Any
    member: Any
    viewer: Any
    removed: Any
    key: str = ""
    invitation: str = ""
    ticket: str = ""
    ids: dict[str, list[str]] = field(default_factory=dict)

    def browser(self, who: str) -> Client:
        return sign_in(Client(), getattr(self, who))

    def program(self) -> Client:
        return Client(headers={"Authorization": f"Bearer {self.key}"})

    def api(self) -> Api:
        return Api(self.key)


def tenant_models() -> list[Any]:
    """Every model whose rows belong to a tenant."""
    return [model for model in apps.get_models() if issubclass(model, TenantOwned)]


def found(slug: str, zone: str) -> Organisation:
    """A new organisation with its people, and nothing else in it."""
    tenant = make_tenant(slug, slug.title(), zone)
    people_of = {name: make_member(tenant, f"{name}-{slug}", role) for name, role in ROLES.items()}
    made = Organisation(tenant, people_of["owner"], people_of["member"], people_of["viewer"], people_of["removed"])
    made.key = make_key(tenant, "admin")
    with tenant_scope(tenant):
        # So that a request with the key writes nothing of its own.
        ApiKey.objects.update(last_used_at=NOW + timedelta(days=1))
        Membership.objects.update(last_seen_at=NOW + timedelta(days=1))
    return made


ROLES = {"owner": "owner", "member": "csm", "viewer": "viewer", "removed": "csm"}


def populate(made: Organisation, rows: int) -> None:
    """So many more rows of everything that a list shows."""
    for number in range(rows):
        with tenant_scope(made.tenant):
            _customer(made, f"{made.tenant.slug}{uuid4().hex[:8]}", number)
    ledger.drain(NOW)
    for number in range(rows):
        with tenant_scope(made.tenant):
            _mail(made, number, rows)
            _other_system(made)
            _people(made)
    ledger.tick(NOW)
    with tenant_scope(made.tenant):
        _hand_over(made, rows)
        _messages()
        _pauses(rows)
    ledger.drain(NOW)
    with tenant_scope(made.tenant):
        _dead_work(rows)


def _customer(made: Organisation, word: str, number: int) -> None:
    account = accounts.create_account(
        {
            "name": f"Customer {word}",
            "external_id": f"ext-{word}",
            "lms_id": f"lms-{word}",
            "recurly_id": f"rec-{word}",
            "support_level": "Named",
            "developers": 40 + number,
            "arr_minor": 900_000,
            "renewal_date": (NOW + timedelta(days=60)).date(),
        },
        actor=TEST,
        now=NOW - timedelta(days=3),
    )
    accounts.assign_owner(account, made.member, actor=TEST, now=NOW)
    accounts.create_contact(
        account,
        {
            "name": f"Ada {word}",
            "email": f"ada@{word}.example",
            "roles": ["Program Contact"],
            "phone": "1",
            "title": "x",
        },
        actor=TEST,
        now=NOW - timedelta(days=3),
    )
    values = {"name": f"Deal {word}", "stage": "Proposal", "type": "New", "close_date": NOW.date(), "currency": "USD"}
    deal = accounts.OpportunityInput(account.pk, values, salesforce_id=f"006{word}"[:18].ljust(18, "0"))
    accounts.upsert_opportunities([deal], actor=TEST, now=NOW)
    _near_its_close(account, word)
    accounts.raise_alert([account.pk], "test", f"Look at {word}.", actor=TEST, now=NOW)
    accounts.create_support_level(f"Level {word}", actor=TEST, now=NOW)
    until = (NOW + timedelta(days=30)).date()
    by_hand = {"segment": "SMB", "reason": f"because {word}", "owner": made.member, "expires_on": until}
    accounts.override_segment(account, **by_hand, actor=TEST, now=NOW)
    accounts.preview_bulk(accounts.Wanted({"support_level": "Scaled"}, [account.pk]), actor=TEST, now=NOW)
    rules = list(SegmentationRules.objects.filter(state="published").values_list("rules", flat=True)[:1])[0]
    accounts.save_segmentation_draft(rules, f"Draft {word}", actor=TEST, now=NOW)


def _near_its_close(account: Account, word: str) -> None:
    """A deal that opens a hand-off, an instance with its admin, a task."""
    soon = {"name": f"First {word}", "is_new_business": True, "close_date": (NOW + timedelta(days=10)).date()}
    row = accounts.OpportunityInput(account.pk, soon, salesforce_id=f"00F{word}"[:18].ljust(18, "0"))
    accounts.upsert_opportunities([row], actor=TEST, now=NOW)
    admins = list(account.contacts.values_list("pk", flat=True))
    values = {"name": f"Production {word}", "external_id": f"in-{word}"}
    accounts.create_instance(account, values, admins, actor=TEST, now=NOW)
    task = {"title": f"Call {word}", "account_id": account.pk, "due_date": NOW.date()}
    activities.create_task(task, actor=TEST, now=NOW)


def _hand_over(made: Organisation, rows: int) -> None:
    """The hand-offs that have just been opened: their meetings, and another version of a text."""
    for handoff in Handoff.objects.order_by("-id")[:rows]:
        at = NOW + timedelta(days=2)
        given = onboarding.MeetingInput(at, agenda=f"Agenda {uuid4().hex[:8]}", customer_engineer_id=made.member.pk)
        onboarding.plan_meeting(handoff, given, actor=TEST, now=NOW)
    onboarding.write_template("document", f"# Version {uuid4().hex[:8]}", actor=TEST, now=NOW)


def _mail(made: Organisation, number: int, rows: int) -> None:
    word = uuid4().hex[:8]
    template = campaigns.create_template(
        f"Text {word}", f"Hello {word}", f"Hi there {word}.", category="recap", actor=TEST, now=NOW - timedelta(days=3)
    )
    values = {"name": f"Series {word}", "zone": "tenant", "category": "recap"}
    series = campaigns.create_series(values, template_ids=[template.pk], actor=TEST, now=NOW - timedelta(days=3))
    series = campaigns.activate_series(series, actor=TEST, now=NOW - timedelta(days=3))
    contact = Contact.objects.order_by("-id")[rows - 1 - number]  # of those that were just made
    campaigns.enrol_contacts(series, [contact.pk], actor=TEST, now=NOW - timedelta(days=3))
    campaigns.suppress_address(f"gone@{word}.example", note=f"because {word}", actor=TEST, now=NOW)
    account = Account.objects.order_by("-id")[rows - 1 - number]
    lifecycle.move_stage(account, "customer", "1. Onboarding", reason=f"because {word}", actor=TEST, now=NOW)
    steps = [lifecycle.StageInput(name=f"{step} {word}") for step in ("First", "Last")]
    lifecycle.create_lifecycle(f"line_{word}", f"Line {word}", steps, actor=TEST, now=NOW)
    Effect.objects.create(key=f"effect-{word}", state="unknown", provider="x", reason=f"because {word}", at=NOW)


def _other_system(made: Organisation) -> None:
    word = uuid4().hex[:8]
    given = salesforce.ConnectionInput(
        name=f"Org {word}",
        auth="client_credentials",
        login_url="https://example.my.salesforce.com",
        secrets={"client_id": f"id-{word}", "client_secret": f"secret-{word}"},
    )
    connection = salesforce.create_connection(given, actor=TEST, now=NOW)
    trouble = {"sobject": "Account", "row": "001", "field": "name", "message": f"canary{made.tenant.slug}"}
    SyncRun.objects.create(
        connection=connection, started_at=NOW, error=f"error {word}", note=f"note {word}", row_errors=[trouble]
    )
    MirrorRecord.objects.create(
        connection=connection, sobject="Account", sf_id=f"001{word}".ljust(18, "0"), stamp=NOW, digest="x", values={}
    )
    SalesforceUser.objects.create(
        connection=connection, sf_id=f"005{word}".ljust(18, "0"), name=f"User {word}", membership=made.member
    )
    SyncCursor.objects.create(connection=connection, sobject="Account", mark=NOW)
    SeenRecord.objects.create(connection=connection, sobject="Account", sf_id=f"001{word}".ljust(18, "0"))
    Hint.objects.create(connection=connection, external_id=f"04l{word}", received_at=NOW)
    account = Account.objects.order_by("-id")[0]
    record = {"connection": connection, "account": account, "sobject": "Account", "key": "industry"}
    values = {"sf_id": f"001{word}".ljust(18, "0"), "subject": f"Record {word}"}
    Write.objects.create(
        **record, **values, wanted=f"value {word}", state="failed", reason=f"because {word}", due_at=NOW, changed_at=NOW
    )
    both = {"ours": f"ours {word}", "theirs": f"theirs {word}", "ours_words": word, "theirs_words": word}
    Conflict.objects.create(**record, **values, **both, applied="salesforce", created_at=NOW)


def _people(made: Organisation) -> None:
    word = uuid4().hex[:8]
    people.invite_member(f"{word}@example.com", ["viewer"], by=made.owner, actor=made.owner.actor, now=NOW)
    people.create_api_key(f"Key {word}", ["audit:read"], by=made.owner, actor=made.owner.actor, now=NOW)
    user = User.objects.create_user(f"{word}@{made.tenant.slug}.example.com", None, name=f"Person {word}")
    person = Membership(user=user, roles=["viewer"], created_at=NOW, updated_at=NOW)
    ledger.create(person, actor=TEST, now=NOW)
    team = teams.create_team(f"Team {word}", f"All of {word}.", actor=TEST, now=NOW)
    teams.set_members(team, {made.owner.pk: True, person.pk: False}, actor=TEST, now=NOW)


def _messages() -> None:
    """The messages of the runs that are due; written, not sent."""
    from campaigns.models import SendingLane, SeriesRun

    for run in SeriesRun.objects.filter(state="planned").order_by("due_at"):
        campaigns.expand_run(run.pk, now=run.due_at)
        SendingLane.objects.create(run=run, lanes=1, number=0, done=[{"detail": "250 ok"}])


def _pauses(rows: int) -> None:
    """Of accounts that nothing else is about, so that everybody else gets mail."""
    for _ in range(rows):
        word = uuid4().hex[:8]
        ids = {"external_id": f"ext-{word}", "lms_id": f"lms-{word}", "recurly_id": f"rec-{word}"}
        values = {"name": f"Resting {word}", "support_level": "Named", **ids}
        account = accounts.create_account(values, actor=TEST, now=NOW - timedelta(days=3))
        campaigns.pause_mail(account, f"because {word}", actor=TEST, now=NOW)


def _dead_work(rows: int) -> None:
    for _ in range(rows):
        word = uuid4().hex[:8]
        ledger.enqueue("people.mail_invitation", {"invitation_id": word}, due_at=NOW, dedupe_key=f"dead-{word}")
    dead = Outbox.objects.filter(state="pending", dedupe_key__startswith="dead-")
    dead.update(state="dead", last_error="It did not work.", finished_at=NOW)


def complete(made: Organisation) -> None:
    """What no list shows: a link of an invitation, a link to unsubscribe, a removed member; then all ids are noted."""
    with tenant_scope(made.tenant):
        IdempotencyRecord.objects.create(
            route="/api/v1/support-levels/",
            key=f"answered-in-{made.tenant.slug}",
            body_digest="0" * 64,
            status=201,
            answer="{}",
            created_at=NOW,
        )
        people.deactivate_member(made.removed, by=made.owner, actor=made.owner.actor, now=NOW)
        _, made.invitation = people._invitation(  # the link goes into a mail and nowhere else
            f"joins-{made.tenant.slug}@example.com", ["viewer"], made.owner, actor=made.owner.actor, now=NOW
        )
        enrolment = Enrolment.objects.order_by("id").first()
        series = Series.objects.order_by("id").first()
        assert enrolment is not None and series is not None and address_secret()
        made.ticket = unsubscribing.token(
            unsubscribing.Ticket(made.tenant.pk, enrolment.address_key, series.category, series.pk)
        )
    ledger.drain(NOW)


def note_ids(made: Organisation) -> None:
    with tenant_scope(made.tenant):
        made.ids = {
            model._meta.label: [str(pk) for pk in model.objects.order_by("pk").values_list("pk", flat=True)]
            for model in tenant_models()
        }
        dead = Outbox.objects.filter(state="dead").order_by("pk")  # the pages and the API of the queue show these first
        others = Outbox.objects.exclude(state="dead").order_by("pk")
        made.ids["ledger.Outbox"] = [str(row.pk) for rows in (dead, others) for row in rows]
    made.ids["tenancy.Tenant"] = [str(made.tenant.pk)]


@contextmanager
def two_organisations(rows: int = 2) -> Iterator[tuple[Organisation, Organisation]]:
    """acme, whose rows nobody may see, and umbra, who asks for them."""
    pair = found("acme", "Europe/Berlin"), found("umbra", "America/New_York")
    for made in pair:
        populate(made, rows)
        complete(made)
    yield pair


def deepen(made: Organisation, rows: int) -> None:
    """So many more rows under the first account, series, template and connection: what their own pages list."""
    with tenant_scope(made.tenant):
        account = Account.objects.order_by("id").first()
        template = EmailTemplate.objects.exclude(shipped_key__isnull=False).order_by("id").first()
        series = Series.objects.exclude(shipped_key__isnull=False).order_by("id").first()
        connection = Connection.objects.order_by("id").first()
        assert account and template and series and connection
        for number in range(rows):
            word = uuid4().hex[:8]
            values = {"name": f"Bob {word}", "email": f"bob@{word}.example", "roles": ["Program Contact"]}
            contact = accounts.create_contact(account, values, actor=TEST, now=NOW - timedelta(days=2))
            campaigns.enrol_contacts(series, [contact.pk], actor=TEST, now=NOW - timedelta(days=2))
            campaigns.suppress_contact(contact, category="releases", actor=TEST, now=NOW)
            deal = {"name": f"Deal {word}", "stage": "Proposal", "type": "New", "close_date": NOW.date()}
            row = accounts.OpportunityInput(account.pk, deal, salesforce_id=f"006{word}".ljust(18, "0"))
            accounts.upsert_opportunities([row], actor=TEST, now=NOW)
            accounts.create_instance(account, {"name": f"Trial {word}"}, [contact.pk], actor=TEST, now=NOW)
            task = {"title": f"Call {word}", "account_id": account.pk, "due_date": NOW.date()}
            activities.create_task(task, actor=TEST, now=NOW)
            onboarding.write_template("meeting", f"# Version {word}", actor=TEST, now=NOW)
            accounts.raise_alert([account.pk], f"test_{number}", f"Look at {word}.", actor=TEST, now=NOW)
            stage = "1. Onboarding" if number % 2 else "2. Adopting"
            at = NOW + timedelta(minutes=number)
            lifecycle.move_stage(account, "customer", stage, reason=f"because {word}", actor=TEST, now=at)
            template = campaigns.edit_template(template, body=f"Now {word}.", actor=TEST, now=NOW)
            trouble = {"sobject": "Account", "row": "001", "field": "name", "message": word}
            done = {"state": "done", "finished_at": NOW, "row_errors": [trouble] * rows}
            SyncRun.objects.create(connection=connection, started_at=NOW, **done)
    ledger.drain(NOW)
