"""The one way to change state: locked, checked, saved, recorded, once."""

import pytest
from django.db import connection, transaction
from django.db.utils import DataError, IntegrityError

from accounts.models import Account
from cs_platform import ledger
from cs_platform.ledger.models import AuditCall, AuditRow
from tests.cast import NOW

pytestmark = pytest.mark.django_db
ACTOR = ledger.system("test")
LATER = NOW.replace(hour=12)


def make(name="Umbrella", **fields):
    fields = {"created_at": NOW, "updated_at": NOW, "sort_name": name.lower(), **fields}
    return ledger.create(Account(name=name, **fields), actor=ACTOR, now=NOW)


def rows(verb):
    return list(AuditRow.objects.filter(verb=verb).select_related("call").order_by("pk"))


def test_a_change_is_saved_and_recorded_with_before_and_after(in_acme):
    account = make(industry="Pharma")
    with ledger.change(account, "edit", actor=ACTOR, now=LATER, note="they said so") as live:
        live.industry = "Retail"
    stored = Account.objects.get(pk=account.pk)
    assert (stored.industry, stored.version, stored.updated_at) == ("Retail", 2, LATER)
    (row,) = rows("account.edit")
    assert row.changes == {"industry": ["Pharma", "Retail"]}
    assert (row.call.actor_words, row.call.note, row.call.at) == ("test", "they said so", LATER)
    assert row.account_id == account.pk and row.object_words == "Umbrella"


def test_nothing_changed_is_nothing_written(in_acme):
    account = make()
    with ledger.change(account, "edit", actor=ACTOR, now=LATER) as live:
        live.name = "Umbrella"
    assert Account.objects.get(pk=account.pk).version == 1
    assert rows("account.edit") == []


def test_a_stale_object_does_not_write_old_values_back(in_acme):
    account, stale = make(), Account.objects.get(name="Umbrella")
    with ledger.change(account, "edit", actor=ACTOR, now=NOW) as live:
        live.industry = "Retail"
    with ledger.change(stale, "edit", actor=ACTOR, now=NOW) as live:
        live.country = "Norway"
    stored = Account.objects.get(pk=account.pk)
    assert (stored.industry, stored.country) == ("Retail", "Norway")


def test_a_refusal_in_the_body_takes_everything_back(in_acme):
    account = make()
    with pytest.raises(ledger.Refused), ledger.change(account, "edit", actor=ACTOR, now=NOW) as live:
        live.industry = "Retail"
        raise ledger.Refused("no")
    assert Account.objects.get(pk=account.pk).industry == ""
    assert rows("account.edit") == []


def test_a_transition_is_run_and_refused_from_elsewhere(in_acme):
    account = make()
    with ledger.change(account, "archive", actor=ACTOR, now=NOW, args=("gone", NOW)):
        pass
    assert Account.objects.get(pk=account.pk).state == "archived"
    with pytest.raises(ledger.NotAllowed, match="archived"):
        with ledger.change(account, "archive", actor=ACTOR, now=NOW, args=("gone", NOW)):
            pass
    assert len(rows("account.archive")) == 1


def test_the_database_refuses_a_state_that_the_ledger_did_not_set(in_acme):
    account = make()
    with pytest.raises(IntegrityError, match="through the ledger only"), transaction.atomic():
        Account.objects.filter(pk=account.pk).update(state="archived", archived_at=NOW)
    with pytest.raises(IntegrityError, match="through the ledger only"), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("UPDATE accounts_account SET state = 'archived', archived_at = now()")


def test_after_a_change_the_mark_is_gone(in_acme):
    account = make()
    with ledger.change(account, "archive", actor=ACTOR, now=NOW, args=("gone", NOW)):
        pass
    with pytest.raises(IntegrityError), transaction.atomic():
        Account.objects.filter(pk=account.pk).update(state="managed", archived_at=None)


def test_a_verb_without_a_sentence_raises(in_acme):
    account = make()
    with pytest.raises(KeyError, match="no sentence"), ledger.change(account, "explode", actor=ACTOR, now=NOW):
        pass


def test_a_row_that_is_gone_is_refused(in_acme):
    account = Account(name="x")
    with pytest.raises(ledger.Gone), ledger.change(account, "edit", actor=ACTOR, now=NOW):
        pass


