"""The rows of the console ready to be printed: what belongs to the rows of one page is asked in one question a kind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import F
from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy

from accounts import selectors as accounts
from accounts.models import Opportunity
from cs_platform.workspace import words
from cs_platform.workspace.console.asking import CLOSING, DESCENDING_FIRST, KINDS, ME, NONE, TABS, WATCH, Asked
from cs_platform.workspace.console.listing import Line, Listing
from cs_platform.workspace.selectors import Choices
from integrations.salesforce import selectors as salesforce
from integrations.salesforce.models import MirrorRecord
from lifecycle import selectors as lifecycle

TONES = {"conflict": "bad", "failed": "bad", "no_level": "bad", "no_ta": "watch", "segment": "watch", "unknown": "info"}
WRITES = {
    "waiting": ("info", "clock", gettext_lazy("on its way to Salesforce")),
    "written": ("good", "check", gettext_lazy("in Salesforce")),
    "failed": ("bad", "alert-octagon", gettext_lazy("refused by Salesforce")),
    "conflict": ("bad", "alert-octagon", gettext_lazy("Salesforce differs")),
}


@dataclass(frozen=True)
class Deal:
    name: str
    stage: str
    amount: str
    close: date | None
    more: int


@dataclass(frozen=True)
class Row:
    """A line of the console. `here` says whether it is one of our accounts; `days` counts to the expected close, and
    `tone` is the colour of it by the lead times."""

    key: str
    here: bool
    name: str
    href: str
    deal: Deal | None
    close_exactly: str
    days: str
    tone: str
    level: str
    segment: str
    service_model: str
    stage: str
    owner: str
    write_tone: str
    write_icon: str
    write: str
    write_exactly: str
    problems: list[tuple[str, str]]


def told(listing: Listing, lines: Sequence[Line], *, now: datetime, zone: str) -> list[Row]:
    """The lines of a page, with everything that is printed of them."""
    ids = [line.account_id for line in lines if line.account_id]
    refs = [line.salesforce_id for line in lines if line.salesforce_id]
    ours, deals = accounts.accounts_for_ids(ids), _deals(ids)
    stages, writes = lifecycle.current_stages(ids, now=now), salesforce.write_states(ids) if ids else {}
    theirs, their_deals = _theirs(refs), _their_deals(listing, refs)
    known = _known_here(refs)
    rows = []
    for line in lines:
        if line.account_id in ours:
            account = ours[line.account_id]
            stage = stages.get(account.pk, {}).get("customer")
            facts: dict[str, Any] = {
                "here": True,
                "name": account.name,
                "href": reverse("workspace:account", args=[account.pk]),
                "level": account.support_level.name if account.support_level else "",
                "segment": account.segment,
                "service_model": account.service_model,
                "stage": stage.stage if stage else "",
                "owner": str(account.csm) if account.csm else "",
                "deal": deals.get(account.pk),
                **_write(writes.get(account.pk)),
            }
        elif line.salesforce_id in theirs:
            here = known.get(line.salesforce_id)
            facts = {
                "here": False,
                "name": str(theirs[line.salesforce_id].get("account_name") or line.salesforce_id),
                "href": reverse("workspace:account", args=[here]) if here else "",
                "level": "", "segment": "", "service_model": "", "stage": "", "owner": "",
                "deal": their_deals.get(line.salesforce_id),
                **_write(None),
            }  # fmt: skip
        else:
            continue
        rows.append(Row(key=line.key, problems=_problems(line), **facts, **_days(listing, facts["deal"], now, zone)))  # type: ignore[arg-type]
    return rows


def _problems(line: Line) -> list[tuple[str, str]]:
    return [(TONES[kind], str(KINDS[kind])) for kind in line.problems]


def _days(listing: Listing, deal: Deal | None, now: datetime, zone: str) -> dict[str, str]:
    if deal is None or deal.close is None:
        return {"days": "", "tone": "", "close_exactly": ""}
    days, leads = (deal.close - listing.today).days, listing.leads
    tone = "info" if days <= leads.level else "neutral"
    if days <= leads.advisor:
        tone = "watch"
    if days <= leads.document:
        tone = "bad"
    said = gettext("today") if days == 0 else words.count(abs(days), "day")
    said = gettext("{days} overdue").format(days=said) if days < 0 else said
    return {"days": said, "tone": tone, "close_exactly": words.exact(deal.close, now, zone)}


def _write(state: Any) -> dict[str, str]:
    if state is None or state.state not in WRITES:
        return {"write": "", "write_tone": "", "write_icon": "", "write_exactly": ""}
    tone, icon, said = WRITES[state.state]
    return {"write": str(said), "write_tone": tone, "write_icon": icon, "write_exactly": str(state.words)}


def _deals(ids: Sequence[UUID]) -> dict[UUID, Deal]:
    found = Opportunity.objects.filter(account_id__in=ids, is_closed=False, is_active=True, is_new_business=True)
    rows = found.order_by(F("close_date").asc(nulls_last=True), "pk").values_list(
        "account_id", "name", "stage", "amount_minor", "currency", "close_date"
    )
    return _first_of_each(rows)


def _their_deals(listing: Listing, refs: Sequence[str]) -> dict[str, Deal]:
    if not refs:
        return {}
    found = listing.deals_of_theirs().filter(account_ref__in=refs).order_by(F("close").asc(nulls_last=True), "sf_id")
    rows = [
        (
            row.account_ref,
            row.values.get("opportunity_name") or "",
            row.values.get("opportunity_stage") or "",
            row.amount,  # type: ignore[attr-defined]
            row.values.get("opportunity_currency") or "USD",
            row.close,  # type: ignore[attr-defined]
        )
        for row in found
    ]
    return _first_of_each(rows)


def _first_of_each(rows: Any) -> dict[Any, Deal]:
    found: dict[Any, Deal] = {}
    for owner, name, stage, amount, currency, close in rows:
        first = found.get(owner)
        if first is None:
            said = words.money(amount, currency) if amount is not None else ""
            found[owner] = Deal(name, stage, said, close, 0)
        else:
            found[owner] = Deal(first.name, first.stage, first.amount, first.close, first.more + 1)
    return found


def _theirs(refs: Sequence[str]) -> Mapping[str, dict[str, Any]]:
    if not refs:
        return {}
    rows = MirrorRecord.objects.filter(sobject="Account", sf_id__in=refs, deleted=False)
    return dict(rows.values_list("sf_id", "values"))


def _known_here(refs: Sequence[str]) -> Mapping[str, UUID]:
    """Those that were looked after before, and are archived here."""
    if not refs:
        return {}
    found = accounts.accounts().filter(salesforce_id__in=refs)
    return dict(found.values_list("salesforce_id", "pk"))  # type: ignore[arg-type]


# --- around the list ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tab:
    words: str
    href: str
    here: bool


@dataclass(frozen=True)
class Chip:
    words: str
    href: str


@dataclass(frozen=True)
class Fault:
    """A kind of problem with how many rows have it, and the list of those."""

    words: str
    tone: str
    number: int
    href: str
    here: bool


@dataclass(frozen=True)
class Head:
    title: str
    href: str
    sorted: str
    css: str


def tabs(asked: Asked) -> list[Tab]:
    return [
        Tab(str(said), asked.but(tab=name, problem="") if asked.problem else asked.but(tab=name), name == asked.tab)
        for name, said in TABS.items()
    ]


def faults(asked: Asked, counted: Mapping[str, int]) -> list[Fault]:
    """What is wrong and how often; a second click on the same one shows all again."""
    return [
        Fault(
            str(said),
            TONES[kind],
            counted[kind],
            Asked(tab="exceptions", problem=kind).query if asked.problem != kind else asked.but(problem=""),
            asked.problem == kind,
        )
        for kind, said in KINDS.items()
        if counted[kind]
    ]


def chips(asked: Asked, choices: Choices) -> list[Chip]:
    owners = {**dict(choices.owners), ME: gettext("me"), NONE: gettext("nobody")}
    said = [
        ("q", asked.q, gettext("Found by “{value}”"), asked.q),
        ("level", asked.level, gettext("Support level is {value}"), gettext("none")),
        ("segment", asked.segment, gettext("Segment is {value}"), gettext("undecided")),
        (
            "owner",
            asked.owner,
            gettext("Owner is {value}"),
            owners.get(asked.owner, gettext("somebody who is not here")),
        ),
        ("closing", asked.closing, gettext("Expected close: {value}"), str(CLOSING.get(asked.closing, ""))),
        ("problem", asked.problem, gettext("With: {value}"), str(KINDS.get(asked.problem, ""))),
    ]
    found = []
    for name, value, sentence, spoken in said:
        if value:
            plain = name in ("level", "segment") and value != NONE
            found.append(Chip(sentence.format(value=value if plain else spoken), asked.but(**{name: ""})))
    return found


def heads(asked: Asked) -> dict[str, Head]:
    titles = {
        "name": (gettext("Account"), ""),
        "close": (gettext("Expected close"), ""),
        "amount": (gettext("Amount"), "cs-number"),
        "level": (gettext("Support level"), ""),
        "segment": (gettext("Segment"), ""),
    }
    return {name: _head(asked, name, *said) for name, said in titles.items()}


def _head(asked: Asked, name: str, title: str, css: str) -> Head:
    first, other = (f"-{name}", name) if name in DESCENDING_FIRST else (name, f"-{name}")
    is_here = asked.sort.removeprefix("-") == name
    shown = "" if not is_here else "down" if asked.sort.startswith("-") else "up"
    return Head(title, asked.but(sort=other if asked.sort == first else first), shown, css)


__all__ = ["Chip", "Deal", "Fault", "Head", "Row", "Tab", "WATCH", "chips", "faults", "heads", "tabs", "told"]
