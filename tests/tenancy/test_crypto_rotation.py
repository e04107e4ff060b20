"""Master keys change while the product works; one that is still needed is not let go."""

import base64
import os
import subprocess
import sys
import threading
import time
from io import StringIO

import pytest
from django.conf import settings as django_settings
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.db import connection, connections

from cs_platform import starting
from cs_platform.tenancy import crypto, rotation
from cs_platform.tenancy.models import InstallationKey, TenantKey
from cs_platform.tenancy.scope import tenant_scope
from tests.cast import make_tenant

PLACE = {"table": "t", "row": "r", "field": "f"}


def pair(name):
    return f"{name}:{base64.b64encode(os.urandom(32)).decode()}"


def rotate(*options):
    said = StringIO()
    call_command("rotate_keys", *options, stdout=said, no_color=True)
    return said.getvalue()


def seal_everywhere(*tenants):
    """A secret of each tenant and one of the installation: {tenant or None: sealed}."""
    sealed = {None: crypto.seal_for_installation("secret of all", **PLACE)}
    for tenant in tenants:
        with tenant_scope(tenant):
            sealed[tenant] = crypto.seal(f"secret of {tenant.slug}", tenant_id=tenant.pk, **PLACE)
    return sealed


def open_everywhere(sealed):
    for tenant, text in sealed.items():
        if tenant is None:
            assert crypto.open_for_installation(text, **PLACE) == "secret of all"
        else:
            with tenant_scope(tenant):
                assert crypto.open_sealed(text, tenant_id=tenant.pk, **PLACE) == f"secret of {tenant.slug}"


@pytest.mark.django_db
class TestTheInstallationsOwnKey:
    def test_it_seals_without_a_scope_and_for_one_place(self):
        sealed = crypto.seal_for_installation("factor", **PLACE)
        assert crypto.open_for_installation(sealed, **PLACE) == "factor"
        with pytest.raises(crypto.CannotOpen):
            crypto.open_for_installation(sealed, **(PLACE | {"row": "another"}))

    def test_a_value_of_a_tenant_does_not_open_as_one_of_the_installation_nor_the_other_way(self, acme):
        with tenant_scope(acme):
            of_acme = crypto.seal("secret", tenant_id=acme.pk, **PLACE)
            with pytest.raises(crypto.CannotOpen):
                crypto.open_sealed(crypto.seal_for_installation("x", **PLACE), tenant_id=acme.pk, **PLACE)
        with pytest.raises(crypto.CannotOpen):
            crypto.open_for_installation(of_acme, **PLACE)

    def test_its_wrapped_key_is_worth_nothing_in_a_tenants_row(self, acme):
        crypto.seal_for_installation("x", **PLACE)
        with tenant_scope(acme):
            crypto.seal("x", tenant_id=acme.pk, **PLACE)
            TenantKey.objects.update(wrapped=InstallationKey.objects.get().wrapped)
            with pytest.raises(crypto.CannotOpen):
                crypto.seal("x", tenant_id=acme.pk, **PLACE)


@pytest.mark.django_db
class TestRotating:
    def test_every_data_key_moves_and_the_status_says_what_may_go(self, acme, umbra, settings):
        old = settings.CS_ENCRYPTION_KEYS
        sealed = seal_everywhere(acme, umbra)
        settings.CS_ENCRYPTION_KEYS = f"{pair('2027')},{old}"
        assert "dev: 3 data keys, still needed" in rotate("--status")
        said = rotate()
        assert "3 of 3" in said and "3 data keys wrapped anew" in said
        assert "2027: 3 data keys, the newest" in said and "dev: 0 data keys, not used: may be removed" in said
        settings.CS_ENCRYPTION_KEYS = settings.CS_ENCRYPTION_KEYS.removesuffix(f",{old}")
        open_everywhere(sealed)
        assert "0 data keys wrapped anew" in rotate()

    def test_a_run_that_ends_in_the_middle_is_taken_up_by_the_next(self, settings):
        tenants = [make_tenant(f"t{number}", "T", "UTC") for number in range(5)]
        sealed = seal_everywhere(*tenants)
        settings.CS_ENCRYPTION_KEYS = f"{pair('new')},{settings.CS_ENCRYPTION_KEYS}"
        steps = rotation.rotate()
        assert [next(steps) for _ in range(3)] == [1, 1, 1]
        steps.close()
        assert rotation.waiting() == 3
        open_everywhere(sealed)  # half under one key, half under the other
        assert "3 data keys wrapped anew" in rotate() and rotation.waiting() == 0
        open_everywhere(sealed)

    def test_more_tenants_than_a_chunk(self, acme, umbra, settings, monkeypatch):
        monkeypatch.setattr(rotation, "CHUNK", 1)
        seal_everywhere(acme, umbra)
        settings.CS_ENCRYPTION_KEYS = f"{pair('new')},{settings.CS_ENCRYPTION_KEYS}"
        assert sum(rotation.rotate()) == 3 and rotation.keys_by_master() == {"new": 3}

    @pytest.mark.parametrize("bad", ["dev:short", "nothing", "a:" + "QUFB" * 11 + ",a:" + "QUFB" * 11])
    def test_keys_that_can_not_be_read_stop_it(self, settings, bad):
        settings.CS_ENCRYPTION_KEYS = bad
        with pytest.raises(CommandError):
            rotate()


