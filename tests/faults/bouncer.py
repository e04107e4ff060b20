"""PgBouncer in transaction mode, as an ordinary user, in a folder of its own: the installed one, else Debian's package
unpacked beside it. Nothing is installed."""

import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from cs_platform.supervisor import guise, ports, processes

PACKAGES = ("pgbouncer", "libc-ares2", "libevent-2.1-7")
USERS = ("cs_app", "cs_owner", "postgres")


class NotToBeHad(Exception):
    """There is no PgBouncer here and none can be fetched; the words say why."""


def program(folder: Path) -> Path:
    """The path of a PgBouncer that runs, whoever starts it."""
    found = shutil.which("pgbouncer") or shutil.which("/usr/sbin/pgbouncer")
    if found:
        return Path(found)
    starter = folder / "pgbouncer"
    if not starter.exists():
        _unpack(folder)
        libraries = ":".join(str(path.parent) for path in sorted((folder / "tree").rglob("libcares.so.2")))
        starter.write_text(f'#!/bin/sh\nLD_LIBRARY_PATH="{libraries}" exec "{folder}/tree/usr/sbin/pgbouncer" "$@"\n')
        starter.chmod(0o755)
    return starter


def _unpack(folder: Path) -> None:
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        raise NotToBeHad("pgbouncer is not installed, and Debian's package can not be fetched: no apt-get here")
    fetched = folder / "packages"
    fetched.mkdir(parents=True, exist_ok=True)
    for name in PACKAGES:
        got = subprocess.run(["apt-get", "download", name], cwd=fetched, capture_output=True, text=True)
        if got.returncode != 0 and name == "pgbouncer":
            raise NotToBeHad(f"apt-get download pgbouncer failed: {got.stderr.strip()[-300:]}")
    for package in fetched.glob("*.deb"):
        subprocess.run(["dpkg", "-x", str(package), str(folder / "tree")], check=True, capture_output=True)


@dataclass
class Bouncer:
    """`with Bouncer(folder, port, target, pool=2) as bouncer`: up to `pool` connections for each user and database."""

    folder: Path
    port: int
    target: int
    pool: int

    def __enter__(self) -> "Bouncer":
        starter = program(self.folder)
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        (home / "users.txt").write_text("".join(f'"{user}" ""\n' for user in USERS))
        (home / "pgbouncer.ini").write_text(self._settings(home))
        chosen = guise.choose(home, starter)
        chosen.own(home)
        self.log = home / "pgbouncer.log"
        self.child = processes.spawn(
            [*chosen.prefix, str(starter), str(home / "pgbouncer.ini")],
            log=self.folder / "pgbouncer.out", cwd=Path("/"), as_user=chosen.popen, env=dict(os.environ),
        )  # fmt: skip
        end = time.monotonic() + 15
        while not ports.answers(self.port):
            if self.child.poll() is not None or time.monotonic() > end:
                raise NotToBeHad(f"pgbouncer did not start:\n{(self.folder / 'pgbouncer.out').read_text()[-1500:]}")
            time.sleep(0.05)
        return self

    def __exit__(self, *_: object) -> None:
        processes.stop(self.child)

    def _settings(self, home: Path) -> str:
        return f"""
[databases]
* = host={ports.HOST} port={self.target}
[pgbouncer]
listen_addr = {ports.HOST}
listen_port = {self.port}
unix_socket_dir =
auth_type = trust
auth_file = {home}/users.txt
logfile = {home}/pgbouncer.log
pool_mode = transaction
default_pool_size = {self.pool}
reserve_pool_size = 0
max_client_conn = 400
ignore_startup_parameters = extra_float_digits,options
query_wait_timeout = 60
"""
