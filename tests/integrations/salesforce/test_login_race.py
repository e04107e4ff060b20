"""Three logins that lead nowhere are enough, however many processes try at once."""

from __future__ import annotations

from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection as database

from cs_platform.tenancy.scope import tenant_scope
from integrations.salesforce.connecting import MAX_LOGINS, ConnectionGuard
from integrations.salesforce.errors import SalesforceError
from tests.cast import NOW
from tests.integrations.salesforce.driving import connect

MANY = 8


@pytest.mark.django_db(transaction=True)
def test_workers_at_the_same_moment_share_three_logins(acme: Any, settings: Any) -> None:
    settings.CS_SALESFORCE_EXTRA_HOSTS = ["http://127.0.0.1:1"]
    with tenant_scope(acme):
        made = connect("http://127.0.0.1:1")
    answers: list[str] = []
    together = Barrier(MANY)

    def worker() -> None:
        try:
            with tenant_scope(acme):
                together.wait(10)
                ConnectionGuard(made.pk, NOW).before_login()
                answers.append("logged in")
        except SalesforceError as error:
            answers.append(error.code)
        finally:
            database.close()

    threads = [Thread(target=worker) for _ in range(MANY)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(answers) == ["TOO_MANY_LOGINS"] * (MANY - MAX_LOGINS) + ["logged in"] * MAX_LOGINS
