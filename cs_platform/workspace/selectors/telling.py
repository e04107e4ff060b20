"""The ledger in words: who did what to which object, with the values before and after as people say them."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import F, Value
from django.db.models.functions import Coalesce, NullIf
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext

from accounts.models import Account, SupportLevel
from cs_platform import ledger
from cs_platform.ledger import audit
from cs_platform.ledger.models import AuditCall, AuditRow
from cs_platform.ledger.words import declared
from cs_platform.people.models import Membership

LABELS = {
    "arr_minor": "ARR",
    "mrr_minor": "MRR",
    "amount_minor": "amount",
    "csm_id": "owner",
    "owner_id": "owner",
    "parent_id": "parent account",
    "support_level_id": "support level",
    "stage_name": "stage",
    "timezone": "time zone",
    "lms_id": "LMS id",
    "recurly_id": "Recurly id",
    "salesforce_id": "Salesforce id",
    "sender_email": "sender address",
    "holiday_country": "holidays of",
    "holiday_subdivision": "part of the country",
    "own_holidays": "own days off",
    "is_active": "active",
    "is_closed": "closed",
    "is_won": "won",
    "is_new_business": "new business",
    "brand_colour": "brand colour",
}
#: Fields that say again what another field of the same change says, or say nothing to a person.
SILENT = {
    "account_id", "lifecycle_id", "stage_id", "stage", "entered_at", "recorded_at", "left_at", "archived_at",
    "enrolment_id", "series_id", "template_id", "run_id", "contact_id", "user_id", "invited_by_id", "created_by_id",
    "position", "retired_at", "published_at", "digest", "prefix", "raised_at", "by_role", "enrolled_at", "ended_at",
    "connection_id", "started_at", "finished_at", "secrets", "settings", "name", "won_at",
}  # fmt: skip
MAILING = ("message.", "enrolment.", "audience.", "run.", "suppression.")
TIMELINE_KINDS: dict[str, Callable[[str], bool]] = {
    "changes": lambda verb: not verb.startswith(MAILING),
    "stages": lambda verb: verb.startswith("stage."),
    "mails": lambda verb: verb.startswith(MAILING),
}
CREATING = ("create", "enter", "raise", "start")
SHOWN = 160
_ICONS = {
    "account": "building", "contact": "user", "opportunity": "coin", "stage": "flag", "alert": "bell",
    "enrolment": "mail", "message": "mail-forward", "series": "mail-forward", "run": "mail-forward",
    "template": "file-text", "template_version": "file-text", "suppression": "mail-off", "audience": "mail",
    "connection": "plug-connected",
    "sync_run": "refresh", "member": "user-circle", "invitation": "user-plus", "api_key": "key", "tenant": "settings",
    "segmentation_rules": "adjustments", "support_level": "lifebuoy", "lifecycle": "route", "lifecycle_stage": "route",
    "outbox": "refresh",
}  # fmt: skip
_VERB_ICONS = {"account.archive": "archive", "account.restore": "archive-off", "account.set_support_level": "lifebuoy",
               "account.assign_owner": "user-check", "account.segment": "tag", "alert.clear": "check"}  # fmt: skip
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_ISO_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}")


@dataclass(frozen=True)
class ValueChange:
    field: str
    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Entry:
    """One thing that happened. `first` are the values that a new object came with, `changes` what changed on one."""

    id: int
    at: datetime
    actor: str
    by_person: bool
    verb: str
    sentence: str
    icon: str
    changes: tuple[ValueChange, ...]
    first: tuple[ValueChange, ...]
    note: str
    door: str
    object_words: str = ""
    account_id: UUID | None = None


@dataclass(frozen=True)
class OtherChange:
    """What somebody else did to a field since a version."""

    field: str
    label: str
    before: str
    after: str
    who: str
    at: datetime


def timeline(account_id: UUID, *, limit: int, before: int | None = None, only: str = "") -> list[Entry]:
    """What happened to an account, newest first, in at most two questions; `only` one of TIMELINE_KINDS."""
    verbs = [verb for verb in declared() if TIMELINE_KINDS[only](verb)] if only else None
    found = ledger.timeline(account_id, limit=limit, before=before, verbs=verbs)
    names = _names(entry.changes for entry in found)
    return [
        _entry(
            entry.id, entry.at, entry.actor, entry.actor_kind, entry.verb, entry.sentence, entry.changes, entry.note,
            entry.door, names,
        )
        for entry in found
    ]  # fmt: skip


def audit_entries(rows: Sequence[AuditRow]) -> list[Entry]:
    """Rows of the audit, read with their calls, as entries."""
    names = _names(row.changes for row in rows)
    return [_of_row(row, names) for row in rows]


def audit_verbs() -> list[tuple[str, str]]:
    """Every verb of the product with what it says, for a filter."""
    words = {verb: said.replace("{object}", "…") for verb, said in declared().items()}
    return sorted(words.items(), key=lambda pair: (pair[0].split(".")[0], pair[1]))


def changes_since(obj: models.Model, version: int) -> list[OtherChange]:
    """What was changed on the object after this version of it, the newest word on each field."""
    steps = int(getattr(obj, "version", version)) - version
    if steps <= 0:
        return []
    kind = audit.type_of(type(obj))
    rows = list(
        AuditRow.objects.select_related("call")
        .filter(object_type=kind, object_id=str(obj.pk))
        .order_by("-pk")[: min(steps, 50)]
    )
    names = _names(row.changes for row in rows)
    found: dict[str, OtherChange] = {}
    for row in rows:
        for field, pair in row.changes.items():
            if field == "stage_id":
                pair = row.changes.get("stage_name", pair)
            if field not in found:
                found[field] = OtherChange(
                    field, label(field), say(field, pair[0], names), say(field, pair[1], names), row.call.actor_words,
                    row.call.at,
                )  # fmt: skip
    return list(found.values())


def _of_row(row: AuditRow, names: Mapping[str, str]) -> Entry:
    call: AuditCall = row.call
    sentence = ledger.sentence(row.verb, row.object_words) if row.verb in declared() else row.verb
    return _entry(
        row.pk, call.at, call.actor_words, call.actor_kind, row.verb, sentence, row.changes, call.note, call.door,
        names, row.object_words, row.account_id,
    )  # fmt: skip


def _entry(
    pk: int, at: datetime, actor: str, actor_kind: str, verb: str, sentence: str, changes: Mapping[str, Any], note: str,
    door: str, names: Mapping[str, str], object_words: str = "", account_id: UUID | None = None,
) -> Entry:  # fmt: skip
    kind, _, deed = verb.partition(".")
    said = tuple(
        ValueChange(field, label(field), say(field, pair[0], names), say(field, pair[1], names))
        for field, pair in changes.items()
        if field not in SILENT
    )
    is_new = deed in CREATING
    return Entry(
        id=pk,
        at=at,
        actor=actor,
        by_person=actor_kind == "member",
        verb=verb,
        sentence=sentence,
        icon=_VERB_ICONS.get(verb) or _ICONS.get(kind, "circle-dot"),
        changes=() if is_new and kind != "stage" else said,
        first=said if is_new and kind != "stage" else (),
        note=_without_repetition(note, changes),
        door="" if door in ("page", "job") else door.upper() if door == "api" else door,
        object_words=object_words,
        account_id=account_id,
    )


def _without_repetition(note: str, changes: Mapping[str, Any]) -> str:
    """A move says in its fields where it went; the note of the ledger says it again for whoever reads only notes."""
    stage = changes.get("stage_name", [None, ""])[1]
    return note.removeprefix(f"To {stage}.").strip() if stage else note


# --- words of values ------------------------------------------------------------------------------------------------


def label(field: str) -> str:
    return LABELS.get(field) or field.removesuffix("_id").removeprefix("is_").replace("_", " ")


def say(field: str, value: Any, names: Mapping[str, str] | None = None) -> str:
    """A value of the ledger as a person says it; nothing is a dash."""
    if value is None or value == "" or value == [] or value == {}:
        return "–"
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if field.endswith("_minor") and isinstance(value, int):
        return str(number_format(value / 100, decimal_pos=0 if value % 100 == 0 else 2, force_grouping=True))
    if isinstance(value, int):
        return str(number_format(value, decimal_pos=0, force_grouping=True))
    if isinstance(value, list):
        return _short(", ".join(say(field, item, names) for item in value))
    if isinstance(value, dict):
        return _short(", ".join(f"{key}: {say(key, item, names)}" for key, item in value.items()))
    text = str(value)
    if names and text in names:
        return names[text]
    if _ISO_DATE.fullmatch(text):
        return str(date_format(date.fromisoformat(text), "j M Y"))
    if _ISO_TIME.match(text):
        return str(date_format(datetime.fromisoformat(text), "j M Y H:i")) + " UTC"
    return _short(text)


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def _names(changes: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The names behind the ids of members, levels and accounts that are in these changes: one question, or none."""
    wanted: dict[str, set[str]] = {"member": set(), "level": set(), "account": set()}
    kinds = {"csm_id": "member", "owner_id": "member", "support_level_id": "level", "parent_id": "account"}
    for change in changes:
        for field, pair in change.items():
            if field in kinds:
                wanted[kinds[field]] |= {value for value in pair if isinstance(value, str)}
    if not any(wanted.values()):
        return {}
    named = Coalesce(NullIf(F("user__name"), Value("")), F("user__email"), output_field=models.CharField())
    members = Membership.objects.filter(pk__in=wanted["member"]).values_list("pk", named)
    levels = SupportLevel.objects.filter(pk__in=wanted["level"]).values_list("pk", "name")
    accounts = Account.objects.filter(pk__in=wanted["account"]).values_list("pk", "name")
    return {str(pk): name for pk, name in members.union(levels, accounts, all=True)}