@pytest.mark.django_db
class TestAKeyThatIsStillUsedIsGone:
    @pytest.fixture(autouse=True)
    def _gone(self, acme, settings):
        self.old = settings.CS_ENCRYPTION_KEYS
        self.sealed = seal_everywhere(acme)
        settings.CS_ENCRYPTION_KEYS = pair("new")

    def test_rotating_refuses_and_says_what_to_do(self):
        with pytest.raises(CommandError, match="lacks a master key that is still used: 'dev' wraps 2 data keys"):
            rotate()
        assert "dev: 2 data keys, MISSING" in rotate("--status")

    def test_no_process_starts(self, capsys, monkeypatch):
        monkeypatch.setattr(connections, "close_all", lambda: None)
        with pytest.raises(SystemExit) as end:
            starting.refuse_missing_keys()
        assert end.value.code == 2 and "still used: 'dev'" in capsys.readouterr().err

    def test_the_check_of_the_database_names_it(self):
        (found,) = [error for error in run_checks(databases=["default"]) if error.id == "cs.E004"]
        assert "'dev' wraps 2 data keys" in found.msg

    def test_put_back_all_is_well(self, settings, capsys):
        settings.CS_ENCRYPTION_KEYS += f",{self.old}"
        rotation.refuse_missing_keys()
        open_everywhere(self.sealed)

    def test_given_up_for_good_what_it_sealed_is_gone_and_new_secrets_work(self, acme):
        with pytest.raises(CommandError, match="No data key hangs on"):
            rotate("--give-up", "unknown", "--yes")
        assert "2 data keys destroyed" in rotate("--give-up", "dev", "--yes")
        rotation.refuse_missing_keys()
        with pytest.raises(crypto.CannotOpen):
            crypto.open_for_installation(self.sealed[None], **PLACE)
        with tenant_scope(acme):
            assert crypto.open_sealed(crypto.seal("x", tenant_id=acme.pk, **PLACE), tenant_id=acme.pk, **PLACE) == "x"

    def test_a_key_that_is_there_is_not_given_up(self, settings):
        settings.CS_ENCRYPTION_KEYS += f",{self.old}"
        with pytest.raises(CommandError, match="nothing under it is lost"):
            rotate("--give-up", "dev", "--yes")


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_three_rotations_with_kills_while_others_read_fail_nobody(settings):
    """Rotations run in processes of their own and two of them are killed; readers know all keys, as processes do."""
    tenants = [make_tenant(f"t{number}", "T", "UTC") for number in range(12)]
    sealed = seal_everywhere(*tenants)
    names = [pair(f"key{number}") for number in range(1, 4)]
    first = settings.CS_ENCRYPTION_KEYS
    everything = ",".join([*reversed(names), first])
    settings.CS_ENCRYPTION_KEYS = everything
    failures, opened, over = [], [0], threading.Event()

    def read():
        try:
            while not over.is_set():
                open_everywhere(sealed)
                opened[0] += len(sealed)
        except Exception as error:  # the thread has nobody to raise to
            failures.append(error)
        finally:
            connection.close()

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    try:
        for number in range(1, 4):
            keys = ",".join([*reversed(names[:number]), first])
            for kill in (number > 1, False):
                child = _rotate_in_a_process(keys)
                if kill:
                    while child.poll() is None and f"key{number}" not in rotation.keys_by_master():
                        time.sleep(0.01)
                    child.kill()
                child.wait(60)
            assert rotation.keys_by_master() == {f"key{number}": 13}
    finally:
        over.set()
        for reader in readers:
            reader.join()
    assert failures == [] and opened[0] > 100
    settings.CS_ENCRYPTION_KEYS = names[2]
    open_everywhere(sealed)


def _rotate_in_a_process(keys):
    env = os.environ | {"CS_ENCRYPTION_KEYS": keys, "CS_ENV": "test"}
    argv = [sys.executable, "manage.py", "rotate_keys"]
    return subprocess.Popen(argv, env=env, cwd=django_settings.BASE_DIR, stdout=subprocess.DEVNULL)
