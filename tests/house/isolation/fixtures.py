"""The two organisations for a whole module: committed once, and the database made anew after it."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections

from tests import databases
from tests.cast import NOW
from tests.conftest import NAME, OWNER_URL
from tests.house.isolation import canaries, world


@pytest.fixture(scope="module")
def still() -> Iterator[None]:
    """Time does not pass, requests are not counted, and no line goes out."""
    from django.test import override_settings

    from cs_platform.tenancy import clock

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: NOW)
        plenty = {"CS_API_PER_MINUTE": 10**9, "CS_API_BURST": 10**8, "ACCOUNT_RATE_LIMITS": False}
        with override_settings(CS_MAILBOX_DIR="", PASSWORD_HASHERS=FAST, **plenty):
            yield


FAST = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(scope="module")
def committed(django_db_setup: None, django_db_blocker: Any, still: None) -> Iterator[None]:
    """The database is open, what is written stays, and it is a fresh one again when the module is done."""
    with django_db_blocker.unblock():
        yield
        connections.close_all()
        databases.create(NAME, OWNER_URL)


@pytest.fixture(scope="module")
def organisations(committed: None) -> Iterator[tuple[world.Organisation, world.Organisation]]:
    with world.two_organisations() as pair:
        for made in pair:
            canaries.put(made)
        for made in pair:
            world.note_ids(made)
        yield pair
