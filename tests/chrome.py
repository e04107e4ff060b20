"""A real browser for tests: `with chrome(live_server, width=390) as page:`; `page.faults` must stay empty."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections

from cs_platform.supervisor import chromium

ARGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


@contextmanager
def chrome(server: Any, *, width: int = 1280, theme: str = "light", scripts: bool = True) -> Iterator[Any]:
    """A page of a fresh browser. What it has to complain about (errors, refused content, lost requests) is collected
    in `page.faults`; a broken content security policy is among it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=ARGS)
        try:
            context = browser.new_context(
                viewport={"width": width, "height": 844},
                color_scheme=theme,
                base_url=server.url,
                java_script_enabled=scripts,
            )
            page = context.new_page()
            page.faults = faults = []
            page.on("console", lambda said: faults.append(said.text) if said.type in ("error", "warning") else None)
            page.on("pageerror", lambda error: faults.append(str(error)))
            page.on("requestfailed", lambda request: faults.append(request.url) if _is_lost(request) else None)
            yield page
        finally:
            browser.close()
            # Playwright's loop gives this thread a second set of connections; nobody else would close them.
            connections.close_all()


def _is_lost(request: Any) -> bool:
    """A request that the test itself cut off by going to another page is not lost."""
    return bool(request.failure != "net::ERR_ABORTED")
