"""docs/backup.md, done: dump, restore as another installation, see that it sends nothing and says so, adopt it."""

import contextlib
import os
import re
import subprocess
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.db import connection, connections
from django.test import Client

from cs_platform.ledger import sealing
from cs_platform.people.models import Membership
from cs_platform.supervisor import binaries
from cs_platform.tenancy import crypto, rotation
from cs_platform.tenancy.scope import tenant_scope
from tests import databases
from tests.campaigns.stage import at, enrol, make_account, make_contact, make_series, minute, subjects
from tests.cast import NOW, make_member, make_tenant, sign_in
from tests.conftest import NAME, OWNER_URL

COPY = f"{NAME}_restored"
WEDNESDAY, FRIDAY = at("2026-11-25"), at("2026-11-27")
DOCUMENT = Path(django_settings.BASE_DIR) / "docs/backup.md"
pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def as_user(name, database):
    place = urlsplit(databases.with_name(OWNER_URL, database))
    port = f":{place.port}" if place.port else ""
    return place._replace(netloc=f"{name}@{place.hostname}{port}").geturl()


def told(program):
    """The options of the command in the document, so that it is the documented one that is tried."""
    (line,) = re.findall(rf"(?m)^{program} (.+)$", DOCUMENT.read_text())
    return [part for part in line.split() if part.startswith("-") and "=" not in part[:2]]


@pytest.fixture
def backup_role():
    """The role of the document, which only a superuser can make; the embedded server has one that asks nothing."""
    try:
        superuser = psycopg2.connect(as_user("postgres", "postgres"))
    except psycopg2.OperationalError:
        pytest.skip("the given PostgreSQL does not let us be its superuser")
    superuser.autocommit = True
    with contextlib.closing(superuser), superuser.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = 'cs_backup'")
        if not cursor.fetchone():
            cursor.execute("CREATE ROLE cs_backup LOGIN BYPASSRLS")
        cursor.execute("GRANT pg_read_all_data TO cs_backup")
    return as_user("cs_backup", NAME)


def tool(name, *argv):
    folder, _ = binaries.postgres()
    found = subprocess.run([folder / name, *argv], capture_output=True, text=True, env=os.environ | {"PGOPTIONS": ""})
    assert found.returncode == 0, found.stderr[-3000:]
    return found.stdout


@pytest.fixture
def original(settings, clock_at):
    """An organisation with a mail that is due on Wednesday, secrets, an audit chain and a suppression."""
    settings.CS_INSTALLATION_ID = "the original"
    clock_at(NOW)
    acme = make_tenant("acme", "Acme", "UTC")
    make_member(acme, "Ana", "owner")
    with tenant_scope(acme):
        contact = make_contact(make_account())
        enrol(make_series(), contact)
        sealed = crypto.seal("a credential", tenant_id=acme.pk, table="t", row="r", field="f")
    minute(NOW)
    return acme, sealed


@pytest.fixture
def restored(original, backup_role, tmp_path):
    """The product on the copy, as it would be after a restore: another database, another name."""
    dump = tmp_path / "cs.dump"
    tool("pg_dump", *told("pg_dump"), f"--file={dump}", f"--dbname={backup_role}")
    with databases._maintenance(OWNER_URL) as cursor:
        databases._drop(cursor, COPY)
        cursor.execute(f"CREATE DATABASE {COPY}")
    tool("pg_restore", *told("pg_restore"), f"--dbname={databases.with_name(OWNER_URL, COPY)}", str(dump))
    before = connection.settings_dict["NAME"]
    connections.close_all()
    connection.settings_dict["NAME"] = COPY
    yield original
    connections.close_all()
    connection.settings_dict["NAME"] = before
    databases.drop(COPY, OWNER_URL)


def doctor():
    said = StringIO()
    with contextlib.suppress(SystemExit):
        call_command("doctor", stdout=said, no_color=True)
    return said.getvalue()


def test_a_restored_copy_is_whole_sends_nothing_and_says_so_until_it_is_adopted(restored, mailbox, settings, clock_at):
    acme, sealed = restored
    settings.CS_INSTALLATION_ID = "the copy"

    with tenant_scope(acme):  # whole: rows under their locks, secrets, the audit chain
        assert crypto.open_sealed(sealed, tenant_id=acme.pk, table="t", row="r", field="f") == "a credential"
        assert sealing.check_chain() == [] and sealing.head()[0] > 5
    call_command("check", databases=["default"], fail_level="WARNING")
    said = doctor()
    assert "✓ isolation: row-level security is forced on all" in said and "✓ role: cs_app" in said
    assert "✓ migrations: all applied" in said

    clock_at(WEDNESDAY)  # silent, and loud about it
    minute(WEDNESDAY)
    assert mailbox.mails() == []
    assert "acme: e-mails: These data belong to another installation" in doctor()
    assert Client().get("/readyz").json()["sending"] == "a copy of another installation"
    settings.CS_METRICS_TOKEN = "a-token-for-the-scraper"
    told_numbers = Client().get("/metrics", headers={"Authorization": "Bearer a-token-for-the-scraper"}).content
    assert b'cs_organisations_silent{reason="other_installation"} 1.0' in told_numbers
    with tenant_scope(acme):
        ana = Membership.objects.select_related("user", "tenant").get()
    browser = sign_in(Client(), ana)
    assert "another installation" in browser.get("/campaigns/").content.decode()

    assert browser.post("/campaigns/sending/adopt/").status_code == 302  # a person says: this is the real one now
    clock_at(FRIDAY)
    minute(FRIDAY)
    assert subjects(mailbox) == ["Tips 1 for Ada"]
    assert Client().get("/readyz").json()["sending"] == "ok"


def test_the_same_installation_goes_on_where_it_was(restored, mailbox, settings, clock_at):
    clock_at(WEDNESDAY)
    minute(WEDNESDAY)
    assert subjects(mailbox) == ["Tips 1 for Ada"]


def test_without_the_master_keys_no_process_starts_on_the_copy(restored, settings):
    settings.CS_ENCRYPTION_KEYS = "other:" + "T1RIRVItT1RIRVItT1RIRVItT1RIRVItT1RIRVItISE="
    with pytest.raises(rotation.StillInUse, match="'dev' wraps 1 data key"):
        rotation.refuse_missing_keys()


def test_the_owner_can_not_make_a_dump_that_lacks_the_rows_without_noticing(original):
    """The trap that the document warns of: under forced row-level security the owner sees nothing."""
    folder, _ = binaries.postgres()
    owner = databases.with_name(OWNER_URL, NAME)
    argv = [folder / "pg_dump", "--format=custom", "--file=/dev/null", f"--dbname={owner}"]
    found = subprocess.run(argv, capture_output=True, text=True)
    assert found.returncode != 0 and "row-level security" in found.stderr
