"""The embedded PostgreSQL: a data folder, a direct child, three roles and one database."""

import hashlib
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

from cs_platform.supervisor import binaries, guise, ports, processes
from cs_platform.supervisor.problem import Problem

DATABASE, OWNER, APP, ADMIN = "cs", "cs_owner", "cs_app", "cs_admin"
BOOTSTRAP = Path(__file__).with_name("bootstrap.sql")
CLEAN_ENV = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LANG": "C.UTF-8", "TZ": "UTC", "HOME": "/"}


class Postgres:
    """`durable=False` leaves out fsync: a killed process loses nothing, only a power cut would; tests are faster."""

    def __init__(self, root: Path, *, durable: bool = True) -> None:
        self.root, self.port, self.durable = root, 0, durable
        self.home = root / "postgres"
        self.data = self.home / "data"
        self.log = root / "logs" / "postgres.log"
        self.child: subprocess.Popen[bytes] | None = None
        self.home.mkdir(parents=True, exist_ok=True)
        version = self.data / "PG_VERSION"
        self.bin, self.major = binaries.postgres(int(version.read_text()) if version.exists() else None)
        self.guise = guise.choose(self.home, self.bin / "postgres")
        if self.data.exists() and self.guise.uid is not None and self.data.stat().st_uid != self.guise.uid:
            self.guise.own(self.home)

    def start(self, port: int, seconds: float = 60) -> None:
        self.port = port
        self._make_data()
        self.end_predecessor()
        end = time.monotonic() + seconds
        while not self._try_start(end):
            time.sleep(0.3)
        self._bootstrap()

    def stop(self) -> None:
        """SIGINT is PostgreSQL's fast shutdown: sessions end, everything is written, the files are clean."""
        if self.child is not None:
            processes.stop(self.child, sig=signal.SIGINT, seconds=20)

    def is_alive(self) -> bool:
        return self.child is not None and self.child.poll() is None

    # ------------------------------------------------------------------------------------------------------------

    def _make_data(self) -> None:
        """initdb into a folder that gets its name only when it is whole: a kill in the middle leaves nothing half."""
        if (self.data / "PG_VERSION").exists():
            return
        making = self.home / "making"
        shutil.rmtree(making, ignore_errors=True)
        argv = [
            *self.guise.prefix,
            *(str(self.bin / "initdb"), "-D", str(making), "-U", "postgres", "-A", "trust", "--encoding=UTF8"),
            *(["--locale-provider=builtin"] if self.major >= 17 else []),
            *("--locale=C.UTF-8", "--no-instructions", "--no-sync"),
        ]
        made = subprocess.run(argv, capture_output=True, text=True, env=CLEAN_ENV, cwd="/", **self.guise.popen)
        if made.returncode != 0:
            raise Problem(f"initdb failed (as {self.guise.words}):\n{(made.stdout + made.stderr)[-1500:]}")
        making.rename(self.data)

    def end_predecessor(self) -> None:
        """A postmaster of an earlier life may still be shutting down; a pid file of one long dead may lie about.

        PostgreSQL takes any live process with that number for its predecessor (a zombie, or a stranger after a
        restart of the container) and refuses to start, so we look closer than it does.
        """
        pid_file = self.data / "postmaster.pid"
        try:
            pid = int(pid_file.read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return
        words = processes.command_line(pid)
        ours = bool(words) and str(self.data) in words and "postgres" in words[0]
        if ours:
            patience = ((signal.SIGINT, 15.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0))
            processes.end_stranger(pid, processes.identity(pid), *patience)
        pid_file.unlink(missing_ok=True)

    def _options(self) -> dict[str, str]:
        return {
            "listen_addresses": ports.HOST,
            "port": str(self.port),
            "unix_socket_directories": "",  # a deep folder would not fit into a socket's name; TCP serves all
            "max_connections": "200",
            "shared_buffers": "256MB" if self.durable else "128MB",
            # What was answered must outlive a killed server: with "off", the last half second of commits does not.
            "synchronous_commit": "on",
            "shared_preload_libraries": "pg_stat_statements",
            "jit": "off",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "max_wal_size": "2GB",
            **({} if self.durable else {"fsync": "off", "full_page_writes": "off"}),
        }

    def _try_start(self, deadline: float) -> bool:
        """Starts the server once. False: it ended by itself over a predecessor's shared memory; try again."""
        mark = self.log.stat().st_size if self.log.exists() else 0
        argv = [*self.guise.prefix, str(self.bin / "postgres"), "-D", str(self.data)]
        for name, value in self._options().items():
            argv += ["-c", f"{name}={value}"]
        self.child = processes.spawn(
            argv,
            log=self.log,
            on_parent_death=signal.SIGINT,
            env=CLEAN_ENV,
            cwd=Path("/"),
            as_user=self.guise.popen,
        )
        while not self._answers():
            if self.child.poll() is not None:
                said = self.log.read_bytes()[mark:].decode(errors="replace")
                if re.search("shared memory block|lock file", said) and time.monotonic() < deadline:
                    return False
                raise Problem(f"PostgreSQL did not start (as {self.guise.words}); {self.log} says:\n{said[-1500:]}")
            if time.monotonic() > deadline:
                self.stop()
                raise Problem(f"PostgreSQL did not answer on port {self.port} in time; see {self.log}")
            time.sleep(0.03)
        return True

    def _answers(self) -> bool:
        return ports.answers(self.port) and self._psql("select 1").returncode == 0

    def _psql(self, sql: str, *, database: str = "postgres") -> "subprocess.CompletedProcess[str]":
        argv = [
            *(str(self.bin / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", ports.HOST, "-p", str(self.port)),
            *("-U", "postgres", "-d", database, "-f", "-"),
        ]
        return subprocess.run(argv, input=sql, capture_output=True, text=True, env=CLEAN_ENV, cwd="/")

    def _bootstrap(self) -> None:
        """Roles, database, extensions; once per version of bootstrap.sql, and harmless when repeated."""
        cluster, _, each = BOOTSTRAP.read_text().partition("-- in each database\n")
        done = self.home / "bootstrapped"
        version = f"{hash_of(cluster + each)}\n"
        if done.exists() and done.read_text() == version:
            return
        for database, sql in (("postgres", cluster), ("template1", each), (DATABASE, each)):
            ran = self._psql(sql, database=database)
            if ran.returncode != 0:
                raise Problem(f"preparing database {database} failed:\n{ran.stderr[-1500:]}")
        done.write_text(version)


def hash_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
