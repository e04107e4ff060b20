"""Messages of Salesforce: a reason to look soon and nothing more, whoever sends them, however often."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from cs_platform import ledger
from cs_platform.ledger.models import Outbox
from cs_platform.people.api import throttling
from cs_platform.tenancy.scope import tenant_scope
from integrations.salesforce import hints, public_views, services
from integrations.salesforce.models import Connection, Hint, SyncRun
from integrations.salesforce.sandbox.oauth import ORG_ID
from integrations.salesforce.values import id18
from tests.cast import NOW, sign_in
from tests.integrations.salesforce.driving import connect

pytestmark = pytest.mark.django_db
OTHER_ORG = id18("00D0000000009zz")


def message(*numbers: int, org: str = ORG_ID, head: str = "") -> str:
    notifications = "".join(
        f"<Notification><Id>{id18(f'04l{number:012d}')}</Id><sObject xsi:type='sf:Account'>"
        f"<sf:Id>001000000000001AAA</sf:Id></sObject></Notification>"
        for number in numbers
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{head}<soapenv:Envelope '
        'xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>'
        '<notifications xmlns="http://soap.sforce.com/2005/09/outbound" '
        'xmlns:sf="urn:sobject.enterprise.soap.sforce.com">'
        f"<OrganizationId>{org}</OrganizationId><ActionId>04k000000000001AAA</ActionId><SessionId xsi:nil='true'/>"
        f"{notifications}</notifications></soapenv:Body></soapenv:Envelope>"
    )


@pytest.fixture
def made(acme: Any, clock_at: Any, settings: Any) -> Iterator[Connection]:
    """acme's connection, whose org we know, last synced an hour ago."""
    settings.CS_SALESFORCE_EXTRA_HOSTS = ["http://127.0.0.1:1"]
    clock_at(NOW)
    with tenant_scope(acme):
        found = connect("http://127.0.0.1:1")
        Connection.objects.update(org_id=ORG_ID, last_started_at=NOW - timedelta(hours=1))
    throttling.meter.local.clear()
    throttling.meter.redis_off_until = float("inf")
    yield found
    throttling.meter.redis_off_until = 0.0


def where(connection: Connection) -> str:
    return hints.address_of(connection).partition("//")[2].partition("/")[2].join(("/", ""))


def post(connection: Connection, body: str, kind: str = "text/xml", path: str = "") -> Any:
    return Client().post(path or where(connection), body, content_type=kind)


def kept(acme: Any) -> tuple[int, int]:
    with tenant_scope(acme):
        return Hint.objects.count(), Outbox.objects.filter(kind="salesforce.look_soon").count()


def test_a_message_is_acknowledged_and_makes_us_look_soon(acme: Any, made: Connection) -> None:
    answer = post(made, message(1, 2))
    assert answer.status_code == 200 and "<Ack>true</Ack>" in answer.content.decode()
    assert kept(acme) == (2, 1)
    ledger.drain(NOW + timedelta(seconds=6))
    with tenant_scope(acme):
        assert SyncRun.objects.count() == 1
        made.refresh_from_db()
        assert made.last_hint_at == NOW


def test_doubled_and_shuffled_messages_are_one_look(acme: Any, made: Connection) -> None:
    for numbers in [(1, 2), (2, 1), (1,), (3,), (2, 3)]:
        assert post(made, message(*numbers)).status_code == 200
    assert kept(acme) == (3, 1)


def test_no_look_when_a_sync_has_begun_since(acme: Any, made: Connection) -> None:
    post(made, message(1))
    with tenant_scope(acme):
        Connection.objects.update(last_started_at=NOW + timedelta(seconds=1))
    ledger.drain(NOW + timedelta(seconds=6))
    with tenant_scope(acme):
        assert not SyncRun.objects.exists()


def test_looks_keep_their_distance(acme: Any, made: Connection) -> None:
    payload = {"connection_id": str(made.pk), "at": NOW.isoformat()}
    with tenant_scope(acme):
        Connection.objects.update(last_started_at=NOW - timedelta(seconds=10))
        with pytest.raises(ledger.RetryLater):
            hints.look_soon(payload, now=NOW + timedelta(seconds=5), lease=None)
        hints.look_soon(payload, now=NOW + timedelta(seconds=25), lease=None)
        assert SyncRun.objects.count() == 1
        with pytest.raises(ledger.RetryLater):
            late = {**payload, "at": (NOW + timedelta(minutes=2)).isoformat()}
            hints.look_soon(late, now=NOW + timedelta(minutes=3), lease=None)  # the first look is still at work


