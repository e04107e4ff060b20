"""Test databases: migrated once as the owner into a template, then copied for every worker.

The template's name carries a hash of everything that shapes the tables, so that it is made again only when one of
those files changes. Copying takes a tenth of a second; migrating takes seconds.
"""

import contextlib
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg2
from psycopg2 import errors, sql

BASE_DIR = Path(__file__).resolve().parents[1]
ROOMS = ("cs_platform", "accounts", "activities", "lifecycle", "campaigns", "onboarding", "integrations")
SHAPING = ("**/migrations/*.py", "**/models.py", "**/models/*.py", "**/operations.py", "**/guards.py", "**/apps.py")
KEPT_TEMPLATES = 3
TEMPLATE = "test_cs_template_"


def with_name(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def fingerprint() -> str:
    digest = hashlib.sha256()
    files = {path for room in ROOMS for pattern in SHAPING for path in (BASE_DIR / room).glob(pattern)}
    for path in (*sorted(files), BASE_DIR / "cs_platform/settings.py", BASE_DIR / "requirements.lock"):
        digest.update(str(path.relative_to(BASE_DIR)).encode())
        with contextlib.suppress(FileNotFoundError):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


@contextlib.contextmanager
def _maintenance(owner_url: str) -> Iterator[Any]:
    """A cursor outside any test database, one user of this module at a time."""
    connection = psycopg2.connect(with_name(owner_url, "postgres"))
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(7239114)")
            yield cursor
    finally:
        connection.close()


def create(name: str, owner_url: str) -> None:
    """A fresh, migrated database `name`, owned by the owner."""
    with _maintenance(owner_url) as cursor:
        template = _template(cursor, owner_url)
        _drop(cursor, name)
        cursor.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )


def drop(name: str, owner_url: str) -> None:
    with _maintenance(owner_url) as cursor:
        _drop(cursor, name)


def _drop(cursor: Any, name: str) -> None:
    """An autovacuum worker that happens to be in the database can not be ended by us, but it soon ends by itself."""
    for attempt in range(20):
        try:
            cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
            return
        except (errors.InsufficientPrivilege, errors.ObjectInUse):
            if attempt == 19:
                raise
            time.sleep(0.25)


def _template(cursor: Any, owner_url: str) -> str:
    name = TEMPLATE + fingerprint()
    cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
    if cursor.fetchone():
        return name
    making = TEMPLATE + "making"
    _drop(cursor, making)
    cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(making)))
    _migrate(with_name(owner_url, making))
    cursor.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(making), sql.Identifier(name)))
    cursor.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(name), sql.Literal(str(time.time()))))
    _forget_old_templates(cursor)
    return name


def _migrate(owner_url: str) -> None:
    """In a process of its own and as the owner: the way a release does it."""
    env = os.environ | {"CS_ENV": "test", "DATABASE_URL": owner_url, "DATABASE_OWNER_URL": owner_url}
    done = subprocess.run(
        [sys.executable, str(BASE_DIR / "manage.py"), "migrate", "--noinput", "-v", "0"],
        env=env,
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise RuntimeError(f"migrating the test database failed:\n{done.stdout[-2000:]}{done.stderr[-6000:]}")


def _forget_old_templates(cursor: Any) -> None:
    cursor.execute(
        "SELECT datname FROM pg_database WHERE datname LIKE %s "
        "ORDER BY coalesce(shobj_description(oid, 'pg_database'), '') DESC OFFSET %s",
        [TEMPLATE.replace("_", r"\_") + "%", KEPT_TEMPLATES],
    )
    for (name,) in cursor.fetchall():
        with contextlib.suppress(errors.ObjectInUse):
            cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))
