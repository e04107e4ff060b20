"""The audit can not be altered without being found out."""

import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError

from cs_platform import ledger
from cs_platform.ledger import sealing
from cs_platform.ledger.models import AuditCall
from cs_platform.people import services
from cs_platform.tenancy.scope import tenant_scope
from tests.cast import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def history(acme, ben):
    with tenant_scope(acme):
        for role in ("csm", "support", "sales", "finance"):
            services.edit_roles(ben, [role, "viewer"], by=None, actor=ledger.system("test"), now=NOW)
        sealing.seal()
    return acme


def test_every_call_is_linked(history):
    with tenant_scope(history):
        assert sealing.check_chain() == []
        seqs = list(AuditCall.objects.order_by("seq").values_list("seq", flat=True))
        assert seqs == list(range(1, len(seqs) + 1)) and len(seqs) >= 6
        assert sealing.head()[0] == len(seqs)
        assert sealing.seal() == 0


@pytest.mark.parametrize("table", ["ledger_auditrow", "ledger_auditcall"])
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "UPDATE {} SET verb = 'other.verb'"])
def test_the_app_role_can_not_alter_it(history, table, statement):
    with tenant_scope(history), connection.cursor() as cursor:
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            cursor.execute(statement.format(table))


TAMPERING = {
    "a changed value": "UPDATE ledger_auditrow SET changes = '{}' WHERE verb = 'member.edit_roles'",
    "another name": "UPDATE ledger_auditrow SET object_words = 'Somebody' WHERE verb = 'member.edit_roles'",
    "a row that went": "DELETE FROM ledger_auditrow WHERE verb = 'member.edit_roles'",
    "another actor": "UPDATE ledger_auditcall SET actor_words = 'nobody' WHERE seq = 3",
    "another time": "UPDATE ledger_auditcall SET at = at - interval '1 day' WHERE seq = 3",
    "a call that went": "DELETE FROM ledger_auditcall WHERE seq = 5",
    "the last call that was swapped": "UPDATE ledger_auditcall SET verb = 'member.create' WHERE seq = 6",
    "a row that came": "INSERT INTO ledger_auditrow (tenant_id, call_id, verb, object_type, object_id, object_words,"
    " changes) SELECT tenant_id, id, 'member.create', 'member', 'x', 'x', '{}' FROM ledger_auditcall WHERE seq = 4",
}


@pytest.mark.parametrize("how", TAMPERING)
@pytest.mark.django_db(transaction=True)
def test_whoever_owns_the_database_can_alter_it_but_is_found_out(history, how):
    import os

    import psycopg2

    with psycopg2.connect(os.environ["DATABASE_OWNER_URL"]) as owner, owner.cursor() as cursor:
        for table in ("ledger_auditrow", "ledger_auditcall"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        if "went" in how:
            cursor.execute("ALTER TABLE ledger_auditrow DROP CONSTRAINT ledger_auditrow_call_id_same_tenant")
        cursor.execute(TAMPERING[how])
        assert cursor.rowcount > 0
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in ("ledger_auditrow", "ledger_auditcall"):
            cursor.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    owner.close()
    with tenant_scope(history):
        assert sealing.check_chain() != []
