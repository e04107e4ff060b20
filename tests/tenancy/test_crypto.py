"""Sealed values open where they were sealed and nowhere else."""

import base64
import os

import pytest
from django.test import override_settings

from cs_platform.tenancy import crypto
from cs_platform.tenancy.models import TenantKey
from cs_platform.tenancy.scope import OtherTenant, tenant_scope
from tests.cast import NOW

pytestmark = pytest.mark.django_db
PLACE = {"table": "t", "row": "r", "field": "f"}


def pair(name):
    return f"{name}:{base64.b64encode(os.urandom(32)).decode()}"


def test_what_was_sealed_opens_again(in_acme):
    sealed = crypto.seal("geheim ☂", tenant_id=in_acme.pk, **PLACE)
    assert "geheim" not in sealed
    assert crypto.open_sealed(sealed, tenant_id=in_acme.pk, **PLACE) == "geheim ☂"
    assert sealed != crypto.seal("geheim ☂", tenant_id=in_acme.pk, **PLACE)


@pytest.mark.parametrize("moved", [{"table": "x"}, {"row": "x"}, {"field": "x"}])
def test_a_value_that_was_moved_does_not_open(in_acme, moved):
    sealed = crypto.seal("secret", tenant_id=in_acme.pk, **PLACE)
    with pytest.raises(crypto.CannotOpen):
        crypto.open_sealed(sealed, tenant_id=in_acme.pk, **(PLACE | moved))


def test_a_value_copied_to_another_tenant_does_not_open(acme, umbra):
    with tenant_scope(acme):
        sealed = crypto.seal("secret", tenant_id=acme.pk, **PLACE)
        with pytest.raises(OtherTenant):
            crypto.open_sealed(sealed, tenant_id=umbra.pk, **PLACE)
    with tenant_scope(umbra), pytest.raises(crypto.CannotOpen):
        crypto.open_sealed(sealed, tenant_id=umbra.pk, **PLACE)


@pytest.mark.parametrize("value", ["", "v1.", "v1.AAAA", "v1.%%%", "plain text", "v2.AAAA"])
def test_a_damaged_value_does_not_open(in_acme, value):
    with pytest.raises(crypto.CannotOpen):
        crypto.open_sealed(value, tenant_id=in_acme.pk, **PLACE)


def test_master_keys_rotate_and_a_dropped_one_opens_nothing(in_acme, settings):
    old, new = settings.CS_ENCRYPTION_KEYS, pair("new")
    sealed = crypto.seal("secret", tenant_id=in_acme.pk, **PLACE)
    with override_settings(CS_ENCRYPTION_KEYS=f"{new},{old}"):
        assert crypto.rewrap(now=NOW) and not crypto.rewrap(now=NOW)
        assert TenantKey.objects.get().master == "new"
    with override_settings(CS_ENCRYPTION_KEYS=new):
        assert crypto.open_sealed(sealed, tenant_id=in_acme.pk, **PLACE) == "secret"
    with override_settings(CS_ENCRYPTION_KEYS=old), pytest.raises(crypto.CannotOpen):
        crypto.open_sealed(sealed, tenant_id=in_acme.pk, **PLACE)
