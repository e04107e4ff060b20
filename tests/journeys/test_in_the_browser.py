"""The main flow as people do it: in a browser, on the product that `make demo` starts, with the clock moved on."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from tests.chrome import chrome
from tests.journeys.demo import RunningDemo, eventually

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MONDAY = datetime(2026, 11, 30, 7, 30, tzinfo=UTC)  # 08:30 in Berlin
BASE = 23000
#: When the slots of five weeks lie in Berlin; Christmas Day and New Year's Day are Fridays.
WRITTEN_TO = ("jonas.weidner@haldenrobotics.example", "mirela.stan@haldenrobotics.example")
LEFT_OUT = {"2026-12-25", "2027-01-01"}


@pytest.fixture
def demo(tmp_path) -> Iterator[RunningDemo]:
    running = RunningDemo(tmp_path, BASE, MONDAY)
    yield running
    running.stop()


def sign_in(page: Any, demo: RunningDemo, role: str) -> None:
    login = next(known for known in demo.logins if known["role"] == role and known["tenant"] == "acme")
    page.goto("/auth/login/")
    page.locator("input[type=email]").fill(login["email"])
    page.locator("input[type=password]").fill(login["password"])
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/")


def halden_in_salesforce(page: Any, demo: RunningDemo) -> None:
    page.goto(demo.addresses["sandbox"] + "/")
    page.get_by_label("Search accounts").fill("Halden")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Halden Robotics").click()


def seen(page: Any, address: str, words: str) -> Any:
    def look() -> bool:
        page.goto(address, wait_until="networkidle")  # its panels come one after the other
        return bool(page.get_by_role("main").get_by_text(words).count())

    return eventually(look, seconds=90, pause=1.0)


def mails_to(demo: RunningDemo, address: str) -> list[Any]:
    return [mail for mail in demo.mails() if address in str(mail["To"])]


def unsubscribe_somebody_else(page: Any, demo: RunningDemo) -> tuple[str, int]:
    """By the link in a mail, as a person who has no account with us; returns the address and how many mails it had."""
    mail = next(mail for mail in demo.mails() if not any(who in str(mail["To"]) for who in WRITTEN_TO))
    page.goto(str(mail["List-Unsubscribe"]).strip("<>").split(">")[0])
    page.get_by_role("button", name="All e-mails from").click()
    page.get_by_role("status").filter(has_text="no more e-mails").wait_for()
    return str(mail["To"]), len(mails_to(demo, str(mail["To"])))


def test_from_the_support_level_to_the_last_mail(demo: RunningDemo) -> None:
    with chrome(SimpleNamespace(url=demo.addresses["web"]), width=1440) as page:
        sign_in(page, demo, "owner")
        page.goto("/accounts/?q=halden")
        assert page.get_by_role("link", name="Halden Robotics").count() == 0

        # TA leadership sets the level in Salesforce; the next sync brings the account.
        halden_in_salesforce(page, demo)
        page.get_by_label("Support level").select_option("Named")
        page.get_by_role("button", name="Save").click()
        page.get_by_role("status").first.wait_for()
        demo.at(MONDAY + timedelta(minutes=6))
        seen(page, demo.addresses["web"] + "/accounts/?q=halden", "Halden Robotics")
        page.get_by_role("link", name="Halden Robotics").first.click()
        page.wait_for_load_state("networkidle")
        account = page.url
        main = page.get_by_role("main")
        seen(page, account, "Prospect")
        assert main.get_by_text("Enterprise", exact=True).count()
        main.get_by_role("button", name="Why").first.click()
        assert main.get_by_text("1,200").first.is_visible(), "the explanation names the number of developers"

        # The deal is won.
        halden_in_salesforce(page, demo)
        page.get_by_role("button", name="Close as won").first.click()
        page.get_by_role("status").first.wait_for()
        demo.at(MONDAY + timedelta(minutes=12))
        seen(page, account, "Onboarding")
        seen(page, account, WRITTEN_TO[0])

        # Five weeks and the two holidays pass; the product's own processes see the clock move and do the rest.
        left, had, written = "", 0, 0
        for day in range(40):
            moment = MONDAY + timedelta(days=day, minutes=35)
            if moment.weekday() not in (0, 2, 4):
                continue
            demo.at(moment)
            if moment.date().isoformat() in LEFT_OUT or written == 15:
                before = len(demo.mails())
                demo.manage("run_due", "--all-tenants")
                assert len(demo.mails()) == before
                continue
            written += 1
            eventually(lambda: [len(mails_to(demo, who)) for who in WRITTEN_TO] == [written] * 2)  # noqa: B023
            if not left and day > 6:
                left, had = unsubscribe_somebody_else(page, demo)
        counts = Counter(len({mail["Subject"] for mail in mails_to(demo, who)}) for who in WRITTEN_TO)
        assert counts == {15: 2}, "fifteen different mails to each of the two"
        assert [len(mails_to(demo, who)) for who in WRITTEN_TO] == [15, 15], "and none of them twice"

        assert len(mails_to(demo, left)) == had, "who unsubscribed is written to no more"

        # The mailbox of the demo shows what went out.
        page.goto("/mailbox/")
        assert page.get_by_text(WRITTEN_TO[0]).count()
        assert page.faults == []
