"""The public data set as an org's content: complete, uncorrected, the same each time."""

from __future__ import annotations

import csv
import os
from collections import Counter
from pathlib import Path

import pytest

from integrations.salesforce.sandbox.org import SandboxOrg

FOLDER = Path(os.environ.get("CS_SAMPLE_DATA", Path(__file__).parents[4] / "shared" / "data")) / "crm_pipeline"
pytestmark = pytest.mark.skipif(
    not (FOLDER / "sales_pipeline.csv").is_file(), reason=f"the data set crm_pipeline is not in {FOLDER.parent}"
)


@pytest.fixture(scope="module")
def org(tmp_path_factory: pytest.TempPathFactory) -> SandboxOrg:
    return SandboxOrg(tmp_path_factory.mktemp("org"), "pipeline", pipeline_dir=FOLDER, support_level="Scaled")


def rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(newline="") as file:
        return list(csv.DictReader(file))


def test_everything_arrives(org: SandboxOrg) -> None:
    assert (org.count("Account"), org.count("Opportunity")) == (85, 8_800)
    assert org.count("User") == 35 + 6 + 1
    stages = Counter(row["StageName"] for row in org.find("Opportunity"))
    assert stages == {"Closed Won": 4_238, "Closed Lost": 2_473, "Engaging": 1_589, "Prospecting": 500}
    assert {row["Technical_Advisor_Support_Level__c"] for row in org.find("Account")} == {"Scaled"}


def test_mistakes_of_the_data_set_are_kept(org: SandboxOrg) -> None:
    assert Counter(row["Industry"] for row in org.find("Account"))["technolgy"] == 12
    deals = org.find("Opportunity")
    assert Counter(row["Product__c"] for row in deals)["GTXPro"] == 1_480
    assert sum(row["AccountId"] is None for row in deals) == 1_425


def test_each_row_is_the_row_of_the_file(org: SandboxOrg) -> None:
    names = {row["Id"]: row["Name"] for table in ("Account", "User") for row in org.find(table)}
    deals = {row["External_Id__c"]: row for row in org.find("Opportunity")}
    for source in rows("sales_pipeline.csv"):
        deal = deals[source["opportunity_id"]]
        assert names.get(deal["AccountId"], "") == source["account"]
        assert names[deal["OwnerId"]] == source["sales_agent"]
        if source["close_date"]:
            month, day, year = source["close_date"].split("/")
            assert deal["CloseDate"] == f"{year}-{int(month):02}-{int(day):02}"
            assert deal["Amount"] == float(source["close_value"])
    accounts = {row["Name"]: row for row in org.find("Account")}
    for source in rows("accounts.csv"):
        account = accounts[source["account"]]
        assert names.get(account["ParentId"], "") == source["subsidiary_of"]
        assert account["NumberOfEmployees"] == int(source["employees"])
        assert account["AnnualRevenue"] == pytest.approx(float(source["revenue"]) * 1e6)


def test_a_customer_is_new_business_until_its_first_win(org: SandboxOrg) -> None:
    wins = [row for row in org.find("Opportunity") if row["IsWon"] and row["AccountId"]]
    first = Counter(row["AccountId"] for row in wins if row["Type"] == "New Business")
    assert len(first) == 85
    assert set(first.values()) == {1}


def test_two_loads_are_equal(org: SandboxOrg, tmp_path: Path) -> None:
    again = SandboxOrg(tmp_path, "pipeline", pipeline_dir=FOLDER, support_level="Scaled")
    for name in ("Account", "Opportunity"):
        assert again.find(name) == org.find(name)
    again.close()
