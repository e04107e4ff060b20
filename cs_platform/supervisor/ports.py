"""Ports below 32768: above that the kernel hands them out to outgoing connections, and a server finds its own taken."""

import json
import socket
from pathlib import Path

from cs_platform.supervisor.problem import Problem

HOST = "127.0.0.1"
HIGHEST = 32767


def is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return not answers(port)


def answers(port: int, seconds: float = 0.3) -> bool:
    try:
        socket.create_connection((HOST, port), seconds).close()
    except OSError:
        return False
    return True


def choose(name: str, preferred: int, memory: Path, *, avoid: frozenset[int] = frozenset()) -> int:
    """The port remembered for `name`, else the preferred one, else the next that is free; remembers the answer."""
    remembered = recall(memory)
    usual = range(preferred, min(preferred + 400, HIGHEST))
    first = remembered.get(name, preferred)
    candidates: list[int] = [*([first] if first in usual else []), *usual]
    for port in candidates:
        if port not in avoid and is_free(port):
            if remembered.get(name) != port:
                remember(memory, name, port)
            return port
    raise Problem(f"no free port for {name} from {usual.start} to {usual.stop - 1}")


def recall(memory: Path) -> dict[str, int]:
    try:
        return {str(k): int(v) for k, v in json.loads(memory.read_text()).items()}
    except (OSError, ValueError, AttributeError):
        return {}


def remember(memory: Path, name: str, port: int) -> None:
    memory.parent.mkdir(parents=True, exist_ok=True)
    known = recall(memory) | {name: port}
    draft = memory.with_suffix(".new")
    draft.write_text(json.dumps(known, indent=1, sort_keys=True))
    draft.replace(memory)
