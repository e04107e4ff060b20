"""Requests that schemathesis makes from the OpenAPI schema, with the ids of real rows in their addresses."""

import json
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from tests.house.fuzz.asking import Fuzzer
from tests.house.fuzz.edging import own_path
from tests.house.isolation.routes import Operation, operations, schema


def generate(fuzzer: Fuzzer, who: str, *, examples: int, seed: int = 0) -> None:
    """So many requests for each operation: two in three lawful, one in three not."""
    browser = fuzzer.browser(who)
    known = {(one.method, one.route.template.replace("{pk}", "{id}")): one for one in operations()}
    for found in schemathesis.openapi.from_dict(schema()).get_all_operations():
        made = found.ok()
        operation = known.get((made.method.upper(), made.path))
        if operation is not None:
            _ask(fuzzer, browser, operation, made, examples, seed)


def _ask(fuzzer: Fuzzer, browser: Any, operation: Operation, made: Any, examples: int, seed: int) -> None:
    lawful = made.as_strategy(generation_mode=GenerationMode.POSITIVE)
    unlawful = made.as_strategy(generation_mode=GenerationMode.NEGATIVE)
    either = st.one_of(lawful, lawful, unlawful) if _can_be_wrong(operation) else lawful
    own = own_path(fuzzer, operation.route)

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=seed == 0,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=either, at_own=st.booleans())
    def ask(case: Any, at_own: bool) -> None:
        kwargs = case.as_transport_kwargs(base_url="http://testserver")
        path = own if at_own else kwargs["url"].removeprefix("http://testserver")
        query = kwargs.get("params") or {}
        if query:
            from urllib.parse import urlencode

            path = f"{path}?{urlencode(query, doseq=True, errors='replace')}"
        body = kwargs.get("data")
        if "json" in kwargs:
            body = json.dumps(kwargs["json"])
        raw = body.encode("utf-8", "replace") if isinstance(body, str) else bytes(body or b"")
        headers = {
            name: value
            for name, value in (case.headers or {}).items()
            if name.lower() in ("idempotency-key", "if-match", "accept") and str(value).isprintable()
        }
        fuzzer.api(browser, operation.method, path, raw, "made from the schema", **headers)

    ask()


def _can_be_wrong(operation: Operation) -> bool:
    return bool(operation.route.params or operation.query or operation.body)
