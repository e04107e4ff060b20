"""The contacts and opportunities on the page of an account."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from integrations.salesforce.sandbox.markup import Html, button, check_box, choice, html, joined, post_form, text_box
from integrations.salesforce.sandbox.page_parts import Row, chip, chips, day, for_box, number, visible
from integrations.salesforce.sandbox.problems import Problem
from integrations.salesforce.sandbox.schema import EXISTING, NEW_BUSINESS, ROLES, STAGES

if TYPE_CHECKING:
    from integrations.salesforce.sandbox.org import SandboxOrg

FEW = 40
_OPEN_STAGES = [name for name, (_, closed, _) in STAGES.items() if not closed]
_DEAL_TYPES = [(NEW_BUSINESS, NEW_BUSINESS), (EXISTING, EXISTING), ("Renewal", "Renewal"), ("", "— none —")]
_CONTACT_FIELDS = ("FirstName", "LastName", "Email", "Title", "Time_Zone__c", "Role__c")
_DEAL_FIELDS = ("Name", "Type", "StageName", "Amount", "CloseDate")
_CLOSE = {"won": "Closed Won", "lost": "Closed Lost", "reopen": "Negotiation/Review"}
_CLOSE_WORDS = {"won": "won", "lost": "lost", "reopen": "reopened"}


def sections(org: SandboxOrg, account: Row, *, show_all: bool, typed: Mapping[str, str], of: str) -> Html:
    contacts = org.store.rows(
        org.objects["Contact"], '"AccountId" = ? AND "IsDeleted" = 0', [account["Id"]], '"Name" COLLATE NOCASE'
    )
    deals = org.store.rows(
        org.objects["Opportunity"],
        '"AccountId" = ? AND "IsDeleted" = 0',
        [account["Id"]],
        f'"IsClosed", "CloseDate" DESC, "Id" LIMIT {100_000 if show_all else FEW + 1}',
    )
    return html(
        "{deals}{contacts}",
        deals=_deals(org, account, deals, show_all=show_all, typed=typed if of == "opportunity" else {}),
        contacts=_contacts(account, contacts, typed if of == "contact" else {}),
    )


def change(org: SandboxOrg, account_id: str, path: list[str], form: Mapping[str, str]) -> str:
    """A verb on a contact or an opportunity of this account; gives the word of what was done."""
    match path:
        case ["contacts"]:
            org.create("Contact", {"AccountId": account_id, **_given(form, _CONTACT_FIELDS)})
            return "contact"
        case ["contacts", contact_id]:
            _belongs(org, "Contact", contact_id, account_id)
            org.set(contact_id, {"Role__c": None, **_given(form, _CONTACT_FIELDS)})
            return "contact-saved"
        case ["contacts", contact_id, "delete"]:
            _belongs(org, "Contact", contact_id, account_id)
            org.delete(contact_id)
            return "contact-deleted"
        case ["opportunities"]:
            org.create("Opportunity", {"AccountId": account_id, **_given(form, _DEAL_FIELDS)})
            return "opportunity"
        case ["opportunities", deal_id, "won" | "lost" | "reopen" as how]:
            _belongs(org, "Opportunity", deal_id, account_id)
            today = org.now().date()
            org.set(deal_id, StageName=_CLOSE[how], CloseDate=today + timedelta(days=14 if how == "reopen" else 0))
            return _CLOSE_WORDS[how]
        case ["opportunities", deal_id, "delete"]:
            _belongs(org, "Opportunity", deal_id, account_id)
            org.delete(deal_id)
            return "opportunity-deleted"
    raise Problem("NOT_FOUND", "There is no such page.", 404)


def _given(form: Mapping[str, str], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: form[name].strip() for name in names if name in form}


def _belongs(org: SandboxOrg, kind: str, row_id: str, account_id: str) -> None:
    row = visible(org, org.objects[kind], row_id)
    if row is None or row["AccountId"] != account_id:
        raise Problem("NOT_FOUND", f"There is no such {kind.lower()} here.", 404)


# --- opportunities --------------------------------------------------------------------------------------------------


def _deals(org: SandboxOrg, account: Row, rows: list[Row], *, show_all: bool, typed: Mapping[str, str]) -> Html:
    here = f"/accounts/{account['Id']}"
    hides = not show_all and len(rows) > FEW
    shown = rows if show_all else rows[:FEW]
    where = '"AccountId" = ? AND "IsDeleted" = 0'
    total, closed = org.store.read(
        f'SELECT count(*), sum("IsClosed") FROM "Opportunity" WHERE {where}', [account["Id"]]
    )[0]
    return html(
        '<section class="card" aria-labelledby="deals"><h2 id="deals">Opportunities <small>{count}</small></h2>'
        "{rows}{more}{add}</section>",
        count=f"{total - (closed or 0):,} open, {closed or 0:,} closed" if total else "",
        rows=joined(_deal(row, here) for row in shown)
        if shown
        else html('<p class="muted">No opportunity so far.</p>'),
        more=html('<p><a href="{here}?all=1">Show all opportunities</a></p>', here=here) if hides else "",
        add=_add_deal(org, here, account, typed),
    )


def _deal(row: Row, here: str) -> Html:
    address = f"{here}/opportunities/{row['Id']}"
    name = row["Name"] or row["Id"]
    look = "won" if row["IsWon"] else "lost" if row["IsClosed"] else "open"
    if row["IsClosed"]:
        acts = post_form(f"{address}/reopen", button("Reopen", look="quiet small", about=name))
    else:
        acts = html(
            "{won}{lost}",
            won=post_form(f"{address}/won", button("Close as won", look="good small", about=name)),
            lost=post_form(f"{address}/lost", button("Close as lost", look="quiet small", about=name)),
        )
    return html(
        '<article class="item" aria-label="{name}"><div class="what"><h3>{name}</h3><p class="meta">{stage} {type} '
        '<span class="sum">{amount}</span> <span class="muted">{word} {date}</span></p></div>'
        '<div class="acts">{acts}{delete}</div></article>',
        name=name,
        stage=chip(row["StageName"], look),
        type=chip(row["Type"], "plain"),
        amount=number(row["Amount"]),
        word="closed" if row["IsClosed"] else "closes",
        date=day(row["CloseDate"]),
        acts=acts,
        delete=post_form(f"{address}/delete", button("Delete", look="quiet small danger", about=name)),
    )


def _add_deal(org: SandboxOrg, here: str, account: Row, typed: Mapping[str, str]) -> Html:
    in_two_weeks = (org.now().date() + timedelta(days=14)).isoformat()
    inside = html(
        '{name}<div class="two">{type}{stage}</div><div class="two">{amount}{date}</div>'
        '<div class="actions">{button}</div>',
        name=text_box(
            "Opportunity name",
            "Name",
            typed.get("Name", f"{account['Name']} - new deal"[:120]),
            key="deal-name",
            more='required maxlength="120"',
        ),
        type=choice("Opportunity type", "Type", typed.get("Type", NEW_BUSINESS), _DEAL_TYPES, key="deal-type"),
        stage=choice(
            "Stage",
            "StageName",
            typed.get("StageName", _OPEN_STAGES[1]),
            [(name, name) for name in STAGES],
            key="deal-stage",
        ),
        amount=text_box(
            "Amount", "Amount", typed.get("Amount", ""), key="deal-amount", kind="number", more='step="any" min="0"'
        ),
        date=text_box(
            "Close date",
            "CloseDate",
            typed.get("CloseDate", in_two_weeks),
            key="deal-date",
            kind="date",
            more="required",
        ),
        button=button("Add opportunity"),
    )
    form = post_form(f"{here}/opportunities", inside, look="stack", label="Add opportunity")
    return _fold("New opportunity", form, is_open=bool(typed))


# --- contacts -------------------------------------------------------------------------------------------------------


def _contacts(account: Row, rows: list[Row], typed: Mapping[str, str]) -> Html:
    here = f"/accounts/{account['Id']}"
    return html(
        '<section class="card" aria-labelledby="people"><h2 id="people">Contacts <small>{count}</small></h2>'
        "{rows}{add}</section>",
        count=len(rows),
        rows=joined(_contact(row, here) for row in rows) if rows else html('<p class="muted">No contact so far.</p>'),
        add=_add_contact(here, typed),
    )


def _contact(row: Row, here: str) -> Html:
    name = row["Name"] or row["Id"]
    address = f"{here}/contacts/{row['Id']}"
    roles = [role for role in str(row["Role__c"] or "").split(";") if role]
    form = html(
        '{inside}<div class="actions">{button}</div>',
        inside=_contact_boxes(row, f"c{row['Id']}"),
        button=button("Update contact", about=name),
    )
    return html(
        '<article class="item tall" aria-label="{name}"><div class="what"><h3>{name}</h3>'
        '<p class="meta"><span>{title}</span> <span class="muted">{email}</span></p><p class="meta">{roles}</p></div>'
        '<div class="acts">{delete}</div>{fold}</article>',
        name=name,
        title=row["Title"],
        email=row["Email"],
        roles=chips(roles) if roles else html('<span class="faint">no role</span>'),
        delete=post_form(f"{address}/delete", button("Delete", look="quiet small danger", about=name)),
        fold=_fold("Edit contact", post_form(address, form, look="stack", label=f"Edit {name}")),
    )


def _add_contact(here: str, typed: Mapping[str, str]) -> Html:
    inside = html(
        '{boxes}<div class="actions">{button}</div>', boxes=_contact_boxes(typed, "new"), button=button("Add contact")
    )
    form = post_form(f"{here}/contacts", inside, look="stack", label="Add contact")
    return _fold("New contact", form, is_open=bool(typed))


def _contact_boxes(given: Mapping[str, Any], key: str) -> Html:
    roles = [role for role in str(given.get("Role__c") or "").split(";") if role]
    known = [*ROLES, *(role for role in roles if role not in ROLES)]

    def box(name: str, label: str, kind: str = "text", more: str = "") -> Html:
        return text_box(label, name, for_box(given.get(name)), key=f"{key}-{name}", kind=kind, more=more)

    return html(
        '<div class="two">{first}{last}</div><div class="two">{email}{title}</div>{zone}'
        '<fieldset class="roles"><legend>Roles</legend>{roles}</fieldset>',
        first=box("FirstName", "First name", more='maxlength="40"'),
        last=box("LastName", "Last name", more='required maxlength="80"'),
        email=box("Email", "E-mail", "email", 'maxlength="80"'),
        title=box("Title", "Job title", more='maxlength="128"'),
        zone=box("Time_Zone__c", "Time zone", more='maxlength="80" placeholder="Europe/Berlin"'),
        roles=joined(
            check_box(role, "Role__c", role, checked=role in roles, key=f"{key}-role-{place}")
            for place, role in enumerate(known)
        ),
    )


def _fold(words: str, inside: Html, *, is_open: bool = False) -> Html:
    return html(
        '<details class="fold"{open}><summary>{words}</summary>{inside}</details>',
        words=words,
        inside=inside,
        open=Html(" open") if is_open else "",
    )
