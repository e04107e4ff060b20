"""A sandbox org on a port for one test, and the two ways to talk to it: our client and plain requests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.hosts import Hosts
from integrations.salesforce.login import Credentials
from integrations.salesforce.sandbox.org import SandboxOrg
from integrations.salesforce.sandbox.server import SandboxServer

DATA = "/services/data/v59.0"


@contextmanager
def sandbox(folder: Path, seed: str = "empty", **options: Any) -> Iterator[SandboxServer]:
    org = SandboxOrg(folder, seed, **options)
    try:
        with SandboxServer(org) as server:
            yield server
    finally:
        org.close()


def client_of(server: SandboxServer, kind: str = "client_credentials", **options: Any) -> SalesforceClient:
    hosts = Hosts(extra=frozenset({server.url}), allow_http=True)
    return SalesforceClient(Credentials(kind, server.url, server.credentials[kind]), hosts, **options)


class Rest:
    """Plain HTTP with a session of its own. Calls give the answer of `requests`."""

    def __init__(self, server: SandboxServer, **form: str) -> None:
        self.url = server.url
        self.http = requests.Session()
        self.http.trust_env = False
        answer = self.token(grant_type="client_credentials", **server.credentials["client_credentials"])
        self.http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def token(self, **form: str) -> requests.Response:
        return self.http.post(f"{self.url}/services/oauth2/token", form, timeout=10)

    def __call__(self, method: str, path: str, json: Any = None, **more: Any) -> requests.Response:
        where = path if path.startswith("/") else f"{DATA}/{path}"
        return self.http.request(method, self.url + where, json=json, timeout=more.pop("timeout", 10), **more)

    def query(self, soql: str, resource: str = "query", **headers: str) -> Any:
        answer = self("GET", resource, params={"q": soql}, headers=headers)
        return answer.json()

    def error(self, soql: str) -> str:
        """The code with which a query is refused."""
        answer = self("GET", "query", params={"q": soql})
        assert answer.status_code == 400, answer.text
        return str(answer.json()[0]["errorCode"])

    def names(self, where: str, resource: str = "query") -> list[str]:
        """Names of the accounts that a WHERE finds, in order of name."""
        found = self.query(f"SELECT Name FROM Account WHERE {where} ORDER BY Name", resource)
        return [row["Name"] for row in found["records"]]
