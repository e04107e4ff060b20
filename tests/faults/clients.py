"""Who uses the product while things break: programs that repeat a request until it is answered, an editor in the org,
and somebody who looks at pages all the time and notes every answer. Threads of this process; none touches the database.
"""

import contextlib
import http.client
import itertools
import json
import random
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.faults.work import LEVELS, Book, Order, Org

PATIENCE = 20.0  # seconds that a client waits for an answer; more than ten is a finding
AGAIN = ('"code":"idempotency_running"', '"code":"busy"')  # answers that ask for another try
PAGES = ("/healthz", "/readyz", "/auth/login/", "/api/v1/accounts/?limit=5")
STAGES = ("1. Onboarding", "2. Adopting", "3. Nurturing", "4. Renewing")


@dataclass(frozen=True)
class Answer:
    """One look at the web. `status` 0: no answer at all (the line broke, nobody listened)."""

    path: str
    began: float
    seconds: float
    status: int
    words: str = ""


@dataclass
class Clients:
    """`with Clients(...)`: busy until the block ends. What they asked for is in the book, what they saw in `seen`."""

    book: Book
    web: str
    org: Org
    seed: int
    edits: int
    pace: float = 0.3
    seen: list[Answer] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def __enter__(self) -> "Clients":
        self.stopping, self.lock = threading.Event(), threading.Lock()
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect())
        works = [*(lambda part=part: self._order(part) for part in range(3)), self._edit, self._look, self._look]
        self.threads = [threading.Thread(target=self._guarded, args=(work,), daemon=True) for work in works]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        for thread in self.threads:
            thread.join(180)
            if thread.is_alive():
                self.problems.append("a client did not get an answer within three minutes")

    def _guarded(self, work: Any) -> None:
        try:
            work()
        except Exception as error:  # a client that dies would make every count smaller without a word
            self.problems.append(f"a client failed: {error!r}")

    # --- orders ---------------------------------------------------------------------------------------------------

    def _order(self, part: int) -> None:
        rng = random.Random(self.seed * 10 + part)
        for order in self._orders(part, rng):
            with self.lock:
                self.book.orders.append(order)
            self._until_answered(order)
            self.stopping.wait(self.pace * rng.uniform(0.5, 1.5))

    def _orders(self, part: int, rng: random.Random) -> Iterator[Order]:
        """Each changes something: an order that changes nothing could not be seen to happen twice."""
        mine = self.book.patients[part::3]
        level, stage = dict.fromkeys(mine, 0), dict.fromkeys(mine, 0)
        for number in itertools.count():
            if self.stopping.is_set():
                return
            name, one = f"{self.book.slug}-{part}-{number}", rng.choice(mine)
            kind = rng.choice(("level", "level", "stage", "stage", "account", "contact", "invitation"))
            if kind == "stage" and stage[one] == len(STAGES):
                kind = "level"
            if kind == "level":
                level[one] += 1
                path, body = f"accounts/{one}/set-support-level/", {"support_level": LEVELS[level[one] % len(LEVELS)]}
            elif kind == "stage":
                stage[one] += 1
                path, body = f"accounts/{one}/stages/move/", {"stage": STAGES[stage[one] - 1], "reason": "next"}
            elif kind == "account":
                one, path, body = name, "accounts/", {"name": name, "support_level": LEVELS[number % len(LEVELS)]}
            elif kind == "contact":
                path, body, one = "contacts/", {"account_id": one, "name": name}, name
            else:
                one = f"invited-{name}@example.com"
                path, body = "invitations/", {"email": one, "roles": ["viewer"]}
            yield Order(kind, path, body, one, key=f"order {name}")

    def _until_answered(self, order: Order) -> None:
        end = time.monotonic() + 150
        while time.monotonic() < end:
            status, text = self._ask(
                f"/api/v1/{order.path}", data=json.dumps(order.body).encode(),
                headers={"Content-Type": "application/json", "Idempotency-Key": order.key},
            )  # fmt: skip
            if status and status < 500 and status != 429 and not any(code in text for code in AGAIN):
                order.status, order.answer = status, text[:300]
                return
            time.sleep(0.3)
        self.problems.append(f"{order.kind} {order.about} was never answered")

    # --- the org and the pages ------------------------------------------------------------------------------------

    def _edit(self) -> None:
        rng = random.Random(self.seed)
        for sf_id in rng.sample(self.book.org_ids, min(self.edits, len(self.book.org_ids))):
            if self.stopping.wait(self.pace):
                return
            values = {"Developers__c": rng.randint(5000, 9000), "Technical_Advisor_Support_Level__c": "Premium"}
            self.book.edited.append(sf_id)
            self.org.tell(f"records/Account/{sf_id}", values=values, check=False)

    def _look(self) -> None:
        for path in itertools.cycle(PAGES):
            if self.stopping.wait(0.25):
                return
            self._ask(path)

    def _ask(self, path: str, data: bytes | None = None, headers: dict[str, str] | None = None) -> tuple[int, str]:
        told = {**(headers or {})}
        if path.startswith("/api/"):
            told["Authorization"] = f"Bearer {self.book.api_key}"
        request = urllib.request.Request(self.web + path, data, told)
        began, clock, status, text = time.time(), time.monotonic(), 0, ""
        try:
            with self.opener.open(request, timeout=PATIENCE) as answer:
                status, text = answer.status, answer.read().decode(errors="replace")
        except urllib.error.HTTPError as error:
            status = error.code
            with contextlib.suppress(OSError):
                text = error.read().decode(errors="replace")
        except (OSError, ValueError, http.client.HTTPException):
            pass
        with self.lock:
            self.seen.append(Answer(path, began, time.monotonic() - clock, status, text[:300] if status >= 500 else ""))
        return status, text


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None
