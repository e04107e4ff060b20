"""The supervisor for real, in a folder of its own: start, stop, be killed, recover."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from cs_platform.supervisor import ports, processes, services
from cs_platform.supervisor.services import BASE_DIR, NAMES


def call(action: str, folder: Path, *more: str) -> "subprocess.CompletedProcess[str]":
    env = {k: v for k, v in os.environ.items() if not k.startswith(("DATABASE", "REDIS", "CS_"))}
    argv = [sys.executable, "-m", "cs_platform.supervisor", action, "--dir", str(folder), "--fast", "--shift", "2000"]
    return subprocess.run([*argv, *more], env=env, cwd=BASE_DIR, capture_output=True, text=True, timeout=120)


def addresses_of(printed: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in printed.splitlines())


def ask(url: str, sql: str) -> object:
    with contextlib.closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else None


def pids(folder: Path) -> dict[str, int]:
    keeper = json.loads((folder / "keeper.json").read_text())["pid"]
    postmaster = int((folder / "postgres" / "data" / "postmaster.pid").read_text().split()[0])
    return {"keeper": keeper, "postgres": postmaster, "valkey": _child_named(keeper, "valkey-server")}


def _child_named(parent: int, name: str) -> int:
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            words = processes.command_line(int(path.parent.name))
            if int(fields[1]) == parent and words and name in words[0]:
                return int(path.parent.name)
    raise LookupError(name)


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def gone(pid: int, seconds: float = 20) -> bool:
    return processes.wait_for_end(pid, seconds)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One data folder for the module: making it takes a second, and every test leaves it running."""
    folder = tmp_path_factory.mktemp("services") / "data"
    yield folder
    call("down", folder)


@pytest.fixture
def up(folder: Path) -> dict[str, str]:
    started = call("up", folder)
    assert started.returncode == 0, started.stderr
    return addresses_of(started.stdout)


def test_up_prints_what_a_shell_can_eval_and_prepares_roles(up: dict[str, str]) -> None:
    assert tuple(up) == NAMES
    assert ask(up["DATABASE_URL"], "SELECT current_user, current_database()") == [("cs_app", "cs")]
    roles = ask(
        up["DATABASE_OWNER_URL"],
        "SELECT rolname, rolsuper, rolbypassrls, rolcreatedb, rolcanlogin FROM pg_roles "
        "WHERE rolname LIKE 'cs\\_%' ORDER BY rolname",
    )
    assert roles == [
        ("cs_admin", False, True, False, False),
        ("cs_app", False, False, False, True),
        ("cs_owner", False, False, True, True),
    ]
    for url in (up["DATABASE_OWNER_URL"], up["DATABASE_OWNER_URL"].rsplit("/", 1)[0] + "/template1"):
        assert ask(url, "SELECT count(*) FROM pg_extension WHERE extname IN ('pg_trgm', 'btree_gin')") == [(2,)]
        leakproof = "SELECT bool_and(proleakproof) FROM pg_proc WHERE proname IN ('textlike', 'texticlike')"
        assert ask(url, leakproof) == [(True,)]


def test_the_owner_can_hand_a_function_to_the_admin_role(up: dict[str, str]) -> None:
    ask(up["DATABASE_OWNER_URL"], "CREATE OR REPLACE FUNCTION look() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    ask(up["DATABASE_OWNER_URL"], "ALTER FUNCTION look() OWNER TO cs_admin")
    ask(up["DATABASE_OWNER_URL"], "DROP FUNCTION look()")


def test_up_twice_is_the_same_server(up: dict[str, str], folder: Path) -> None:
    before = pids(folder)
    assert addresses_of(call("up", folder).stdout) == up
    assert pids(folder) == before
    assert json.loads((folder / "services.json").read_text()) == up


def test_starters_at_the_same_moment_share_one_server(folder: Path) -> None:
    call("down", folder)
    argv = [sys.executable, "-m", "cs_platform.supervisor", "up", "--dir", str(folder), "--fast", "--shift", "2000"]
    env = {k: v for k, v in os.environ.items() if not k.startswith(("DATABASE", "REDIS", "CS_"))}
    starters = [subprocess.Popen(argv, env=env, cwd=BASE_DIR, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    answers = {starter.communicate(timeout=120)[0] for starter in starters}
    assert len(answers) == 1
    assert [starter.returncode for starter in starters] == [0, 0, 0, 0]


def test_a_killed_keeper_takes_its_servers_along_and_the_next_start_finds_the_data(
    up: dict[str, str], folder: Path
) -> None:
    ask(up["DATABASE_OWNER_URL"], "CREATE TABLE IF NOT EXISTS kept (n int)")
    ask(up["DATABASE_OWNER_URL"], "TRUNCATE kept; INSERT INTO kept VALUES (7)")
    before = pids(folder)
    kill(before["keeper"])
    assert gone(before["postgres"]) and gone(before["valkey"])
    again = call("up", folder)
    assert again.returncode == 0, again.stderr
    assert ask(up["DATABASE_OWNER_URL"], "SELECT n FROM kept") == [(7,)]


def test_everything_killed_at_once_recovers(up: dict[str, str], folder: Path) -> None:
    for pid in pids(folder).values():
        kill(pid)
    again = call("up", folder)
    assert again.returncode == 0, again.stderr
    assert addresses_of(again.stdout) == up
    assert ask(up["DATABASE_URL"], "SELECT 1") == [(1,)]


@pytest.mark.parametrize("victim", ["postgres", "valkey"])
def test_a_killed_server_is_started_again(up: dict[str, str], folder: Path, victim: str) -> None:
    kill(pids(folder)[victim])
    end = time.monotonic() + 30
    while services.running(folder) is None or not _answers(up):
        assert time.monotonic() < end
        time.sleep(0.1)


def _answers(up: dict[str, str]) -> bool:
    try:
        return ask(up["DATABASE_URL"], "SELECT 1") == [(1,)]
    except psycopg2.OperationalError:
        return False


def test_a_pid_file_that_names_a_stranger_is_not_believed(up: dict[str, str], folder: Path) -> None:
    call("down", folder)
    pid_file = folder / "postgres" / "data" / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{folder}\n0\n1\n\n\n0 0\n")
    again = call("up", folder)
    assert again.returncode == 0, again.stderr


def test_a_taken_port_is_left_to_its_owner(up: dict[str, str], folder: Path) -> None:
    import socket

    call("down", folder)
    port = ports.recall(folder / "ports.json")["postgres"]
    with socket.create_server((ports.HOST, port)):
        moved = addresses_of(call("up", folder).stdout)
    assert f":{port}/" not in moved["DATABASE_URL"]
    assert ask(moved["DATABASE_URL"], "SELECT 1") == [(1,)]


def test_status_and_down(up: dict[str, str], folder: Path) -> None:
    assert call("status", folder).returncode == 0
    before = pids(folder)
    assert call("down", folder).returncode == 0
    assert all(gone(pid, 5) for pid in before.values())
    told = call("status", folder)
    assert told.returncode == 3 and told.stdout.startswith("down")
    assert call("down", folder).returncode == 0


def test_given_addresses_start_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://a@db/x")
    monkeypatch.setenv("DATABASE_OWNER_URL", "postgresql://o@db/x")
    monkeypatch.setenv("REDIS_URL", "redis://r/0")
    assert services.up(tmp_path / "none")["DATABASE_OWNER_URL"] == "postgresql://o@db/x"
    assert not (tmp_path / "none").exists()
