"""Secrets at rest. A data key per tenant, wrapped by a master key of the installation (CS_ENCRYPTION_KEYS).

A value is AES-256-GCM with tenant, table, row and field as associated data: copied into another row or another tenant
it does not open. The master keys rotate by wrapping the data keys anew (`rewrap`); sealed values stay as they are.
"""

import base64
import os
from datetime import datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import IntegrityError, transaction

from cs_platform.tenancy import clock
from cs_platform.tenancy.models import TenantKey
from cs_platform.tenancy.scope import OtherTenant, require_tenant_id

PREFIX = "v1."
NONCE = 12


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
        keys[name] = key
    return keys


def seal(plain: str, *, tenant_id: int, table: str, row: str, field: str) -> str:
    nonce = os.urandom(NONCE)
    place = _place(tenant_id, table, row, field)
    sealed = AESGCM(_data_key(tenant_id)).encrypt(nonce, plain.encode(), place)
    return PREFIX + base64.b64encode(nonce + sealed).decode()


def open_sealed(sealed: str, *, tenant_id: int, table: str, row: str, field: str) -> str:
    """The plain text; CannotOpen if it was sealed for another tenant, row or field."""
    if not sealed.startswith(PREFIX):
        raise CannotOpen("not a sealed value")
    try:
        raw = base64.b64decode(sealed.removeprefix(PREFIX), validate=True)
        place = _place(tenant_id, table, row, field)
        return AESGCM(_data_key(tenant_id)).decrypt(raw[:NONCE], raw[NONCE:], place).decode()
    except (InvalidTag, ValueError) as error:
        raise CannotOpen("sealed for another place, damaged, or under a lost key") from error


def rewrap(*, now: datetime) -> bool:
    """The data key of the scope's tenant under the newest master key; True if it was under another."""
    newest = next(iter(master_keys()))
    with transaction.atomic():
        row = TenantKey.objects.select_for_update().first()
        if row is None or row.master == newest:
            return False
        row.wrapped = _wrap(_unwrap(row), newest, row.tenant_id)
        row.master = newest
        row.save(update_fields=["wrapped", "master"])
    return True


def _place(tenant_id: int, table: str, row: str, field: str) -> bytes:
    return f"{tenant_id}|{table}|{row}|{field}".encode()


def _data_key(tenant_id: int) -> bytes:
    if tenant_id != require_tenant_id():
        raise OtherTenant(f"a secret of tenant {tenant_id} in the scope of tenant {require_tenant_id()}")
    row = TenantKey.objects.first()
    if row is None:
        row = _make_key(tenant_id)
    return _unwrap(row)


def _make_key(tenant_id: int) -> TenantKey:
    newest = next(iter(master_keys()))
    fresh = TenantKey(master=newest, wrapped=_wrap(AESGCM.generate_key(256), newest, tenant_id), created_at=clock.now())
    try:
        with transaction.atomic():
            fresh.save()
        return fresh
    except IntegrityError:  # another process was first
        return TenantKey.objects.get()


def _wrap(key: bytes, master: str, tenant_id: int) -> str:
    nonce = os.urandom(NONCE)
    wrapped = AESGCM(master_keys()[master]).encrypt(nonce, key, f"{tenant_id}|data key".encode())
    return base64.b64encode(nonce + wrapped).decode()


def _unwrap(row: TenantKey) -> bytes:
    keys = master_keys()
    if row.master not in keys:
        raise CannotOpen(f"the master key {row.master!r} is not in CS_ENCRYPTION_KEYS")
    raw = base64.b64decode(row.wrapped)
    try:
        return AESGCM(keys[row.master]).decrypt(raw[:NONCE], raw[NONCE:], f"{row.tenant_id}|data key".encode())
    except InvalidTag as error:
        raise CannotOpen("the tenant's data key does not open under its master key") from error
