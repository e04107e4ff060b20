"""The two locks on a tenant's rows, each of which can be opened by itself to see whether the other holds."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from django.db import connection, models
from psycopg2 import sql

from cs_platform.tenancy.managers import ScopedManager
from tests.house.isolation import canaries
from tests.house.isolation.world import tenant_models


@contextmanager
def scoping_off() -> Iterator[None]:
    """The application asks for everybody's rows; row-level security alone holds."""
    with mock.patch.object(ScopedManager, "get_queryset", models.Manager.get_queryset):
        yield


@contextmanager
def row_level_security_off() -> Iterator[None]:
    """The database shows everybody's rows, as it does to a role that bypasses the policies; the application alone
    holds."""
    connection.close()
    _switch("DISABLE")
    try:
        yield
    finally:
        connection.close()
        _switch("ENABLE")


def _switch(word: str) -> None:
    with canaries.connect() as owner, owner.cursor() as cursor:
        for model in tenant_models():
            table = sql.Identifier(model._meta.db_table)
            cursor.execute(sql.SQL("ALTER TABLE {} " + word + " ROW LEVEL SECURITY").format(table))
    owner.close()
