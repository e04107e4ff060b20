"""A mail server that takes everything and keeps nothing: `python -m cs_platform.bench.sink PORT`."""

import asyncio
import sys

END = b"\r\n.\r\n"


class Sink(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.line, self.rest, self.in_text = transport, b"", False
        self.line.write(b"220 sink ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self.rest += data
        while True:
            mark = END if self.in_text else b"\r\n"
            end = self.rest.find(mark)
            if end < 0:
                return
            word, self.rest = self.rest[:4].upper(), self.rest[end + len(mark) :]
            if self.in_text:
                self.in_text, answer = False, b"250 taken"
            elif word == b"EHLO":
                answer = b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8"
            elif word == b"DATA":
                self.in_text, answer = True, b"354 go on"
            else:
                answer = b"221 bye" if word == b"QUIT" else b"250 ok"
            self.line.write(answer + b"\r\n")
            if word == b"QUIT" and not self.in_text and answer.startswith(b"221"):
                self.line.close()
                return


async def serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
