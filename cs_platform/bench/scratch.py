"""A database that is made for one run and dropped after it, beside the product's own on the same server."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg2
from django.conf import settings
from django.db import connections
from psycopg2 import sql

NAME = "cs_bench"


def with_name(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def owner_url() -> str:
    return with_name(settings.DATABASE_OWNER_URL, str(connections["default"].settings_dict["NAME"]))


def environment() -> dict[str, str]:
    """For processes that work on the same database."""
    name = str(connections["default"].settings_dict["NAME"])
    return {
        **os.environ,
        "DATABASE_URL": with_name(settings.DATABASE_URL, name),
        "DATABASE_OWNER_URL": owner_url(),
        "REDIS_URL": settings.REDIS_URL,
    }


@contextmanager
def database() -> Iterator[None]:
    """The product's connection leads to a fresh, migrated database inside, and back to its own after."""
    name, default = f"{NAME}_{os.getpid()}", connections["default"]
    before = default.settings_dict["NAME"]
    default.close()
    try:
        _maintain("CREATE DATABASE {}", name)
        default.settings_dict["NAME"] = name
        _migrate()
        yield
    finally:
        connections.close_all()
        default.settings_dict["NAME"] = before
        _maintain("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


def _maintain(statement: str, name: str) -> None:
    connection = psycopg2.connect(with_name(settings.DATABASE_OWNER_URL, "postgres"))
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL(statement).format(sql.Identifier(name)))
    finally:
        connection.close()


def _migrate() -> None:
    """In a process of its own and as the owner: the way a release does it."""
    manage = str(settings.BASE_DIR / "manage.py")
    argv = [sys.executable, manage, "migrate", "--noinput", "-v", "0"]
    done = subprocess.run(argv, env=environment(), capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"migrating the benchmark's database failed:\n{done.stderr[-3000:]}")


class Owner:
    """The floor's connection: the owner's, in autocommit, without the product in between."""

    def __init__(self) -> None:
        self.connection = psycopg2.connect(owner_url())
        self.connection.autocommit = True
        self.cursor = self.connection.cursor()

    def __call__(self, statement: str, params: Any = None) -> list[tuple[Any, ...]]:
        self.cursor.execute(statement, params)
        return self.cursor.fetchall() if self.cursor.description else []

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self("BEGIN")
        try:
            yield
        except BaseException:
            self("ROLLBACK")
            raise
        self("COMMIT")

    def vacuum(self, *tables: str) -> None:
        for table in tables or ("",):
            self(f"VACUUM ANALYZE {table}")

    def close(self) -> None:
        self.connection.close()
