"""The page of one account, its verbs, and those of its contacts and opportunities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from integrations.salesforce.sandbox import ids, page_children
from integrations.salesforce.sandbox.markup import Html, button, choice, html, joined, post_form, text_box
from integrations.salesforce.sandbox.messages import Request
from integrations.salesforce.sandbox.page_accounts import LEVEL_OPTIONS
from integrations.salesforce.sandbox.page_parts import Done, Page, Refused, Row, chip, for_box, users, visible
from integrations.salesforce.sandbox.problems import Problem
from integrations.salesforce.sandbox.schema import TYPES
from integrations.salesforce.sandbox.values import said_time

if TYPE_CHECKING:
    from integrations.salesforce.sandbox.org import SandboxOrg

#: What the form may change, in its order.
EDITABLE = (
    "Technical_Advisor_Support_Level__c",
    "Type",
    "Developers__c",
    "ARR__c",
    "Name",
    "CSM__c",
    "OwnerId",
    "Website",
    "Industry",
    "BillingCountry",
    "Time_Zone__c",
    "NumberOfEmployees",
    "Renewal_Date__c",
)
_TYPE_OPTIONS = [("", "— none —"), *((kind, kind) for kind in TYPES)]


def show(
    org: SandboxOrg, request: Request, rest: list[str], *, typed: Mapping[str, str] | None = None, of: str = ""
) -> Page:
    """The page, with what was typed in the form `of` that was refused."""
    org.settle()
    row = visible(org, org.objects["Account"], rest[0]) if len(rest) == 1 else None
    if row is None:
        raise Problem("NOT_FOUND", "There is no such account.", 404)
    details = {**row, **typed} if typed is not None and of == "account" else row
    is_deleted = bool(row["IsDeleted"])
    children = Html("")
    if not is_deleted:
        show_all = request.query.get("all") == "1"
        children = page_children.sections(org, row, show_all=show_all, typed=typed or {}, of=of)
    content = html(
        '<nav class="crumbs" aria-label="Where you are"><a href="/">Accounts</a> <span aria-hidden="true">/</span> '
        '<span>{name}</span></nav><div class="head"><div><h1>{name}</h1><p class="sub">{facts}</p></div>{act}</div>'
        '{banner}<div class="columns"><div class="side">{details}{written}{merge}</div>'
        '<div class="work">{children}</div></div>',
        name=row["Name"] or row["Id"],
        facts=_facts(row),
        act=Html("") if is_deleted else _delete(row),
        banner=_deleted_banner(row) if is_deleted else "",
        details=_details(org, row, details),
        children=children,
        written=_written(org, row),
        merge=Html("") if is_deleted else _merge(row),
    )
    return Page(str(row["Name"] or row["Id"]), content)


def verb(org: SandboxOrg, request: Request, rest: list[str]) -> Done:
    """POST /accounts/new, /accounts/ID, and what follows the id: delete, undelete, merge, contacts, opportunities."""
    form = request.form()
    if rest == ["new"]:
        return Done(f"/accounts/{org.create('Account', {'Name': form.get('Name', '')})}", "created")
    if not rest:
        raise Problem("NOT_FOUND", "There is no such page.", 404)
    account_id = rest[0]
    if visible(org, org.objects["Account"], account_id) is None:
        raise Problem("NOT_FOUND", "There is no such account.", 404)
    here = f"/accounts/{account_id}"
    try:
        match rest[1:]:
            case []:
                return Done(here, "saved" if _save(org, account_id, form) else "nothing")
            case ["delete"]:
                org.delete(account_id)
                return Done(here, "deleted")
            case ["undelete"]:
                org.undelete(account_id)
                return Done(here, "undeleted")
            case ["merge"]:
                _merge_into(org, account_id, form.get("other", "").strip())
                return Done(here, "merged")
            case more:
                return Done(here, page_children.change(org, account_id, more, form))
    except Problem as problem:
        if problem.status == 404:
            raise
        of = {"": "account", "contacts": "contact", "opportunities": "opportunity"}.get("/".join(rest[1:]), "")
        raise Refused(show(org, request, rest[:1], typed=form, of=of), problem.message) from None


def _merge_into(org: SandboxOrg, account_id: str, other: str) -> None:
    """Refused in words of the page if the other id is none of another account that is there."""
    other_id = ids.clean(other) or ""
    row = visible(org, org.objects["Account"], other_id)
    if row is None or row["IsDeleted"] or other_id == account_id:
        raise Problem("NOT_FOUND", f"No other account has the id “{other}”. It stands under the name on its page.")
    org.merge(account_id, other_id)


def _save(org: SandboxOrg, account_id: str, form: Mapping[str, str]) -> bool:
    """Write what differs. False: nothing does."""
    sobject = org.objects["Account"]
    before = org.store.latest(sobject, account_id) or {}
    changed = {
        name: form[name].strip()
        for name in EDITABLE
        if name in form and form[name].strip() != str(for_box(before.get(name)) if before.get(name) is not None else "")
    }
    if changed:
        org.set(account_id, changed)
    return bool(changed)


def _facts(row: Row) -> Html:
    level = row["Technical_Advisor_Support_Level__c"]
    return html(
        "{level} {type} <code>{id}</code> <span>changed {stamp} UTC</span>",
        level=chip(level, "level") if level else chip("No support level", "plain"),
        type=chip(row["Type"], "plain"),
        id=row["Id"],
        stamp=said_time(row["SystemModstamp"])[:19].replace("T", " "),
    )


def _details(org: SandboxOrg, row: Row, shown: Mapping[str, Any]) -> Html:
    sobject = org.objects["Account"]

    def box(name: str, label: str, kind: str = "text", more: str = "") -> Html:
        length = sobject.fields[name].length
        limits = f'maxlength="{length}" {more}' if kind == "text" else more
        return text_box(label, name, for_box(shown[name]), key=f"account-{name}", kind=kind, more=limits)

    people = users(org)
    inside = html(
        '{level}{type}<div class="two">{developers}{arr}</div>{name}<div class="two">{csm}{owner}</div>'
        '<div class="two">{website}{industry}</div><div class="two">{country}{zone}</div>'
        '<div class="two">{employees}{renewal}</div><div class="actions">{save}</div>',
        level=choice(
            "Support level",
            "Technical_Advisor_Support_Level__c",
            shown["Technical_Advisor_Support_Level__c"],
            LEVEL_OPTIONS,
            key="account-level",
        ),
        type=choice("Account type", "Type", shown["Type"], _TYPE_OPTIONS, key="account-type"),
        developers=box("Developers__c", "Developers", "number", 'min="0" step="any" inputmode="numeric"'),
        arr=box("ARR__c", "ARR", "number", 'step="any" inputmode="decimal"'),
        name=box("Name", "Account name", more="required"),
        csm=choice("Customer success manager", "CSM__c", shown["CSM__c"], people, key="account-csm"),
        owner=choice("Owner", "OwnerId", shown["OwnerId"], people[1:], key="account-owner"),
        website=box("Website", "Website"),
        industry=box("Industry", "Industry"),
        country=box("BillingCountry", "Country"),
        zone=box("Time_Zone__c", "Account time zone"),
        employees=box("NumberOfEmployees", "Employees", "number", 'min="0" inputmode="numeric"'),
        renewal=box("Renewal_Date__c", "Renewal date", "date"),
        save=button("Save", look="main"),
    )
    if row["IsDeleted"]:
        inside = html('<fieldset disabled class="bare">{inside}</fieldset>', inside=inside)
    return html(
        '<section class="card"><h2>Details</h2>{form}</section>',
        form=post_form(f"/accounts/{row['Id']}", inside, look="stack", label="Account details"),
    )


#: What other programs write and nobody edits here.
_WRITTEN = ("Customer_Segment__c", "Service_Model__c", "Lifecycle_Stage__c")
_MADE = (("Task", "WhatId", "Subject"), ("Event", "WhatId", "Subject"))
_FILES = ("ContentVersion", "FirstPublishLocationId", "Title")


def _written(org: SandboxOrg, row: Row) -> Html:
    """What was written to this account over the API: fields, and the tasks, events and files at it."""
    sobject = org.objects["Account"]
    lines = [(sobject.fields[name].label, row[name]) for name in _WRITTEN if row[name]]
    for name, place, title in (*_MADE, _FILES):
        kind = org.objects[name]
        where = f'"{place}" = ? AND "IsDeleted" = 0'
        for found in org.store.rows(kind, where, [row["Id"]], '"Id" DESC')[:20]:
            lines.append((kind.label, f"{found[title]}{' (' + found['Status'] + ')' if found.get('Status') else ''}"))
    if not lines:
        return Html("")
    shown = joined(html("<dt>{label}</dt><dd>{value}</dd>", label=label, value=value) for label, value in lines)
    return html(
        '<section class="card"><h2>Written by other programs</h2><dl class="facts">{lines}</dl></section>', lines=shown
    )


def _delete(row: Row) -> Html:
    return post_form(f"/accounts/{row['Id']}/delete", button("Delete account", look="quiet danger"))


def _deleted_banner(row: Row) -> Html:
    if row["MasterRecordId"]:
        words = html('This account was merged into <a href="/accounts/{id}">another one</a>.', id=row["MasterRecordId"])
        return html('<div class="note watch">{words}</div>', words=words)
    form = post_form(f"/accounts/{row['Id']}/undelete", button("Undelete account"))
    return html('<div class="note watch act"><span>This account is in the recycle bin.</span>{form}</div>', form=form)


def _merge(row: Row) -> Html:
    inside = html(
        '{other}<div class="actions">{button}</div>',
        other=text_box(
            "Id of the account that goes",
            "other",
            "",
            key="merge-other",
            more='required maxlength="18" spellcheck="false"',
        ),
        button=button("Merge into this account", look="quiet"),
    )
    return html(
        '<details class="card"><summary>Merge</summary><p class="muted">Its contacts and opportunities move here, and '
        "it goes to the recycle bin.</p>{form}</details>",
        form=post_form(f"/accounts/{row['Id']}/merge", inside, look="stack", label="Merge"),
    )
