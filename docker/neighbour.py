"""`neighbour.py PORT MODULE ARGS…`: runs a module that listens on loopback only, and lets the other containers in.

The mail sink and the sandbox org trust whoever reaches them, so they bind to 127.0.0.1 and nothing else. In a container
that is a network of its own: this passes connections on from PORT to PORT + 1, where the module listens.
"""

import asyncio
import contextlib
import signal
import sys


async def pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await source.read(65536):
            target.write(chunk)
            await target.drain()
    with contextlib.suppress(OSError, RuntimeError):
        if target.can_write_eof():
            target.write_eof()


async def serve(port: int, argv: list[str]) -> int:
    child = await asyncio.create_subprocess_exec(sys.executable, "-m", *argv, "--port", str(port + 1))

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port + 1)
            await asyncio.gather(pump(reader, inner_writer), pump(inner_reader, writer))
            inner_writer.close()
        writer.close()

    server = await asyncio.start_server(connected, "0.0.0.0", port)
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, child.send_signal, sign)
    code = await child.wait()
    server.close()
    return code


if __name__ == "__main__":
    sys.exit(asyncio.run(serve(int(sys.argv[1]), sys.argv[2:])))
