"""PostgreSQL refuses to run as root. A guise is the way in which we start it so that it does not see root.

Four ways, tried in this order, each proved by running the program before it is trusted:
a user namespace that maps root to uid 1000 (no user made, no file handed over); the owner the data folder already
has; `postgres` or `nobody`; and the same with the capability to walk through private folders such as /root.
"""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cs_platform.supervisor.problem import Problem

NAMESPACE = ("unshare", "--user", "--map-user=1000", "--map-group=1000", "--")


@dataclass(frozen=True)
class Guise:
    words: str
    prefix: tuple[str, ...] = ()
    uid: int | None = None
    gid: int | None = None

    @property
    def popen(self) -> dict[str, Any]:
        """Arguments for subprocess; a prefix changes the user by itself."""
        if self.uid is None or self.prefix:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, *folders: Path) -> None:
        if self.uid is None or self.gid is None:
            return
        for folder in folders:
            os.chown(folder, self.uid, self.gid)
            for here, dirs, files in os.walk(folder):
                for name in (*dirs, *files):
                    os.chown(os.path.join(here, name), self.uid, self.gid, follow_symlinks=False)


def _candidates(data: Path) -> Iterator[Guise]:
    owner = data.stat()
    if owner.st_uid == 0 and shutil.which("unshare"):
        yield Guise("root in a user namespace", prefix=NAMESPACE)
    ids: list[tuple[str, int, int]] = []
    if owner.st_uid != 0:
        ids.append((f"uid {owner.st_uid}, who owns the data", owner.st_uid, owner.st_gid))
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        ids.append((f"user {name}", entry.pw_uid, entry.pw_gid))
    for words, uid, gid in ids:
        yield Guise(words, uid=uid, gid=gid)
    if shutil.which("setpriv"):
        for words, uid, gid in ids:
            prefix = (
                *("setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups", "--pdeathsig=INT"),
                *("--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--"),
            )
            yield Guise(f"{words}, with leave to pass private folders", prefix=prefix, uid=uid, gid=gid)


def choose(data: Path, program: Path) -> Guise:
    """The first guise in which `program` runs and `data` can be written."""
    if os.geteuid() != 0:
        if not os.access(data, os.W_OK | os.X_OK):
            raise Problem(f"{data} belongs to another user. Run as that user, or remove the folder.")
        return Guise("the user who runs it")
    for guise in _candidates(data):
        owner = data.stat()
        if guise.uid is not None:
            os.chown(data, guise.uid, guise.gid or -1)
        probe = data / ".probe"
        try:
            proof = subprocess.run(
                [*guise.prefix, "/bin/sh", "-c", '"$1" -V && : > "$2" && rm -f "$2"', "sh", str(program), str(probe)],
                capture_output=True,
                cwd="/",
                **guise.popen,
            )
        except OSError:
            proof = None
        if proof is not None and proof.returncode == 0:
            return guise
        os.chown(data, owner.st_uid, owner.st_gid)
    raise Problem(
        "PostgreSQL will not run as root, and no other way works here. Run as an ordinary user, "
        "or set DATABASE_URL and REDIS_URL."
    )
