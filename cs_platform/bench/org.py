"""The sandbox org with so many accounts: `python -m cs_platform.bench.org PORT FOLDER MANY`."""

import signal
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from integrations.salesforce.sandbox.org import SandboxOrg
from integrations.salesforce.sandbox.schema import LEVELS
from integrations.salesforce.sandbox.server import SandboxServer

AT_ONCE = 5000


def accounts(start: int, end: int) -> Iterator[dict[str, Any]]:
    for n in range(start, end):
        yield {
            "Name": f"Customer {n}",
            "Type": "Customer - Direct",
            "Industry": "Software",
            "NumberOfEmployees": n % 9000,
            "BillingCountry": "Germany",
            "Website": f"https://c{n}.example.com",
            "Technical_Advisor_Support_Level__c": LEVELS[n % len(LEVELS)],
            "Developers__c": n % 4000,
            "ARR__c": n * 10,
        }


def fill(org: SandboxOrg, many: int) -> None:
    """Each call's rows have a stamp of their own, as the rows of an org that grew."""
    for start in range(0, many, AT_ONCE):
        stamp = org.now() - timedelta(days=30) + timedelta(minutes=start // AT_ONCE)
        org.bulk("Account", accounts(start, min(many, start + AT_ONCE)), stamp=stamp)


def main() -> None:
    port, folder, many = int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    org = SandboxOrg(folder, "empty", daily_limit=10_000_000)
    fill(org, many)
    server, stop = SandboxServer(org, port), threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    server.start()
    stop.wait()
    server.stop()
    org.close()


if __name__ == "__main__":
    main()
