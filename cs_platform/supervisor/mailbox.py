"""A mail server for the demo and the tests: keeps every mail as a file, sends none on, and fails when told to.

It does not de-duplicate: a mail that was sent twice is there twice. Faults are read from `faults.json` in its folder
before every mail, so that a test or a person can switch them in a running process.
"""

import argparse
import asyncio
import fnmatch
import json
import os
import signal
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiosmtpd.smtp import SMTP, Envelope, Session

INDEX, FAULTS = "index.jsonl", "faults.json"


class Mailbox:
    """The folder: one .eml per mail and one line per mail in index.jsonl."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def mails(self) -> list[dict[str, Any]]:
        """What arrived, oldest first: file, from, to, subject, at, message_id."""
        try:
            lines = (self.folder / INDEX).read_text().splitlines()
        except FileNotFoundError:
            return []
        return [json.loads(line) for line in lines if line.endswith("}")]

    def read(self, file: str) -> bytes:
        return (self.folder / Path(file).name).read_bytes()

    def clear(self) -> None:
        for path in (*self.folder.glob("*.eml"), self.folder / INDEX):
            path.unlink(missing_ok=True)

    def fail(
        self,
        *,
        refuse: bool | Sequence[str] = False,
        tempfail: bool | Sequence[str] = False,
        drop: str = "",
        slow: float = 0,
        times: int | None = None,
    ) -> None:
        """Switches faults on.

        refuse, tempfail: answer 550 or 451 to these recipients (True: to all; else patterns like *@nowhere.example);
        drop: cut the line after DATA without an answer, the mail "kept" or "lost"; slow: seconds before the answer to
        DATA; times: stop failing after so many.
        """
        faults = {"refuse": refuse, "tempfail": tempfail, "drop": drop, "slow": slow, "times": times}
        _replace(self.folder / FAULTS, json.dumps(faults, default=list))

    def heal(self) -> None:
        (self.folder / FAULTS).unlink(missing_ok=True)

    def faults(self) -> dict[str, Any]:
        try:
            faults = json.loads((self.folder / FAULTS).read_text())
        except (OSError, ValueError):
            return {}
        return faults if isinstance(faults, dict) and faults.get("times") != 0 else {}

    def keep(self, content: bytes, sender: str, recipients: Sequence[str]) -> str:
        message = message_from_bytes(content, policy=policy.compat32)
        at = _now()
        name = f"{at:%Y%m%dT%H%M%S}-{uuid4().hex[:12]}.eml"
        _replace(self.folder / name, content)
        line = {
            "file": name,
            "from": sender,
            "to": list(recipients),
            "subject": _header(message.get("Subject", "")),
            "at": at.isoformat(),
            "message_id": str(message.get("Message-ID", "")).strip(),
        }
        with open(self.folder / INDEX, "a") as index:
            index.write(json.dumps(line) + "\n")
        return name

    def count_fault(self) -> None:
        faults = self.faults()
        if faults.get("times"):
            _replace(self.folder / FAULTS, json.dumps(faults | {"times": faults["times"] - 1}))


class Handler:
    """What aiosmtpd asks at each step of a session."""

    def __init__(self, mailbox: Mailbox) -> None:
        self.mailbox = mailbox

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        faults = self.mailbox.faults()
        for fault, answer in (("refuse", "550 5.1.1 no such mailbox"), ("tempfail", "451 4.3.0 try again later")):
            who = faults.get(fault)
            if who is True or (isinstance(who, list) and any(fnmatch.fnmatch(address.lower(), p.lower()) for p in who)):
                self.mailbox.count_fault()
                return answer
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 recipient ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        faults = self.mailbox.faults()
        if faults.get("slow"):
            self.mailbox.count_fault()
            await asyncio.sleep(float(faults["slow"]))
        content = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content or "").encode()
        if faults.get("drop") != "lost":
            self.mailbox.keep(content, envelope.mail_from or "", [str(to) for to in envelope.rcpt_tos])
        if faults.get("drop"):
            self.mailbox.count_fault()
            if isinstance(server.transport, asyncio.WriteTransport):
                server.transport.abort()
        return "250 2.0.0 kept"


class MailboxServer:
    """Serves a mailbox from a thread of this process; port 0 takes any free one."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.mailbox, self.port = Mailbox(folder), port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="mailbox", daemon=True)

    def start(self) -> None:
        self._thread.start()
        server = asyncio.run_coroutine_threadsafe(_listen(self.mailbox, self.port), self._loop).result(10)
        self._server = server
        self.port = server.sockets[0].getsockname()[1]

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(_close(self._server), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


async def _listen(mailbox: Mailbox, port: int) -> asyncio.Server:
    handler = Handler(mailbox)
    return await asyncio.get_running_loop().create_server(
        lambda: SMTP(handler, hostname="mailbox.local", ident="mailbox", enable_SMTPUTF8=True, timeout=120),
        "127.0.0.1",
        port,
    )


async def _close(server: asyncio.Server) -> None:
    server.close()
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
    await asyncio.sleep(0)


async def _serve(mailbox: Mailbox, port: int) -> None:
    server = await _listen(mailbox, port)
    stop = asyncio.Event()
    for sig in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sig, stop.set)
    print(f"mailbox: listening on 127.0.0.1:{port}, mails go to {mailbox.folder}", flush=True)
    await stop.wait()
    await _close(server)


def _now() -> datetime:
    """The test clock when there is one, so that a mail carries the day on which the product sent it."""
    clock = os.environ.get("CS_CLOCK_FILE") if os.environ.get("CS_ENV") == "test" else None
    if not clock:
        return datetime.now(UTC)
    instant = datetime.fromisoformat(Path(clock).read_text().strip())
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)


def _header(raw: str) -> str:
    from email.header import decode_header, make_header

    try:
        return str(make_header(decode_header(str(raw)))).replace("\r", "").replace("\n", "")
    except (LookupError, ValueError):
        return str(raw)


def _replace(path: Path, content: bytes | str) -> None:
    draft = path.with_name(f".{path.name}.{uuid4().hex[:8]}")
    draft.write_bytes(content if isinstance(content, bytes) else content.encode())
    draft.replace(path)


def main() -> None:
    parser = argparse.ArgumentParser(prog="mailbox", description=__doc__)
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--port", type=int, default=18025)
    options = parser.parse_args()
    asyncio.run(_serve(Mailbox(options.dir.resolve()), options.port))


if __name__ == "__main__":
    main()
