"""Writes docker/requirements*.txt: of the locked packages those that the image needs, with their hashes.

requirements.lock holds everything that a checkout needs, test tools and embedded servers included. Run it in the
environment of `make setup` when the lock has changed: `.venv/bin/python docker/lock.py`. `--check` only compares.
"""

import re
import sys
import tomllib
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PRODUCT, NEIGHBOURS = ROOT / "docker/requirements.txt", ROOT / "docker/requirements-neighbours.txt"
HEAD = "# Made by docker/lock.py from pyproject.toml and requirements.lock. Do not edit.\n"


def locked() -> dict[str, str]:
    """Name to its block in the lock: the pinned version and its hashes."""
    blocks = re.split(r"(?m)^(?=[A-Za-z0-9])", (ROOT / "requirements.lock").read_text())[1:]
    return {canonicalize_name(re.split(r"[=\[ ;]", block)[0]): block.rstrip() + "\n" for block in blocks}


def closure(wanted: list[str]) -> set[str]:
    """These requirements and all that they require, as the installed packages say."""
    found: set[str] = set()
    seen: set[tuple[str, str]] = set()
    waiting = [Requirement(text) for text in wanted]
    while waiting:
        asked = waiting.pop()
        name = canonicalize_name(asked.name)
        found.add(name)
        for extra in ("", *asked.extras):
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            for text in distribution(name).requires or ():
                needed = Requirement(text)
                if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                    waiting.append(needed)
    return found


def wanted() -> dict[Path, str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    sink = [text for text in project["optional-dependencies"]["dev"] if text.startswith("aiosmtpd")]
    blocks, product = locked(), closure(project["dependencies"])
    files = {PRODUCT: product, NEIGHBOURS: closure(sink) - product}
    return {path: HEAD + "".join(blocks[name] for name in sorted(names)) for path, names in files.items()}


def main() -> int:
    stale = [path for path, text in wanted().items() if not path.exists() or path.read_text() != text]
    if "--check" in sys.argv:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is not what the lock says. Run: .venv/bin/python docker/lock.py")
        return bool(stale)
    for path, text in wanted().items():
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
