"""Many new rows in one statement: what is written is what was given."""

from datetime import date, timedelta

import pytest
from django.db import DataError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Account
from cs_platform import ledger
from cs_platform.ledger.models import AuditRow
from cs_platform.tenancy.scope import OtherTenant, tenant_scope
from tests.cast import NOW

ME = ledger.system("test")
words = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\x00"), min_size=1, max_size=100)
accounts = st.builds(
    dict,
    name=words,
    domains=st.lists(words, max_size=3),
    developers=st.none() | st.integers(0, 2_147_483_647),
    arr_minor=st.none() | st.integers(-(10**17), 10**17),
    renewal_date=st.none() | st.dates(date(1, 1, 1), date(9999, 12, 31)),
    created_at=st.timedeltas(timedelta(), timedelta(days=9000)).map(lambda by: NOW - by),
)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(accounts, min_size=1, max_size=5))
def test_values_come_back_as_they_were_given(acme, rows):
    with tenant_scope(acme), transaction.atomic():
        made = ledger.create_many([Account(updated_at=NOW, **row) for row in rows], actor=ME, now=NOW)
        for obj, row in zip(made, rows, strict=True):
            stored = Account.objects.get(pk=obj.pk)
            assert {name: getattr(stored, name) for name in row} == row
            assert stored.tenant_id == acme.pk and stored.segment == "" and stored.external_id is None
        written = AuditRow.objects.filter(verb="account.create", account_id__among=[obj.pk for obj in made])
        assert written.count() == len(rows)
        transaction.set_rollback(True)


def test_a_row_of_another_tenant_is_refused(acme, umbra):
    with tenant_scope(acme), pytest.raises(OtherTenant):
        stray = Account(tenant_id=umbra.pk, name="Stray", created_at=NOW, updated_at=NOW)
        ledger.create_many([stray], actor=ME, now=NOW)


def test_a_text_that_is_too_long_is_refused_and_not_cut(acme):
    with tenant_scope(acme), pytest.raises(DataError):
        ledger.create_many([Account(name="x" * 256, created_at=NOW, updated_at=NOW)], actor=ME, now=NOW)


def test_what_was_written_can_be_changed_at_once(acme):
    with tenant_scope(acme):
        (made,) = ledger.create_many([Account(name="Anvil", created_at=NOW, updated_at=NOW)], actor=ME, now=NOW)
        made.name = "Anvil Ltd"
        made.save(update_fields=["name"])
        assert Account.objects.get().name == "Anvil Ltd"
