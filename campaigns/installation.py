"""Which installation this is, so that a copy of the data that wakes up elsewhere does not mail anybody."""

import contextlib
import os
import uuid
from pathlib import Path

from django.conf import settings

FILE = "installation-id"


def installation_id() -> str:
    """Who we are: CS_INSTALLATION_ID, else what stands in a file of the data folder, made at the first time. Empty if
    neither can be had; then nothing is sent."""
    return str(settings.CS_INSTALLATION_ID or _from_file(Path(settings.CS_DATA_DIR) / FILE))


def _from_file(path: Path) -> str:
    return _read(path) or (_make(path) and _read(path)) or ""


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()[:100]
    except OSError:
        return ""


def _make(path: Path) -> bool:
    """True if there is such a file now, whichever process was first."""
    draft = path.with_name(f".{FILE}.{uuid.uuid4().hex}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(str(uuid.uuid4()))
        os.link(draft, path)
    except OSError:
        pass
    finally:
        with contextlib.suppress(OSError):
            draft.unlink()
    return path.is_file()
