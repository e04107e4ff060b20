"""The browser for browser tests: Debian's Chromium, or the one at CHROMIUM_PATH."""

import os
import shutil
import subprocess
from pathlib import Path

USUAL = Path("/usr/bin/chromium")
COMMAND = "apt-get update && apt-get install -y --no-install-recommends chromium"


def find() -> Path | None:
    given = os.environ.get("CHROMIUM_PATH")
    if given:
        return Path(given) if os.access(given, os.X_OK) else None
    return USUAL if os.access(USUAL, os.X_OK) else None


def can_install() -> bool:
    return os.geteuid() == 0 and Path("/etc/debian_version").exists() and shutil.which("apt-get") is not None


def install() -> Path | None:
    """Debian's package; only where `can_install` says so."""
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for argv in (
        ["apt-get", "update", "-q"],
        ["apt-get", "install", "-y", "-q", "--no-install-recommends", "chromium"],
    ):
        done = subprocess.run(argv, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode != 0:
            print((done.stdout + done.stderr)[-1500:], flush=True)
    return find()


def how_to_get_it() -> str:
    given = os.environ.get("CHROMIUM_PATH")
    if given:
        return f"CHROMIUM_PATH is {given}, and there is no program; unset it or correct it"
    prefix = "" if os.geteuid() == 0 else "sudo "
    return f'browser tests are skipped; this gets them a browser:  {prefix}sh -c "{COMMAND}"'
