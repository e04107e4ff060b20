"""One reader for a connection, and the database's clock says who."""

import pytest

from integrations.salesforce import lease
from integrations.salesforce.models import Connection
from tests.integrations.salesforce.conftest import connect

pytestmark = pytest.mark.django_db


@pytest.fixture
def connection(in_acme):
    return connect("https://example.my.salesforce.com")


def held(connection):
    return Connection.objects.values_list("lease_holder", "fence").get(pk=connection.pk)


def test_a_second_reader_is_turned_away(connection):
    fence = lease.acquire(connection.pk, "one", take_over_own=False)
    with pytest.raises(lease.LeaseHeld):
        lease.acquire(connection.pk, "another", take_over_own=True)
    with pytest.raises(lease.LeaseHeld):
        lease.acquire(connection.pk, "one", take_over_own=False)
    assert held(connection) == ("one", fence)


def test_the_next_chunk_of_a_reader_takes_over_and_the_one_before_is_out(connection):
    before = lease.acquire(connection.pk, "one", take_over_own=True)
    assert lease.acquire(connection.pk, "one", take_over_own=True) == before + 1
    with pytest.raises(lease.LeaseLost):
        lease.renew(connection.pk, before)
    lease.release(connection.pk, before)
    assert not lease.is_free(connection.pk)


def test_what_was_given_back_is_free(connection):
    lease.release(connection.pk, lease.acquire(connection.pk, "one", take_over_own=False))
    assert lease.is_free(connection.pk)
    assert lease.acquire(connection.pk, "another", take_over_own=False) == 2
