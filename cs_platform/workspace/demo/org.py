"""Plays a Salesforce user in the sandbox org, through its REST API."""

import json
import urllib.parse
import urllib.request
from datetime import date
from typing import Any

APP = {"client_id": "sandbox-connected-app", "client_secret": "sandbox-consumer-secret"}
LEVEL = "Technical_Advisor_Support_Level__c"
DATA = "/services/data/v59.0"


class NotThere(Exception):
    """The org does not answer, or does not know what it is asked about."""


class Org:
    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open  # loopback needs no proxy
        self._token = ""

    def set_level(self, company: str, level: str) -> None:
        self._patch("Account", self._id_of("Account", company), {LEVEL: level})

    def win(self, company: str, day: date) -> None:
        """The open new-business deal of this company is won on that day."""
        deal = self._id_of("Opportunity", f"{company} - new business")
        self._patch("Opportunity", deal, {"StageName": "Closed Won", "CloseDate": day.isoformat()})

    def _id_of(self, sobject: str, name: str) -> str:
        quoted = name.replace("'", "\\'")
        soql = urllib.parse.quote(f"SELECT Id FROM {sobject} WHERE Name = '{quoted}'")
        records = self._call("GET", f"{DATA}/query?q={soql}")["records"]
        if not records:
            raise NotThere(f"the sandbox org has no {sobject} {name}")
        return str(records[0]["Id"])

    def _patch(self, sobject: str, row_id: str, values: dict[str, Any]) -> None:
        self._call("PATCH", f"{DATA}/sobjects/{sobject}/{row_id}", values)

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {self._log_in()}", "Content-Type": "application/json"}
        return self._send(method, path, json.dumps(body).encode() if body is not None else None, headers)

    def _log_in(self) -> str:
        if not self._token:
            form = urllib.parse.urlencode({"grant_type": "client_credentials", **APP}).encode()
            answer = self._send("POST", "/services/oauth2/token", form, {})
            self._token = str(answer["access_token"])
        return self._token

    def _send(self, method: str, path: str, data: bytes | None, headers: dict[str, str]) -> Any:
        request = urllib.request.Request(self.url + path, data=data, headers=headers, method=method)
        try:
            with self._open(request, timeout=20) as answer:
                raw = answer.read()
        except OSError as error:
            raise NotThere(f"{self.url}: {error}") from error
        return json.loads(raw) if raw else {}
