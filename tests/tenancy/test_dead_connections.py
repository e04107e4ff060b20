"""A connection that dies takes its request along and nothing else: the thread goes on with a new one."""

import os

import psycopg2
import pytest
from django.db import OperationalError, close_old_connections, connection, transaction

from cs_platform.people.doors import read_transaction
from cs_platform.people.models import Membership
from cs_platform.tenancy.scope import tenant_scope
from tests.cast import make_tenant

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def acme(db):
    return make_tenant("acme", "Acme", "Europe/Berlin")


def cut():
    """The server ends our connection, as it does when it restarts."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    other = psycopg2.connect(os.environ["DATABASE_URL"])
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
    other.close()


def must_work_again(tenant):
    close_old_connections()  # what the next request begins with
    assert not connection.in_atomic_block
    with tenant_scope(tenant):
        assert Membership.objects.count() == 0


def test_at_the_door_of_a_page(acme):
    cut()
    with pytest.raises(OperationalError), tenant_scope(acme), read_transaction():
        pytest.fail("the door must not open")
    must_work_again(acme)


def test_when_the_tenant_is_set_in_a_transaction(acme):
    """As an error of the database, which the dispatcher lives through and a program is told to try again."""
    with pytest.raises(OperationalError), tenant_scope(acme), transaction.atomic():
        cut()
        connection._applied = None
        Membership.objects.count()
    must_work_again(acme)


def test_in_the_middle_of_a_nested_transaction(acme):
    with pytest.raises(OperationalError), tenant_scope(acme), transaction.atomic(), transaction.atomic():
        Membership.objects.count()
        cut()
        Membership.objects.count()
    must_work_again(acme)
