"""Secrets at rest. Data keys, one for every tenant and one for what belongs to no tenant, each wrapped by a master key
of the installation (CS_ENCRYPTION_KEYS).

A value is AES-256-GCM with tenant, table, row and field as associated data: copied into another row or another tenant
it does not open. The master keys rotate by wrapping the data keys anew (rotation.py); sealed values stay as they are.
"""

import base64
import os
from datetime import datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import IntegrityError, transaction

from cs_platform.tenancy import clock
from cs_platform.tenancy.models import InstallationKey, TenantKey
from cs_platform.tenancy.scope import OtherTenant, require_tenant_id

PREFIX = "v1."
NONCE = 12
INSTALLATION = 0  # stands where a tenant's number would; no tenant has it
DataKey = TenantKey | InstallationKey


class CannotOpen(Exception):
    """The value was sealed for another place, is damaged, or its key is gone."""


def master_keys() -> dict[str, bytes]:
    """The installation's keys by id, newest first."""
    keys: dict[str, bytes] = {}
    for pair in settings.CS_ENCRYPTION_KEYS.split(","):
        name, _, encoded = pair.strip().partition(":")
        key = base64.b64decode(encoded, validate=True)
        if not name or len(key) != 32:
            raise ValueError(f"CS_ENCRYPTION_KEYS: key {name!r} is not 32 bytes in base64")
        if name in keys:
            raise ValueError(f"CS_ENCRYPTION_KEYS: the id {name!r} is there twice")
        keys[name] = key
    return keys


def seal(plain: str, *, tenant_id: int, table: str, row: str, field: str) -> str:
    return _sealed(plain, _data_key(tenant_id), _place(tenant_id, table, row, field))


def open_sealed(sealed: str, *, tenant_id: int, table: str, row: str, field: str) -> str:
    """The plain text; CannotOpen if it was sealed for another tenant, row or field."""
    if not sealed.startswith(PREFIX):
        raise CannotOpen("not a sealed value")
    return _opened(sealed, _data_key(tenant_id), _place(tenant_id, table, row, field))


def seal_for_installation(plain: str, *, table: str, row: str, field: str) -> str:
    """For what belongs to a person or to the installation, not to a tenant. Needs no scope."""
    return _sealed(plain, _installation_key(), _place(INSTALLATION, table, row, field))


def open_for_installation(sealed: str, *, table: str, row: str, field: str) -> str:
    """The plain text; CannotOpen if it was sealed for a tenant, or for another row or field."""
    if not sealed.startswith(PREFIX):
        raise CannotOpen("not a sealed value")
    return _opened(sealed, _installation_key(), _place(INSTALLATION, table, row, field))


def rewrap(*, now: datetime) -> bool:
    """The data key of the scope's tenant under the newest master key; True if it was under another."""
    with transaction.atomic():
        return _rewrap(TenantKey.objects.select_for_update().first())


def rewrap_installation() -> bool:
    """The same for the data key of the installation."""
    with transaction.atomic():
        return _rewrap(InstallationKey.objects.select_for_update().first())


def _rewrap(row: DataKey | None) -> bool:
    newest = next(iter(master_keys()))
    if row is None or row.master == newest:
        return False
    row.wrapped = _wrap(_unwrap(row), newest, _owner(row))
    row.master = newest
    row.save(update_fields=["wrapped", "master"])
    return True


def _sealed(plain: str, key: bytes, place: bytes) -> str:
    nonce = os.urandom(NONCE)
    return PREFIX + base64.b64encode(nonce + AESGCM(key).encrypt(nonce, plain.encode(), place)).decode()


def _opened(sealed: str, key: bytes, place: bytes) -> str:
    try:
        raw = base64.b64decode(sealed.removeprefix(PREFIX), validate=True)
        return AESGCM(key).decrypt(raw[:NONCE], raw[NONCE:], place).decode()
    except (InvalidTag, ValueError) as error:
        raise CannotOpen("sealed for another place, damaged, or under a lost key") from error


def _place(tenant_id: int, table: str, row: str, field: str) -> bytes:
    return f"{tenant_id}|{table}|{row}|{field}".encode()


def _data_key(tenant_id: int) -> bytes:
    if tenant_id != require_tenant_id():
        raise OtherTenant(f"a secret of tenant {tenant_id} in the scope of tenant {require_tenant_id()}")
    return _unwrap(TenantKey.objects.first() or _make_key(TenantKey(), tenant_id))


def _installation_key() -> bytes:
    return _unwrap(InstallationKey.objects.first() or _make_key(InstallationKey(), INSTALLATION))


def _make_key(fresh: DataKey, owner: int) -> DataKey:
    fresh.master = next(iter(master_keys()))
    fresh.wrapped = _wrap(AESGCM.generate_key(256), fresh.master, owner)
    fresh.created_at = clock.now()
    try:
        with transaction.atomic():
            fresh.save(force_insert=True)
        return fresh
    except IntegrityError:  # another process was first
        return TenantKey.objects.get() if isinstance(fresh, TenantKey) else InstallationKey.objects.get()


def _owner(row: DataKey) -> int:
    return row.tenant_id if isinstance(row, TenantKey) else INSTALLATION


def _wrap(key: bytes, master: str, owner: int) -> str:
    nonce = os.urandom(NONCE)
    wrapped = AESGCM(master_keys()[master]).encrypt(nonce, key, f"{owner}|data key".encode())
    return base64.b64encode(nonce + wrapped).decode()


def _unwrap(row: DataKey) -> bytes:
    keys = master_keys()
    if row.master not in keys:
        raise CannotOpen(f"the master key {row.master!r} is not in CS_ENCRYPTION_KEYS")
    raw = base64.b64decode(row.wrapped)
    try:
        return AESGCM(keys[row.master]).decrypt(raw[:NONCE], raw[NONCE:], f"{_owner(row)}|data key".encode())
    except InvalidTag as error:
        raise CannotOpen("the data key does not open under its master key") from error
