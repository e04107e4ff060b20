"""A tenant with a connection to a small org, and the sync at its door."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integrations.salesforce.driving import Sync, connect
from tests.integrations.salesforce.played import Played, played
from tests.integrations.salesforce.scripted import Scripted
from tests.integrations.salesforce.small_org import SmallOrg, small_org


@pytest.fixture
def org_server(settings: Any) -> Iterator[tuple[SmallOrg, Scripted]]:
    with small_org() as (org, server):
        settings.CS_SALESFORCE_EXTRA_HOSTS = [server.origin]
        yield org, server


@pytest.fixture
def org(org_server: tuple[SmallOrg, Scripted]) -> SmallOrg:
    return org_server[0]


@pytest.fixture
def server(org_server: tuple[SmallOrg, Scripted]) -> Scripted:
    return org_server[1]


@pytest.fixture
def org_of_acme(in_acme: Any, settings: Any, tmp_path: Path) -> Iterator[Played]:
    """acme's connection to an empty sandbox org."""
    with played(tmp_path, settings) as found:
        yield found


@pytest.fixture
def sync(in_acme: Any, org: SmallOrg) -> Sync:
    """acme's connection to the org. Our clock is the org's."""
    return Sync(connect(org.origin), lambda: org.clock)