def test_private_values_are_not_in_the_audit(in_acme, ana):
    from accounts.models import Contact

    contact = Contact(account=make(), name="Kim", email="kim@secret.example", created_at=NOW, updated_at=NOW)
    ledger.create(contact, actor=ACTOR, now=NOW)
    with ledger.change(contact, "edit", actor=ACTOR, now=NOW) as live:
        live.email = "other@secret.example"
    assert "secret.example" not in str([row.changes for row in AuditRow.objects.all()])
    assert rows("contact.edit")[0].changes == {"email": ["•••", "•••"]}


class TestSets:
    def test_a_set_changes_only_what_differs(self, in_acme):
        for name in ("A", "B", "C"):
            make(name, segment="SMB" if name == "A" else "")
        changed = ledger.change_many(
            Account.objects.all(), "edit", set={"segment": "SMB"}, actor=ACTOR, now=LATER, note="all"
        )
        assert sorted(Account.objects.filter(pk__in=changed).values_list("name", flat=True)) == ["B", "C"]
        assert set(Account.objects.values_list("segment", "version")) == {("SMB", 1), ("SMB", 2)}
        found = rows("account.edit")
        assert [row.changes for row in found] == [{"segment": ["", "SMB"]}] * 2
        assert len({row.call_id for row in found}) == 1 and found[0].call.note == "all"
        assert {row.account_id for row in found} == set(changed)

    def test_a_set_without_a_difference_leaves_no_call(self, in_acme):
        make(segment="SMB")
        calls = AuditCall.objects.count()
        again = {"segment": "SMB"}
        assert ledger.change_many(Account.objects.all(), "edit", set=again, actor=ACTOR, now=NOW) == []
        assert ledger.change_many(Account.objects.none(), "edit", set=again, actor=ACTOR, now=NOW) == []
        assert AuditCall.objects.count() == calls

    def test_the_set_form_and_the_single_form_agree(self, in_acme):
        one, two, gone = make("One"), make("Two"), make("Gone")
        with ledger.change(gone, "archive", actor=ACTOR, now=NOW, args=("before", NOW)):
            pass
        with ledger.change(one, "archive", actor=ACTOR, now=NOW, args=("attrited", NOW)):
            pass
        columns = {"archived_at": NOW, "archive_reason": "attrited"}
        rest = Account.objects.exclude(pk=one.pk)
        assert ledger.change_many(rest, "archive", set=columns, actor=ACTOR, now=NOW) == [two.pk]
        fields = ("state", "archived_at", "archive_reason", "version", "updated_at")
        assert Account.objects.values_list(*fields).get(pk=one.pk) == Account.objects.values_list(*fields).get(
            pk=two.pk
        )
        single, many = [row for row in rows("account.archive") if row.object_words in ("One", "Two")]
        assert single.changes.keys() == many.changes.keys()

    def test_a_set_of_any_size_costs_the_same(self, in_acme, django_assert_num_queries):
        for n in range(30):
            make(f"A{n}")
        with django_assert_num_queries(4):  # savepoint, locks, the change, release
            ledger.change_many(Account.objects.all(), "edit", set={"segment": "SMB"}, actor=ACTOR, now=NOW)

    def test_values_of_its_own_for_each_row(self, in_acme):
        accounts = [make(name) for name in ("A", "B", "C")]
        accounts[0].industry, accounts[1].industry = "Retail", "Energy"
        changed = ledger.update_many(accounts, ["industry"], "edit", actor=ACTOR, now=LATER)
        assert [(obj.name, obj.ledger_changes) for obj in changed] == [
            ("A", {"industry": ("", "Retail")}),
            ("B", {"industry": ("", "Energy")}),
        ]
        assert set(Account.objects.values_list("name", "industry", "version")) == {
            ("A", "Retail", 2),
            ("B", "Energy", 2),
            ("C", "", 1),
        }
        assert ledger.update_many(accounts, ["industry"], "edit", actor=ACTOR, now=LATER) == []

    def test_a_state_is_not_a_value(self, in_acme):
        with pytest.raises(ValueError, match="transition"):
            ledger.update_many([make()], ["state"], "edit", actor=ACTOR, now=NOW)

    def test_a_value_that_is_too_long_is_refused_and_never_cut(self, in_acme):
        account = make()
        with pytest.raises(DataError), transaction.atomic():
            ledger.change_many(Account.objects.all(), "edit", set={"industry": "x" * 101}, actor=ACTOR, now=NOW)
        account.industry = "x" * 101
        with pytest.raises(DataError), transaction.atomic():
            ledger.update_many([account], ["industry"], "edit", actor=ACTOR, now=NOW)
