"""What came of the work, counted at the outside: the mail server's envelopes, the org's records, and the ledger."""

import json
import time
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.faults.box import Box
from tests.faults.work import Book, org_rows, org_told


@dataclass
class Evidence:
    """Counts by the name of what was wanted; see judge.py for what they must be."""

    envelopes: dict[str, int] = field(default_factory=dict)  # address -> mails that the mail server took
    message_ids: dict[str, int] = field(default_factory=dict)
    messages: dict[str, list[str]] = field(default_factory=dict)  # address -> states of its messages
    unknown: list[str] = field(default_factory=list)  # ids
    unknown_listed: list[str] = field(default_factory=list)  # ids that the API names
    runs: dict[str, str] = field(default_factory=dict)
    org: dict[str, tuple[str, str, int | None]] = field(default_factory=dict)
    accounts: dict[str, tuple[str, str, int | None]] = field(default_factory=dict)  # by Salesforce id
    org_told: dict[str, tuple[str, str, str]] = field(default_factory=dict)  # segment, service model, stage there
    to_tell: dict[str, tuple[str, str, str]] = field(default_factory=dict)  # and here, by Salesforce id
    mirrored: set[str] = field(default_factory=set)  # Salesforce ids of accounts that were read, managed or not
    managed: dict[str, int] = field(default_factory=dict)  # Salesforce id -> facts
    level_facts: dict[str, int] = field(default_factory=dict)
    intervals: dict[str, int] = field(default_factory=dict)  # Salesforce id -> stages entered
    levels: dict[str, tuple[int, str]] = field(default_factory=dict)  # patient -> changes, level now
    stages: dict[str, tuple[int, str]] = field(default_factory=dict)  # patient -> stages entered, stage now
    named: dict[str, int] = field(default_factory=dict)  # accounts and contacts that orders made, by name
    invitations: dict[str, int] = field(default_factory=dict)
    unknown_invitations: list[str] = field(default_factory=list)  # addresses; told by work that was given up
    dead: list[str] = field(default_factory=list)  # other work that was given up, in words
    waiting: list[str] = field(default_factory=list)  # work that is still open


def quiet(box: Box, book: Book) -> list[str]:
    """What is still to be done; nothing when the organisation is quiet. Asked again and again."""
    from django.db import connections
    from django.db.models import Q

    from campaigns.models import Message, SeriesRun
    from cs_platform.ledger.models import Outbox
    from cs_platform.tenancy import clock
    from cs_platform.tenancy.scope import tenant_scope
    from integrations.salesforce.models import SyncRun

    try:
        with tenant_scope(book.tenant_id):
            rows = Outbox.objects.filter(state__in=["pending", "leased"]).values_list("kind", "state", "last_error")
            left = [f"{kind} {state} {error[:80]}" for kind, state, error in rows]
            begun = Q(state__in=["expanding", "sending"]) | Q(state="planned", due_at__lte=clock.now())
            open_runs = SeriesRun.objects.filter(begun).values_list("series__name", "state")
            left += [f"run of {name} {state}" for name, state in open_runs]
            runs = set(SeriesRun.objects.values_list("series__name", flat=True))
            left += [f"no run of {name} yet" for name in book.recipients if name not in runs]
            mails = Message.objects.filter(state__in=["planned", "sending"]).values_list("state", "reason")
            left += [f"message {state} {reason}" for state, reason in mails]
            left += ["sync"] * SyncRun.objects.filter(state="running").count()
            return left
    except Exception as error:
        connections.close_all()
        return [f"the database does not answer: {error!r}"]


def collect(box: Box, book: Book) -> Evidence:
    from cs_platform.tenancy.scope import tenant_scope

    found = Evidence(org=org_rows(box.root / "sandbox"), org_told=org_told(box.root / "sandbox"))
    _mail_server(box, found)
    with tenant_scope(book.tenant_id):
        _mails(found)
        _read_accounts(found)
        _orders(book, found)
        _work(found)
    found.unknown_listed = _listed(box, book)
    return found


def _mail_server(box: Box, found: Evidence) -> None:
    mails = box.mailbox.mails()
    found.envelopes = dict(Counter(to for mail in mails for to in mail["to"]))
    found.message_ids = dict(Counter(mail["message_id"] for mail in mails))


def _mails(found: Evidence) -> None:
    from campaigns.models import Message, SeriesRun

    rows = Message.objects.values_list("pk", "state", "enrolment__contact__email")
    for pk, state, email in rows:
        found.messages.setdefault(email, []).append(state)
        if state == "unknown":
            found.unknown.append(str(pk))
    begun = SeriesRun.objects.exclude(state="planned").values_list("series__name", "state")
    found.runs = dict(begun)


