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


# --- keys, metrics, pooler, backup ------------------------------------------------------------------------------------


def with_a_secret(tenant):
    from cs_platform.tenancy import crypto

    with tenant_scope(tenant):
        crypto.seal("x", tenant_id=tenant.pk, table="t", row="r", field="f")


def test_it_says_which_master_key_wraps_how_much_and_which_may_go(acme, settings):
    with_a_secret(acme)
    old = settings.CS_ENCRYPTION_KEYS
    settings.CS_ENCRYPTION_KEYS = "new:" + "T1RIRVItT1RIRVItT1RIRVItT1RIRVItT1RIRVItISE=," + old
    said, _ = doctor()
    assert "! master keys in use: 'new' wraps 0, 'dev' wraps 1" in said and "manage.py rotate_keys" in said
    call_command("rotate_keys", stdout=StringIO())
    said, _ = doctor()
    assert "✓ master keys in use: 'new' wraps 1, 'dev' wraps 0" in said and "! old master keys: 'dev'" in said


def test_a_master_key_that_was_taken_away_too_early_is_wrong(acme, settings):
    with_a_secret(acme)
    settings.CS_ENCRYPTION_KEYS = "new:" + "T1RIRVItT1RIRVItT1RIRVItT1RIRVItT1RIRVItISE="
    said, code = doctor()
    assert code == 1 and "✗ master keys in use: CS_ENCRYPTION_KEYS lacks a master key that is still used: 'dev'" in said


def test_metrics_backup_and_connections_are_looked_at(acme, settings):
    settings.CS_METRICS_TOKEN = ""
    said, _ = doctor()
    assert "! metrics: /metrics is off" in said and "✓ connections: straight to the server" in said
    assert "backup:" in said and "docs/backup.md" in said
    settings.CS_METRICS_TOKEN = "a-token-for-the-scraper"
    said, _ = doctor()
    assert "✓ metrics: /metrics is behind its token, without names" in said and "a-token-for" not in said


def test_a_queue_that_is_long_and_moves_is_no_failure(acme):
    from datetime import timedelta

    from cs_platform.ledger.models import Outbox

    ledger.tick(NOW)
    ledger.drain(NOW)
    with tenant_scope(acme), ledger.unit():
        ledger.enqueue("a.b", {}, due_at=NOW - timedelta(minutes=20))
        ledger.enqueue("a.c", {}, due_at=NOW)
        Outbox.objects.filter(kind="a.c").update(state="done", finished_at=NOW)
    said, _ = doctor()
    assert "! queue: 1 due, the oldest for 1200 s, and it moves" in said
