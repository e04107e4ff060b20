"""A change of many accounts in sentences: what it would do, grouped, and to each of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.models import BulkChange
from cs_platform import ledger

WHAT: Mapping[str, Any] = {
    "level": _("Support level"),
    "segment": _("Segment"),
    "service_model": _("Service model"),
    "stage": _("Stage"),
    "owner": _("Owner"),
    "state": _("Looked after"),
    "mail": _("E-mails"),
    "salesforce": _("Salesforce"),
    "effect": _("Besides"),
}
ORDER = tuple(WHAT)
STATES = {"managed": _("yes"), "archived": _("archived"), "waiting": _("is told"), "written": _("knows"), "": "–"}
RESULTS: Mapping[str, tuple[str, Any]] = {
    "changed": ("good", _("changed")),
    "unchanged": ("neutral", _("stays as it is")),
    "stale": ("watch", _("left out: it changed since the preview")),
    "refused": ("bad", _("not possible")),
    "gone": ("bad", _("not there any more")),
}


@dataclass(frozen=True)
class Step:
    """The same thing that happens to many: in which column, to how many, in words."""

    what: str
    accounts: int
    words: str


@dataclass(frozen=True)
class Change:
    what: str
    was: str
    becomes: str


@dataclass(frozen=True)
class Row:
    name: str
    href: str
    key: str
    changes: list[Change]
    tone: str
    result: str
    why: str
    level: str


def steps(summary: Sequence[Mapping[str, Any]]) -> list[Step]:
    """The groups, in the order in which they follow from each other."""
    lines = [line for line in summary if line["what"] in WHAT]
    lines.sort(key=lambda line: (ORDER.index(line["what"]), -line["accounts"]))
    return [Step(str(WHAT[line["what"]]), line["accounts"], _step(line)) for line in lines]


def _step(line: Mapping[str, Any]) -> str:
    what, was, becomes, number = line["what"], line["from"], line["to"], line["number"]
    if what == "mail":
        people = ngettext("{n} person", "{n} people", number).format(n=f"{number:,}")
        said = gettext("{people} get “{series}”") if becomes else gettext("{people} get no more of “{series}”")
        return said.format(people=people, series=becomes or was)
    if what == "effect":
        return gettext("{n} × {words}").format(n=f"{number:,}", words=_verb(becomes))
    if what == "state":
        return gettext("come back or come new") if becomes == "managed" else gettext("are archived; nothing is deleted")
    if what == "salesforce":
        return gettext("are written to Salesforce")
    nothing = gettext("undecided") if what in ("segment", "service_model") else gettext("none")
    return f"{was or nothing} → {becomes or nothing}"


def _verb(verb: str) -> str:
    try:
        return ledger.sentence(verb, "").strip(" :")
    except KeyError:
        return verb


def rows(bulk: BulkChange, start: int, size: int) -> list[Row]:
    """A part of the accounts, each with what differs."""
    return [_row(row) for row in bulk.rows[start : start + size]]


def _row(row: Mapping[str, Any]) -> Row:
    result = row.get("result") or row["would"]
    tone, said = RESULTS[result]
    if result == "changed" and "result" not in row:
        tone, said = "info", gettext("would change")
    changes = [
        Change(str(WHAT[name]), _value(row["before"].get(name)), _value(row["after"][name]))
        for name in ORDER
        if name in row["after"]
    ]
    return Row(
        name=row["name"],
        href=reverse("workspace:account", args=[row["id"]]) if row["id"] else "",
        key=f"a{row['id']}" if row["id"] else f"s{row['salesforce_id']}",
        changes=[] if result in ("stale", "refused", "gone") else changes,
        tone=tone,
        result=str(said),
        why=row["why"],
        level=row["before"].get("level") or "",
    )


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{number} × {name}" for name, number in value.items()) or "–"
    return str(STATES.get(value or "", value))


def title(bulk: BulkChange) -> str:
    if "support_level" in bulk.change:
        level = bulk.change["support_level"]
        return gettext("Set support level {level}").format(level=level) if level else gettext("Clear the support level")
    return gettext("Change accounts")


def unknown_developers(bulk: BulkChange) -> int:
    """How many of those that would be managed are in no segment afterwards."""
    return sum(
        1
        for row in bulk.rows
        if row["would"] == "changed"
        and {**row["before"], **row["after"]}.get("state") == "managed"
        and not {**row["before"], **row["after"]}.get("segment")
    )