def test_a_paused_connection_takes_hints_and_stays_quiet(acme: Any, made: Connection) -> None:
    with tenant_scope(acme):
        services.pause_connection(made, actor=ledger.system("test"), now=NOW)
    assert post(made, message(1)).status_code == 200
    ledger.drain(NOW + timedelta(seconds=6))
    with tenant_scope(acme):
        assert not SyncRun.objects.exists()


def test_unknown_forged_old_and_foreign_addresses_get_one_answer(acme: Any, made: Connection) -> None:
    old = where(made)
    with tenant_scope(acme):
        hints.rotate_address(made, actor=ledger.system("test"), now=NOW)
        made.refresh_from_db()
    forged = where(made)[:-3] + "xx/"
    answers = [post(made, message(1), path=path) for path in (old, forged, "/hooks/salesforce/1-2-3.abc/")]
    answers.append(post(made, message(1, org=OTHER_ORG)))
    assert {(answer.status_code, answer.content) for answer in answers} == {(404, b"There is nothing here.\n")}
    assert kept(acme) == (0, 0)
    assert post(made, message(1)).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        "",
        "not xml",
        message(),
        message(*range(101)),
        message(1, org="not an id"),
        message(1).replace("sforce.com/2005/09/outbound", "example.com/"),
        message(1, head='<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>').replace(ORG_ID, "&x;"),
        message(1, head='<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>').replace(ORG_ID, "&b;"),
        "<a>" * 50_000,
        message(1)[:-20],
    ],
    ids=["empty", "text", "none", "many", "org", "namespace", "file", "bomb", "deep", "cut"],
)
def test_what_is_no_outbound_message_is_refused(acme: Any, made: Connection, body: str) -> None:
    assert post(made, body).status_code == 400
    assert kept(acme) == (0, 0)


def test_a_message_above_one_megabyte_is_refused(acme: Any, made: Connection) -> None:
    assert post(made, message(1) + " " * 1024 * 1024).status_code == 413
    assert kept(acme) == (0, 0)


def test_only_so_many_messages_a_minute(made: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(public_views, "PER_MINUTE", 1)
    monkeypatch.setattr(public_views, "BURST", 5)
    answers = [post(made, message(number)).status_code for number in range(8)]
    assert answers == [200] * 5 + [429] * 3


EVENT = {"schema": "x", "payload": {"ChangeEventHeader": {"entityName": "Account"}}, "event": {"replayId": 12}}


@pytest.mark.parametrize(
    ("body", "new"),
    [(EVENT, 1), ([EVENT, EVENT], 1), ({"organizationId": ORG_ID, "events": [EVENT, {"replayId": 13}]}, 2)],
)
def test_change_events_are_hints_too(acme: Any, made: Connection, body: Any, new: int) -> None:
    answer = Client().post(where(made), body, content_type="application/json")
    assert answer.status_code == 202 and answer.json() == {"accepted": new}
    assert Client().post(where(made), body, content_type="application/json").json() == {"accepted": 0}
    assert kept(acme) == (new, 1)


@pytest.mark.parametrize("body", ["", "[", "[]", "3", '"x"', "[1]", '{"organizationId": 3}', "[" * 5000])
def test_what_is_no_event_is_refused(acme: Any, made: Connection, body: str) -> None:
    assert post(made, body, "application/json").status_code == 400
    assert kept(acme) == (0, 0)


def test_events_of_another_org_are_not_known(acme: Any, made: Connection) -> None:
    body = {"organizationId": OTHER_ORG, "events": [EVENT]}
    assert Client().post(where(made), body, content_type="application/json").status_code == 404


def test_the_address_stands_on_the_page_for_who_may_edit_and_can_be_changed(
    acme: Any, made: Connection, ana: Any, tess: Any, client: Client
) -> None:
    url = f"/integrations/salesforce/{made.pk}/"
    assert hints.address_of(made) not in sign_in(Client(), tess).get(url).content.decode()
    owner = sign_in(client, ana)
    assert hints.address_of(made) in owner.get(url).content.decode()
    assert owner.post(f"{url}rotate-hints/").status_code == 302
    with tenant_scope(acme):
        fresh = Connection.objects.get(pk=made.pk)
    assert fresh.hint_generation == 2
    assert hints.address_of(fresh) in owner.get(url).content.decode()


def test_the_door_takes_posts_only(made: Connection) -> None:
    assert Client().get(where(made)).status_code == 405


def test_path_is_short_enough_for_salesforce(made: Connection) -> None:
    assert len(str(Path(hints.address_of(made)))) < 255
