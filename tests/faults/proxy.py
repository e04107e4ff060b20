"""A TCP proxy that misbehaves on demand, in front of one server.

pass: bytes go through.  reset: every connection is answered with RST, new ones too.  hole: connections are accepted,
nothing goes through until it heals.  drip: a few bytes at a time.  cut: each connection gets N bytes more, then RST.
half: what the server says is cut off by an early end of the stream, while the way to the server stays open.
"""

import asyncio
import contextlib
import socket
import struct
import threading
from typing import Any

HOST = "127.0.0.1"
MODES = ("pass", "reset", "hole", "drip", "cut", "half")
NO_LINGER = struct.pack("ii", 1, 0)  # close() then sends RST


class Link:
    """One connection: the client's side, the server's side, and how many bytes it still gets."""

    def __init__(self, client: asyncio.StreamWriter) -> None:
        self.client = client
        self.server: asyncio.StreamWriter | None = None
        self.budget: int | None = None

    def abort(self) -> None:
        for side in (self.client, self.server):
            if side is not None and not side.transport.is_closing():
                sock = side.get_extra_info("socket")
                with contextlib.suppress(OSError):
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
                side.transport.abort()


class Proxy:
    """Listens on `port` and speaks to `target`. All proxies share one thread (Loop)."""

    def __init__(self, loop: "Loop", port: int, target: int) -> None:
        self.loop, self.port, self.target = loop, port, target
        self.mode, self.accepted, self.cut_after, self.pace = "pass", 0, 0, (1, 0.05)
        self.links: set[Link] = set()
        self.changed = asyncio.Event()
        loop.call(self._listen())

    @property
    def open(self) -> int:
        return len(self.links)

    def set(self, mode: str, *, cut_after: int = 0, pace: tuple[int, float] = (1, 0.05)) -> None:
        """From now on, for open connections too. Leaving a hole with "reset" loses what was swallowed."""
        if mode not in MODES:
            raise ValueError(mode)
        self.loop.call(self._set(mode, cut_after, pace))

    async def _listen(self) -> None:
        self.server = await asyncio.start_server(self._accept, HOST, self.port, limit=2**18)

    async def _set(self, mode: str, cut_after: int, pace: tuple[int, float]) -> None:
        self.mode, self.cut_after, self.pace = mode, cut_after, pace
        for link in list(self.links):
            link.budget = cut_after if mode == "cut" else None
            if mode == "reset":
                link.abort()
            elif mode == "half" and link.client.can_write_eof():
                with contextlib.suppress(OSError, RuntimeError):
                    link.client.write_eof()
        self.changed.set()
        self.changed = asyncio.Event()

    async def _accept(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        link = Link(client)
        self.accepted += 1
        if self.mode == "reset":
            link.abort()
            return
        link.budget = self.cut_after if self.mode == "cut" else None
        self.links.add(link)
        try:
            back, link.server = await asyncio.open_connection(HOST, self.target, limit=2**18)
            ways = (self._pump(link, reader, link.server), self._pump(link, back, client))
            await asyncio.gather(*ways, return_exceptions=True)
        except OSError:
            pass
        finally:
            self.links.discard(link)
            link.abort()

    async def _pump(self, link: Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                await self._forward(link, data, writer)
            if writer.can_write_eof():
                writer.write_eof()
        except (OSError, RuntimeError):
            link.abort()  # the other side must hear of it as well

    async def _forward(self, link: Link, data: bytes, writer: asyncio.StreamWriter) -> None:
        while data:
            while self.mode == "hole":
                await self.changed.wait()
            if link.budget is not None:
                if len(data) > link.budget:
                    writer.write(data[: link.budget])
                    with contextlib.suppress(OSError):
                        await writer.drain()
                    link.abort()
                    raise ConnectionAbortedError
                link.budget -= len(data)
            size, pause = self.pace if self.mode == "drip" else (len(data), 0)
            writer.write(data[:size])
            await writer.drain()
            data = data[size:]
            if pause:
                await asyncio.sleep(pause)


class Loop:
    """The thread in which the proxies live."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxies", daemon=True)
        self._thread.start()

    def call(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def stop(self) -> None:
        self.call(_end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


async def _end() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks, timeout=5) if tasks else None
