"""No scope, no rows; another tenant's rows are not there."""

import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError, ProgrammingError

from cs_platform.people.models import ApiKey, Membership
from cs_platform.tenancy.scope import NoTenant, OtherTenant, assert_empty, tenant_scope
from tests.cast import NOW

pytestmark = pytest.mark.django_db


def test_a_query_without_a_scope_raises(acme):
    with pytest.raises(NoTenant):
        Membership.objects.count()
    with pytest.raises(NoTenant):
        list(Membership._base_manager.all())


@pytest.mark.parametrize("tenant", [None, "1", True, 1.0, object()])
def test_a_scope_of_nothing_raises(tenant):
    with pytest.raises(NoTenant), tenant_scope(tenant):
        pass


def test_another_scope_inside_a_scope_raises(acme, umbra):
    with tenant_scope(acme), pytest.raises(OtherTenant), tenant_scope(umbra):
        pass


def test_a_scope_ends_with_an_exception(acme):
    with pytest.raises(ValueError), tenant_scope(acme):
        raise ValueError
    assert_empty()


def test_rows_of_another_tenant_are_not_there(ana, otto, acme, umbra):
    with tenant_scope(acme):
        assert set(Membership.objects.values_list("pk", flat=True)) == {ana.pk}
        assert not Membership.objects.filter(pk=otto.pk).exists()


def test_the_database_alone_hides_them_too(ana, otto, acme):
    with tenant_scope(acme), connection.cursor() as cursor:
        cursor.execute("SELECT id FROM people_membership")
        assert {str(row[0]) for row in cursor.fetchall()} == {str(ana.pk)}
        cursor.execute("UPDATE people_membership SET roles = '{}' WHERE id = %s", [str(otto.pk)])
        assert cursor.rowcount == 0


def test_without_a_scope_the_database_shows_nothing(ana):
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM people_membership")
        assert cursor.fetchone() == (0,)


def test_a_row_can_not_be_written_for_another_tenant(ana, acme, umbra):
    with tenant_scope(acme):
        with pytest.raises(OtherTenant), transaction.atomic():
            ApiKey.objects.create(tenant=umbra, name="x", prefix="x", digest="x", created_at=NOW)
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("UPDATE people_membership SET tenant_id = %s WHERE id = %s", [umbra.pk, str(ana.pk)])


def test_a_reference_to_another_tenants_row_is_refused(ana, otto, acme):
    with tenant_scope(acme), pytest.raises(IntegrityError), transaction.atomic():
        ApiKey.objects.create(name="x", prefix="x", digest="x", created_at=NOW, created_by_id=otto.pk)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_the_setting_survives_a_rolled_back_savepoint(ana, acme):
    with tenant_scope(acme):
        with pytest.raises(ValueError), transaction.atomic():
            Membership.objects.count()
            raise ValueError
        assert Membership.objects.count() == 1