def _read_accounts(found: Evidence) -> None:
    from accounts.models import Account
    from cs_platform.ledger.models import FactRow
    from integrations.salesforce.models import MirrorRecord
    from lifecycle.models import StageInterval

    fields = ("pk", "salesforce_id", "name", "support_level__name", "developers")
    found.mirrored = set(MirrorRecord.objects.filter(sobject="Account").values_list("sf_id", flat=True))
    names: dict[str, str] = {}
    for pk, sf_id, name, level, developers in Account.objects.exclude(salesforce_id=None).values_list(*fields):
        found.accounts[sf_id] = (name, level or "", developers)
        names[str(pk)] = sf_id
    for fact, counts in (("accounts.managed", found.managed), ("accounts.support_levels_changed", found.level_facts)):
        for payload in FactRow.objects.filter(name=fact).values_list("payload", flat=True):
            for pk in payload["account_ids"]:
                if pk in names:
                    counts[names[pk]] = counts.get(names[pk], 0) + 1
    stages = dict(StageInterval.objects.filter(left_at=None).values_list("account_id", "stage__name"))
    told = Account.objects.filter(state="managed").exclude(salesforce_id=None)
    for pk, sf_id, segment, model in told.values_list("pk", "salesforce_id", "segment", "service_model"):
        found.to_tell[sf_id] = (segment, model, stages.get(pk, ""))
    entered = Counter(str(pk) for pk in StageInterval.objects.values_list("account_id", flat=True))
    found.intervals = {names[pk]: many for pk, many in entered.items() if pk in names}


def _orders(book: Book, found: Evidence) -> None:
    from accounts.models import Account, Contact
    from cs_platform.ledger.models import AuditRow
    from cs_platform.people.models import Invitation
    from lifecycle.models import StageInterval

    verbs = AuditRow.objects.filter(verb="account.set_support_level").values_list("object_id", flat=True)
    changes = Counter(str(pk) for pk in verbs)
    levels = Account.objects.filter(pk__in=book.patients).values_list("pk", "support_level__name")
    found.levels = {str(pk): (changes[str(pk)], level or "") for pk, level in levels}
    entered: dict[str, tuple[int, str]] = {}
    intervals = StageInterval.objects.filter(account_id__in=book.patients).order_by("entered_at", "pk")
    for pk, stage, left in intervals.values_list("account_id", "stage__name", "left_at"):
        many, now = entered.get(str(pk), (0, ""))
        entered[str(pk)] = (many + 1, stage if left is None else now)
    found.stages = entered
    wanted = [order.about for order in book.orders if order.kind in ("account", "contact")]
    for model in (Account, Contact):
        found.named |= dict(Counter(model.objects.filter(name__in=wanted).values_list("name", flat=True)))
    found.invitations = dict(Counter(Invitation.objects.values_list("email", flat=True)))


def _work(found: Evidence) -> None:
    from cs_platform.ledger.models import Outbox
    from cs_platform.people.models import Invitation

    addresses = {str(pk): email for pk, email in Invitation.objects.values_list("pk", "email")}
    dead = Outbox.objects.filter(state="dead").values_list("kind", "last_error", "payload")
    for kind, error, payload in dead:
        if kind == "people.mail_invitation" and "nobody knows" in error:
            found.unknown_invitations.append(addresses.get(payload["invitation_id"], ""))
        else:
            found.dead.append(f"given up: {kind}: {error}")
    found.waiting = list(Outbox.objects.filter(state__in=["pending", "leased"]).values_list("kind", flat=True))


def _listed(box: Box, book: Book) -> list[str]:
    """What the product itself says is unknown: the list that a person sees, page after page."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    address: str | None = f"{box.place.base_url}/api/v1/messages/?state=unknown&limit=200"
    found: list[str] = []
    while address:
        request = urllib.request.Request(address, headers={"Authorization": f"Bearer {book.api_key}"})
        page: dict[str, Any] = _patiently(opener, request)
        found += [row["id"] for row in page["results"]]
        address = page["next"]
    return found


def _patiently(opener: Any, request: urllib.request.Request) -> Any:
    for attempt in range(20):
        try:
            with opener.open(request, timeout=20) as answer:
                return json.load(answer)
        except OSError:
            if attempt == 19:
                raise
            time.sleep(0.5)
