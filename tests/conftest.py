"""Every test runs on PostgreSQL as the role the product runs as, so that row-level security is on in all of them.

The servers are those of DATABASE_URL and REDIS_URL, or embedded ones in .data/test. The environment is complete
before Django's settings are read, and a process that a test starts inherits it: it works on the test's database.
"""

import importlib.util
import json
import os
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

import django
import pytest

from cs_platform.supervisor import chromium, services
from tests import databases

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
NAME = "_".join(part for part in ("test_cs", os.environ.get("DB_SUFFIX", ""), WORKER) if part)


def _servers() -> dict[str, str]:
    """Asked once, by the process that was started first; workers find the answer in their environment."""
    known = os.environ.get("CS_TEST_SERVERS")
    if known:
        return dict(json.loads(known))
    found = services.up(services.BASE_DIR / ".data" / "test", durable=False, shift=500)
    os.environ["CS_TEST_SERVERS"] = json.dumps(found)
    return found


SERVERS = _servers()
OWNER_URL = SERVERS["DATABASE_OWNER_URL"]
os.environ.update(
    CS_ENV="test",
    DATABASE_URL=databases.with_name(SERVERS["DATABASE_URL"], NAME),
    DATABASE_OWNER_URL=databases.with_name(OWNER_URL, NAME),
    # One of Valkey's sixteen databases for each worker; 0 stays with whoever uses the server by hand.
    REDIS_URL=SERVERS["REDIS_URL"].rsplit("/", 1)[0] + f"/{crc32(NAME.encode()) % 15 + 1}",
    DJANGO_SETTINGS_MODULE="cs_platform.settings",
)
os.environ.pop("CS_CLOCK_FILE", None)
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright runs a loop in the test's thread
django.setup()

pytest_plugins = ["tests.cast"] if importlib.util.find_spec("tests.cast") else []


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """A worker names its own database above before Django reads its settings; told the module by us, it would read them
    first, with our database in them."""
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)


def pytest_configure(config: pytest.Config) -> None:
    from hypothesis import settings

    settings.register_profile("suite", deadline=None, max_examples=50, derandomize=True)
    settings.load_profile("suite")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where there is no browser its tests are skipped with the command that helps; a build server never skips them."""
    if chromium.find() or os.environ.get("CI", "").lower() in ("1", "true", "yes"):
        return
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason=chromium.how_to_get_it()))


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: object) -> Iterator[None]:
    """Instead of Django's own creation, which would make the tables as the role that must not own them."""
    databases.create(NAME, OWNER_URL)
    _refuse_a_role_that_bypasses_row_level_security()
    yield
    from django.db import connections

    connections.close_all()
    databases.drop(NAME, OWNER_URL)


def _refuse_a_role_that_bypasses_row_level_security() -> None:
    import psycopg2

    with psycopg2.connect(os.environ["DATABASE_URL"]) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        (too_mighty,) = cursor.fetchone() or (True,)
    connection.close()
    if too_mighty:
        raise RuntimeError("DATABASE_URL's role bypasses row-level security: every isolation test would be worthless")


@pytest.fixture(scope="session", autouse=True)
def _fresh_database_after_transactional_tests() -> None:
    """The app role can not empty append-only tables, and should not: a committed test's database is made anew."""
    from django.db import connections
    from django.test import TransactionTestCase

    def make_anew(self: TransactionTestCase) -> None:
        connections.close_all()
        databases.create(NAME, OWNER_URL)

    TransactionTestCase._fixture_teardown = make_anew  # type: ignore[attr-defined]


@pytest.fixture
def mailbox(tmp_path: Path, settings: object) -> Iterator[object]:
    """A mail server that keeps what it gets: `mailbox.mails()`, `mailbox.fail(refuse=True)`, `mailbox.heal()`."""
    from cs_platform.supervisor.mailbox import MailboxServer

    server = MailboxServer(tmp_path / "mailbox")
    server.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"  # type: ignore[attr-defined]
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port  # type: ignore[attr-defined]
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False  # type: ignore[attr-defined]
    settings.CS_MAILBOX_DIR = str(server.mailbox.folder)  # type: ignore[attr-defined]
    yield server.mailbox
    server.stop()
