"""The public data set "CRM Sales Opportunities" (Maven Analytics Data Playground, public domain) as an org's content.

Nothing is corrected: misspelt sectors and products stay, deals without an account stay without one. What the files do
not say is left empty, apart from four things that Salesforce needs or the product asks: a deal's name, its type (new
business until the account's first win), a planned close date of open deals, and the list price as their amount.
Dates come from the files, so that two loads are equal byte for byte.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from integrations.salesforce.sandbox.schema import EXISTING, NEW_BUSINESS

if TYPE_CHECKING:
    from integrations.salesforce.sandbox.org import SandboxOrg

STAGES = {"Won": "Closed Won", "Lost": "Closed Lost", "Engaging": "Engaging", "Prospecting": "Prospecting"}
FILES = ("accounts.csv", "products.csv", "sales_pipeline.csv", "sales_teams.csv")
DOMAIN = "crm-pipeline.example"
_START, _END = date(2016, 10, 1), date(2017, 12, 31)
_TIME_TO_CLOSE = timedelta(days=90)
Rows = list[dict[str, str]]


def fill(org: SandboxOrg, folder: Path, support_level: str = "") -> None:
    """All accounts, agents and deals. `support_level` is given to every account; the data set has none."""
    accounts, products, deals, teams = (_read(folder / name) for name in FILES)
    users = _load_users(org, teams)
    account_ids = _load_accounts(org, accounts, deals, users, support_level)
    _load_deals(org, deals, {row["product"]: row["sales_price"] for row in products}, users, account_ids)


def _read(path: Path) -> Rows:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [{name: (value or "").strip() for name, value in row.items()} for row in csv.DictReader(file)]


def _load_users(org: SandboxOrg, teams: Rows) -> dict[str, str]:
    """Managers, then agents under their manager."""
    managers = sorted({row["manager"] for row in teams})
    offices = {row["manager"]: row["regional_office"] for row in teams}
    stamp = _noon(_START)
    rows = [_user(name, offices[name], "Sales Manager", None) for name in managers]
    ids = dict(zip(managers, org.bulk("User", rows, stamp=stamp), strict=True))
    agents = [_user(row["sales_agent"], row["regional_office"], "Sales Agent", ids[row["manager"]]) for row in teams]
    ids.update(zip([row["sales_agent"] for row in teams], org.bulk("User", agents, stamp=stamp), strict=True))
    return ids


def _user(name: str, office: str, title: str, manager: str | None) -> dict[str, Any]:
    first, _, last = name.partition(" ")
    email = f"{name.lower().replace(' ', '.')}@{DOMAIN}"
    return {
        "Username": email,
        "FirstName": first,
        "LastName": last,
        "Email": email,
        "Title": title,
        "Division": office,
        "ManagerId": manager,
    }


def _load_accounts(
    org: SandboxOrg, accounts: Rows, deals: Rows, users: Mapping[str, str], level: str
) -> dict[str, str]:
    """Owner of an account is the agent with most of its deals; parents come second, when all have an id."""
    agents: dict[str, Counter[str]] = defaultdict(Counter)
    for row in deals:
        agents[row["account"]][row["sales_agent"]] += 1
    stamp = _noon(_START)
    rows = [
        {
            "Name": row["account"],
            "Industry": row["sector"],
            "YearStarted": row["year_established"],
            "AnnualRevenue": round(float(row["revenue"]) * 1_000_000, 2),
            "NumberOfEmployees": int(row["employees"]),
            "BillingCountry": row["office_location"],
            "Technical_Advisor_Support_Level__c": level or None,
            **_owner(agents[row["account"]], users),
        }
        for row in accounts
    ]
    ids = dict(zip([row["account"] for row in accounts], org.bulk("Account", rows, stamp=stamp), strict=True))
    for row in accounts:
        if row["subsidiary_of"]:
            org.set(ids[row["account"]], ParentId=ids.get(row["subsidiary_of"]), stamp=stamp, check=False)
    return ids


def _owner(agents: Counter[str], users: Mapping[str, str]) -> dict[str, str]:
    if not agents:
        return {}
    most = min(agents, key=lambda name: (-agents[name], name))
    return {"OwnerId": users[most]}


def _load_deals(
    org: SandboxOrg, deals: Rows, prices: Mapping[str, str], users: Mapping[str, str], account_ids: Mapping[str, str]
) -> None:
    first_win: dict[str, tuple[date, str]] = {}
    for row in deals:
        if row["deal_stage"] == "Won" and row["account"]:
            win = (_day(row["close_date"]) or _END, row["opportunity_id"])
            first_win[row["account"]] = min(first_win.get(row["account"], win), win)
    rows = [_deal(row, prices, users, account_ids, first_win) for row in deals]
    org.bulk("Opportunity", rows, stamp=_noon(_END))


def _deal(
    row: dict[str, str],
    prices: Mapping[str, str],
    users: Mapping[str, str],
    account_ids: Mapping[str, str],
    first_win: Mapping[str, tuple[date, str]],
) -> dict[str, Any]:
    begun, closed = _day(row["engage_date"]), _day(row["close_date"])
    amount = row["close_value"] or prices.get(row["product"])
    touched = closed or begun or _END
    win = first_win.get(row["account"])
    is_later = win is not None and (touched, row["opportunity_id"]) > win
    return {
        "Name": f"{row['product']} - {row['account'] or 'no account yet'}",
        "AccountId": account_ids.get(row["account"]),
        "OwnerId": users[row["sales_agent"]],
        "StageName": STAGES[row["deal_stage"]],
        "Type": EXISTING if is_later else NEW_BUSINESS,
        "Amount": float(amount) if amount else None,
        "CloseDate": closed or (begun or _END) + _TIME_TO_CLOSE,
        "Product__c": row["product"],
        "External_Id__c": row["opportunity_id"],
        "CreatedDate": _noon(begun or _END),
        "LastModifiedDate": _noon(touched),
        "SystemModstamp": _noon(touched),
    }


def _day(text: str) -> date | None:
    """The data set writes month/day/year."""
    if not text:
        return None
    month, day, year = (int(part) for part in text.split("/"))
    return date(year, month, day)


def _noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
