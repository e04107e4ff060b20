"""Takes the pictures of docs/screenshots from a running demo: every page at 1440 and 390 px, light and dark.

    .venv/bin/python manage.py demo --dir .data/pictures --port-base 19400     # leave it running
    .venv/bin/python docs/take_screenshots.py --dir .data/pictures             # in another terminal

`--only account-page,home` takes some of them. A page that is not found, or complains in the browser's console, is
named at the end, and the exit code is 1.
"""

import argparse
import json
import os
import struct
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

CHROMIUM = os.environ.get("CHROMIUM_PATH") or "/usr/bin/chromium"
ARGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
WIDTHS, THEMES = (1440, 390), ("light", "dark")
FIRST_SCREEN = {1440: 900, 390: 844}
TALLEST = {1440: 1250, 390: 1500}
MAX_BYTES = 250_000


@dataclass(frozen=True)
class Shot:
    """A page. `follow` are the links to click on the way, as selectors; `on` is web, sandbox or nobody (signed out);
    `press` is a button to press at the end, whose dialog belongs into the picture."""

    name: str
    title: str
    path: str
    follow: tuple[str, ...] = ()
    on: str = "web"
    press: str = ""


ACCOUNT = "/accounts/?q=Osprey+Logistics"
ROW = "table tbody th a"
SHOTS = (
    Shot("account-page", "Account page", ACCOUNT, (ROW,)),
    Shot("home", "Home", "/?show=everyone"),
    Shot("account-list", "Accounts", "/accounts/"),
    Shot("move-stage", "Move stage", ACCOUNT, (ROW,), press="a[href$='/move-stage/']"),
    Shot("set-support-level", "Set support level", ACCOUNT, (ROW,), press="a[href$='/set-support-level/']"),
    Shot("add-account", "Add account", "/accounts/add/"),
    Shot("edit-account", "Edit account", ACCOUNT, (ROW, "a[href$='/edit/']:visible")),
    Shot("tasks", "Tasks", "/tasks/?show=everyone"),
    Shot("task", "A task", "/tasks/?show=everyone", (".wk-title",)),
    Shot("handoff-list", "Hand-offs", "/handoffs/"),
    Shot("handoff", "A hand-off", "/handoffs/?q=Osprey", (ROW,)),
    Shot("handoff-document", "Hand-off document", "/handoffs/?q=Osprey", (ROW, "a[href$='/document/']")),
    Shot("plan-meeting", "Plan the knowledge transfer", "/handoffs/?q=Osprey", (ROW, "a[href$='/meeting/']")),
    Shot("handoff-settings", "Lead times and texts", "/handoffs/settings/"),
    Shot("handoff-template", "A text of hand-offs", "/handoffs/settings/", ("a[href*='/templates/']",)),
    Shot("instances", "Instances and their admins", "/handoffs/?q=Osprey", (ROW, "a[href$='/instances/']")),
    Shot("series-list", "Campaigns: series", "/campaigns/"),
    Shot("series", "A series", "/campaigns/", (ROW,)),
    Shot("sending-calendar", "What goes out on which day", "/campaigns/calendar/"),
    Shot("calendar-day", "Who gets it", "/campaigns/calendar/", ("a.ca-number.tone-info",)),
    Shot("contact-mail", "Why mail to a contact went or not", "/campaigns/why/?q=femke", (ROW,)),
    Shot("find-contact", "Find whose mail it is", "/campaigns/why/?q=femke"),
    Shot("pause-list", "Pauses", "/campaigns/pauses/"),
    Shot("template-list", "Templates", "/campaigns/templates/"),
    Shot("template", "A template", "/campaigns/templates/", (ROW,)),
    Shot("message-list", "Messages", "/campaigns/messages/"),
    Shot("message", "Why a message went", "/campaigns/messages/", ("table tbody a[href*='/campaigns/messages/']",)),
    Shot("suppression-list", "Suppressed addresses", "/campaigns/suppressions/"),
    Shot("integrations", "Integrations", "/integrations/"),
    Shot("connection", "A connection", "/integrations/", (".card h2 a",)),
    Shot("field-mapping", "Field mapping", "/integrations/", (".card h2 a", "a[href$='/mapping/']")),
    Shot("sync-run", "A sync", "/integrations/", (".card h2 a", "table tbody a[href*='/runs/']")),
    Shot("write-back", "Write-back to Salesforce", "/integrations/", (".card h2 a", "a[href$='state=written']")),
    Shot("conflicts", "Conflicts with Salesforce", "/integrations/conflicts/"),
    Shot("connect-salesforce", "Connect Salesforce", "/integrations/salesforce/connect/"),
    Shot("console", "Support-level console", "/console/"),
    Shot("console-accounts", "Support-level console: all accounts", "/console/?tab=accounts"),
    Shot("settings", "Settings", "/settings/"),
    Shot("segmentation", "Segmentation", "/settings/segmentation/"),
    Shot("segmentation-draft", "A draft of the segmentation rules", "/settings/segmentation/draft/"),
    Shot("segment-overrides", "Segments set by hand", "/settings/segmentation/overrides/"),
    Shot("override-segment", "Set segment by hand", ACCOUNT, (ROW, "a[href$='/override-segment/']")),
    Shot("support-levels", "Support levels", "/settings/support-levels/"),
    Shot("organisation", "Organisation", "/settings/organisation/"),
    Shot("members", "Members", "/settings/members/"),
    Shot("member", "A member", "/settings/members/", (ROW,)),
    Shot("teams", "Teams", "/settings/teams/"),
    Shot("roles", "Which role may do what", "/settings/roles/"),
    Shot("security", "Who must have a second factor", "/settings/security/"),
    Shot("api-keys", "API keys", "/settings/api-keys/"),
    Shot("audit-log", "Audit log", "/settings/audit/"),
    Shot("queue", "Queue", "/settings/queue/"),
    Shot("sign-in", "Sign in", "/auth/login/", on="nobody"),
    Shot("unsubscribe", "What a recipient sees behind the link in a mail", "{unsubscribe}", on="nobody"),
    Shot("mailbox", "The demo's mailbox", "/mailbox/"),
    Shot("mail", "A mail", "/mailbox/", ("a[href*='.eml']",)),
    Shot("sandbox-accounts", "The sandbox org", "/", on="sandbox"),
    Shot("sandbox-account", "An account of the sandbox org", "/", ("table.accounts a",), on="sandbox"),
    Shot("sandbox-faults", "The sandbox org's faults", "/faults", on="sandbox"),
)
GALLERY = """# What the pages look like

On a desk (1440 px) and on a phone (390 px), in the colours that your reader prefers. `docs/take_screenshots.py` takes
the pictures from a running demo.
"""
PICTURE = """
<picture>
<source media="(prefers-color-scheme: dark)" srcset="{name}-dark-{width}.png">
<img src="{name}-light-{width}.png" width="{shown}" alt="{title}, {width} pixels wide">
</picture>"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dir", type=Path, required=True, help="folder of the running demo")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "screenshots")
    parser.add_argument("--only", default="", help="names, comma between")
    parser.add_argument("--login", default="", help="who signs in (default: the first login of the demo)")
    options = parser.parse_args()
    addresses = json.loads((options.dir / "demo-addresses.json").read_text())
    logins = json.loads((options.dir / "demo.json").read_text())["logins"]
    login = next((one for one in logins if one["email"] == options.login), logins[0])
    wanted = [name for name in options.only.split(",") if name]
    shots = [shot for shot in SHOTS if not wanted or shot.name in wanted]
    options.out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        photographer = Photographer(browser, addresses, login, options.out)
        for theme in THEMES:
            for width in WIDTHS:
                photographer.take_all(shots, width, theme)
        browser.close()
    if not wanted:
        (options.out / "README.md").write_text(gallery())
    for complaint in photographer.complaints:
        print(f"  {complaint}", file=sys.stderr)
    print(f"{photographer.taken} pictures in {options.out}, {len(photographer.complaints)} complaints")
    return 1 if photographer.complaints else 0


def gallery() -> str:
    sections = [GALLERY]
    for shot in SHOTS:
        sections.append(f"\n## {shot.title}\n")
        sections += [
            PICTURE.format(name=shot.name, title=shot.title, width=width, shown=shown)
            for width, shown in zip(WIDTHS, (640, 180), strict=True)
        ]
        sections.append("\n")
    return "".join(sections)


class Photographer:
    def __init__(self, browser: Browser, addresses: dict[str, Any], login: dict[str, str], out: Path) -> None:
        self.browser, self.addresses, self.login, self.out = browser, addresses, login, out
        self.complaints: list[str] = []
        self.taken = 0

    def take_all(self, shots: list[Shot], width: int, theme: str) -> None:
        view = {"viewport": {"width": width, "height": FIRST_SCREEN[width]}, "color_scheme": theme}
        member, nobody = self.browser.new_context(**view), self.browser.new_context(**view)  # type: ignore[arg-type]
        self._sign_in(member)
        for shot in shots:
            page = (nobody if shot.on == "nobody" else member).new_page()
            picture = self.out / f"{shot.name}-{theme}-{width}.png"
            try:
                self._take(page, shot, width, picture)
            except Exception as error:  # one page that does not come must not keep the others back
                self.complaints.append(f"{picture.name}: {str(error).splitlines()[0]}")
            finally:
                page.close()
        member.close()
        nobody.close()

    def _sign_in(self, context: BrowserContext) -> None:
        page = context.new_page()
        page.goto(self.addresses["web"] + "/auth/login/")
        page.fill("[name=login]", self.login["email"])
        page.fill("[name=password]", self.login["password"])
        page.click("main button.btn-primary")
        page.wait_for_url(self.addresses["web"] + "/")
        page.close()

    def _take(self, page: Page, shot: Shot, width: int, picture: Path) -> None:
        page.on("console", lambda said: self._hear(picture, said.type, said.text))
        page.on("pageerror", lambda error: self._hear(picture, "error", str(error)))
        base = self.addresses["sandbox" if shot.on == "sandbox" else "web"]
        path = self._unsubscribe_link() if shot.path == "{unsubscribe}" else shot.path
        answer = page.goto(urljoin(base, path))
        for selector in shot.follow:
            target = page.locator(selector).first.get_attribute("href", timeout=5000)
            answer = page.goto(urljoin(page.url, target or ""))
        if answer is None or answer.status != 200:
            self.complaints.append(f"{picture.name}: {answer.status if answer else 'no answer'} at {page.url}")
        if shot.press:
            page.locator(shot.press).first.click()
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(300)
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            self.complaints.append(f"{picture.name}: {wide} px wide, scrolls sideways")
        height = min(TALLEST[width], max(FIRST_SCREEN[width], page.evaluate("document.documentElement.scrollHeight")))
        page.set_viewport_size({"width": width, "height": FIRST_SCREEN[width] if shot.press else height})
        page.wait_for_timeout(150)
        picture.write_bytes(smaller(page.screenshot(animations="disabled")))
        self.taken += 1
        if picture.stat().st_size > MAX_BYTES:
            self.complaints.append(f"{picture.name}: {picture.stat().st_size // 1000} kB")

    def _hear(self, picture: Path, kind: str, words: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(f"{picture.name}: {words[:200]}")

    def _unsubscribe_link(self) -> str:
        index = Path(self.addresses["mailbox"]) / "index.jsonl"
        for line in index.read_text().splitlines():
            mail = (index.parent / json.loads(line)["file"]).read_text(errors="replace")
            for header in mail.splitlines():
                if header.startswith("List-Unsubscribe: <"):
                    return header.partition("<")[2].rstrip(">")
        raise LookupError("no mail with an unsubscribe link was sent yet")


# --- smaller files --------------------------------------------------------------------------------------------------
# Chromium writes PNG for speed. A page has few colours: with a palette and good compression the file has a third.


def smaller(png: bytes) -> bytes:
    """The same picture with at most 256 colours; rare ones become the nearest frequent one."""
    width, height, pixels = _pixels(png)
    counts: dict[bytes, int] = {}
    for place in range(0, len(pixels), 3):
        colour = pixels[place : place + 3]
        counts[colour] = counts.get(colour, 0) + 1
    frequent = sorted(counts, key=lambda colour: -counts[colour])[:256]
    number = {colour: index for index, colour in enumerate(frequent)}
    for colour in counts.keys() - number.keys():
        number[colour] = min(range(len(frequent)), key=lambda index: _distance(colour, frequent[index]))
    rows = bytearray()
    for row in range(height):
        start = row * width * 3
        rows.append(0)
        rows += bytes(number[pixels[place : place + 3]] for place in range(start, start + width * 3, 3))
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    packed = b"".join(
        (
            b"\x89PNG\r\n\x1a\n", _chunk(b"IHDR", head), _chunk(b"PLTE", b"".join(frequent)),
            _chunk(b"IDAT", zlib.compress(bytes(rows), 9)), _chunk(b"IEND", b""),
        )
    )  # fmt: skip
    return min(packed, png, key=len)


def _distance(one: bytes, other: bytes) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = 8
    while place < len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        yield png[place + 4 : place + 8], png[place + 8 : place + 8 + length]
        place += length + 12


def _pixels(png: bytes) -> tuple[int, int, bytes]:
    """Width, height and the RGB bytes of a picture as Chromium writes it: 8 bits, RGB or RGBA, not interlaced."""
    parts = list(_chunks(png))
    width, height, _, kind, *_ = struct.unpack(">IIBBBBB", parts[0][1])
    step = 4 if kind == 6 else 3
    raw = zlib.decompress(b"".join(body for name, body in parts if name == b"IDAT"))
    stride, before, found = width * step, bytes(width * step), bytearray()
    for row in range(height):
        start = row * (stride + 1)
        before = _unfiltered(raw[start], bytearray(raw[start + 1 : start + 1 + stride]), before, step)
        found += before if step == 3 else b"".join(before[i : i + 3] for i in range(0, stride, 4))
    return width, height, bytes(found)


def _unfiltered(kind: int, line: bytearray, above: bytes, step: int) -> bytes:
    if kind == 1:
        for i in range(step, len(line)):
            line[i] = (line[i] + line[i - step]) & 255
    elif kind == 2:
        for i, up in enumerate(above):
            line[i] = (line[i] + up) & 255
    elif kind == 3:
        for i, up in enumerate(above):
            line[i] = (line[i] + ((line[i - step] if i >= step else 0) + up) // 2) & 255
    elif kind == 4:
        for i, up in enumerate(above):
            left, corner = (line[i - step], above[i - step]) if i >= step else (0, 0)
            guess = left + up - corner
            near = min((abs(guess - left), 0), (abs(guess - up), 1), (abs(guess - corner), 2))[1]
            line[i] = (line[i] + (left, up, corner)[near]) & 255
    return bytes(line)


if __name__ == "__main__":
    sys.exit(main())
