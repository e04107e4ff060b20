"""One request at a time, undone after it; what was wrong with the answer is kept."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from tests.house.isolation.crawler import FORM, Browser, undone
from tests.house.isolation.world import Organisation

PROBLEM = "application/problem+json"


@dataclass
class Fuzzer:
    made: Organisation
    asked: int = 0
    findings: list[str] = field(default_factory=list)

    def browser(self, who: str) -> Browser:
        browser = Browser(raise_request_exception=False)
        if who == "key":
            browser.defaults["HTTP_AUTHORIZATION"] = f"Bearer {self.made.key}"
        elif who != "anonymous":
            browser.cookies = self.made.browser(who).cookies
        return browser

    def api(self, browser: Browser, method: str, path: str, body: bytes, about: str, **headers: str) -> None:
        with undone():
            answer = browser.generic(method, path, data=body, content_type="application/json", headers=headers)
            text = b"".join(answer.streaming_content) if answer.streaming else answer.content
        self.asked += 1
        if answer.status_code >= 500:
            self._found(f"{method} {path} answered {answer.status_code}: {about}")
        elif answer.status_code >= 400:
            self._check_problem(f"{method} {path} ({answer.status_code}): {about}", answer, text)

    def form(self, browser: Browser, path: str, values: list[tuple[str, Any]], about: str) -> None:
        with undone():
            answer = browser.generic("POST", path, data=encoded(values), content_type=FORM)
        self.asked += 1
        if answer.status_code >= 500:
            self._found(f"POST {path} answered {answer.status_code}: {about}")

    def page(self, browser: Browser, path: str, query: dict[str, Any], about: str) -> None:
        with undone():
            answer = browser.generic("GET", f"{path}?{encoded(list(query.items()))}")
        self.asked += 1
        if answer.status_code >= 500:
            self._found(f"GET {path} answered {answer.status_code}: {about}")

    def _check_problem(self, about: str, answer: Any, text: bytes) -> None:
        """RFC 9457, with a stable code and words."""
        try:
            told = json.loads(text)
        except ValueError:
            told = None
        if answer.headers.get("Content-Type", "").split(";")[0] != PROBLEM or not isinstance(told, dict):
            self._found(f"{about}: the refusal is not {PROBLEM}")
        elif not (told.get("code") and told.get("title") and told.get("status") == answer.status_code):
            self._found(f"{about}: the refusal has no code, title or status: {text[:200]!r}")

    def _found(self, words: str) -> None:
        self.findings.append(words[:400])

    def must_be_silent(self) -> None:
        found = sorted(set(self.findings))
        assert not found, f"{len(found)} findings in {self.asked} requests:\n" + "\n".join(found[:40])


def encoded(values: list[tuple[str, Any]]) -> str:
    """As a form or a query; half a character travels as the bytes that a careless client would send."""
    return urlencode([(name, str(value).encode("utf-8", "surrogatepass")) for name, value in values])


def as_json(body: Any) -> bytes:
    """Numbers as they are, half characters as escapes."""
    return json.dumps(body).encode()
