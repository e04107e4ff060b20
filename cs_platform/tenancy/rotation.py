"""The master keys change: which data keys hang on which, wrapping them anew, and what happens when one is gone."""

from collections.abc import Iterator

from django.db import connection

from cs_platform.tenancy import clock, crypto
from cs_platform.tenancy.models import InstallationKey, TenantKey
from cs_platform.tenancy.scope import tenant_scope

CHUNK = 100


class StillInUse(Exception):
    """Data keys are wrapped by a master key that CS_ENCRYPTION_KEYS does not hold: what they seal can not be opened."""


def keys_by_master() -> dict[str, int]:
    """How many data keys each master key wraps: the tenants' and the installation's."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT master, keys FROM public.tenancy_keys_by_master()")
        found = {str(master): int(keys) for master, keys in cursor.fetchall()}
    for master in InstallationKey.objects.values_list("master", flat=True):
        found[master] = found.get(master, 0) + 1
    return found


def missing_keys() -> dict[str, int]:
    """Master keys that are used and not there, with the number of data keys that hang on each."""
    there = crypto.master_keys()
    return {master: keys for master, keys in keys_by_master().items() if master not in there}


def refuse_missing_keys() -> None:
    """Raises StillInUse with one line that says what to do."""
    missing = missing_keys()
    if missing:
        raise StillInUse(words_of_missing(missing))


def words_of_missing(missing: dict[str, int]) -> str:
    told = ", ".join(f"{master!r} wraps {keys} data key{'' if keys == 1 else 's'}" for master, keys in missing.items())
    return (
        f"CS_ENCRYPTION_KEYS lacks a master key that is still used: {told}. Put it back behind the newest one, "
        "run manage.py rotate_keys, and remove it when that says so."
    )


def rotate() -> Iterator[int]:
    """Wraps every data key anew that is not under the newest master key, a chunk of tenants at a time; yields how many
    were done. Each is a transaction of its own: a run that is killed leaves nothing half, the next one goes on."""
    newest = next(iter(crypto.master_keys()))
    yield int(crypto.rewrap_installation())
    after = 0
    while tenants := _not_under(newest, after):
        for tenant_id in tenants:
            with tenant_scope(tenant_id):
                yield int(crypto.rewrap(now=clock.now()))
        after = tenants[-1]


def waiting() -> int:
    """How many data keys are not under the newest master key."""
    newest = next(iter(crypto.master_keys()))
    return sum(keys for master, keys in keys_by_master().items() if master != newest)


def give_up(master: str) -> int:
    """Destroys the data keys that hang on a master key that is lost for good; what they sealed stays unreadable, and
    new values get a new data key. ValueError while the master key is there. Returns how many were destroyed."""
    if master in crypto.master_keys():
        raise ValueError(f"the master key {master!r} is in CS_ENCRYPTION_KEYS; nothing under it is lost")
    done, _ = InstallationKey.objects.filter(master=master).delete()
    newest, after = next(iter(crypto.master_keys())), 0
    while tenants := _not_under(newest, after):
        for tenant_id in tenants:
            with tenant_scope(tenant_id):
                done += TenantKey.objects.filter(master=master).delete()[0]
        after = tenants[-1]
    return done


def _not_under(master: str, after: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenant_id FROM public.tenancy_keys_not_under(%s, %s, %s)", [master, after, CHUNK])
        return [int(row[0]) for row in cursor.fetchall()]
