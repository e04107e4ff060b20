"""`manage.py doctor`: says what is wrong, how to mend it, and ends with the right code."""

from io import StringIO

import pytest
from django.core.management import call_command

from cs_platform import ledger
from cs_platform.tenancy.models import Tenant
from cs_platform.tenancy.scope import tenant_scope
from cs_platform.workspace import examining
from tests.cast import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _at_nine(clock_at):
    clock_at(NOW)


def doctor():
    said, code = StringIO(), 0
    try:
        call_command("doctor", stdout=said, no_color=True)
    except SystemExit as end:
        code = end.code
    return said.getvalue(), code


def test_a_healthy_installation_has_nothing_wrong(acme, mailbox):
    ledger.tick(NOW)
    said, code = doctor()
    assert code == 0 and "✗" not in said and "Nothing is wrong." in said
    for name in (
        "isolation: row-level security is forced on all",
        "role: cs_app",
        "migrations: all applied",
        "mail server",
    ):
        assert name in said


def test_a_mail_server_that_is_down_is_named_with_what_to_do(acme, settings):
    settings.EMAIL_PORT = 1
    said, code = doctor()
    assert code == 1 and "✗ mail server: 127.0.0.1:1" in said and "correct EMAIL_URL" in said


def test_keys_that_can_not_be_read_are_named(acme, settings):
    settings.CS_ENCRYPTION_KEYS = "dev:too-short"
    said, code = doctor()
    assert code == 1 and "✗ encryption keys" in said


def test_a_lost_master_key_is_told_for_the_tenant_that_needs_it(acme, settings):
    from cs_platform.tenancy import crypto

    with tenant_scope(acme):
        crypto.seal("x", tenant_id=acme.pk, table="t", row="r", field="f")
    settings.CS_ENCRYPTION_KEYS = "other:" + "T1RIRVItT1RIRVItT1RIRVItT1RIRVItT1RIRVItISE="
    said, code = doctor()
    assert code == 1 and "✗ acme: secrets" in said


def test_a_tick_that_does_not_come_is_told(acme):
    said, code = doctor()
    assert code == 1 and "✗ last minute's work: never" in said and "Start the dispatcher" in said


def test_a_table_without_its_lock_is_named(acme, monkeypatch):
    real = examining._ask
    monkeypatch.setattr(
        examining,
        "_ask",
        lambda sql, params=None: (
            [("accounts_account", "row-level security is off")] if "relrowsecurity" in sql else real(sql, params)
        ),
    )
    said, code = doctor()
    assert code == 1 and "accounts_account: row-level security is off" in said


def test_an_examination_that_fails_does_not_hide_the_others(acme, monkeypatch):
    monkeypatch.setattr(Tenant.objects, "order_by", lambda *_: 1 / 0)
    said, code = doctor()
    assert code == 1 and "tenants: could not be examined" in said and "mail server" in said
