"""The settings of the organisation through the API: the same values and refusals as on the page."""

import pytest

from cs_platform.tenancy.models import Tenant
from tests.cast import NOW, api, sign_in
from tests.workspace.test_settings_pages import png

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today(clock_at):
    clock_at(NOW)


def put(speaker, body, kind="image/png"):
    return speaker.client.put(
        "/api/v1/organisation/logo", body, content_type=kind, headers={"Authorization": f"Bearer {speaker.key}"}
    )


def test_it_is_read_and_changed(acme, acme_api):
    before = acme_api.get("organisation/").json()
    assert (before["slug"], before["timezone"], before["second_factor"]) == ("acme", "Europe/Berlin", "nobody")
    changes = {"holiday_country": "DE", "own_holidays": ["2026-12-24"], "second_factor": "admins", "name": "Acme AG"}
    answer = acme_api.patch("organisation/", changes)
    after = answer.json()
    assert answer.status_code == 200 and {name: after[name] for name in changes} == changes
    assert acme_api.get("organisation/")["ETag"] == f'"{after["version"]}"' == answer["ETag"]
    assert {**after, **{name: before[name] for name in (*changes, "version")}} == before


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("timezone", "Europe/Nowhere"),
        ("second_factor", "some"),
        ("brand_colour", "red"),
        ("holiday_country", "XX"),
        ("sender_email", "nobody"),
        ("name", ""),
        ("own_holidays", ["soon"]),
        ("own_holidays", None),
        ("slug", "other"),
        ("status", "suspended"),
        ("id", 5),
    ],
)
def test_what_can_not_be_is_refused(acme, acme_api, field, value):
    answer = acme_api.patch("organisation/", {field: value})
    assert answer.status_code in (400, 409)
    assert Tenant.objects.get(pk=acme.pk).version == 1


def test_a_stale_tag_is_refused(acme_api):
    tag = acme_api.get("organisation/")["ETag"]
    assert acme_api.patch("organisation/", {"name": "One"}, If_Match=tag).status_code == 200
    assert acme_api.patch("organisation/", {"name": "Two"}, If_Match=tag).status_code == 412
    assert acme_api.get("organisation/").json()["name"] == "One"


def test_the_logo_comes_and_goes(acme, acme_api, ben, client):
    assert put(acme_api, png(64, 64)).json()["has_logo"] is True
    version = Tenant.objects.get(pk=acme.pk).version
    assert sign_in(client, ben).get(f"/brand/logo/acme/{version}/").status_code == 200
    assert acme_api.delete("organisation/logo").status_code == 204
    assert acme_api.get("organisation/").json()["has_logo"] is False


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", "image/png", 400),
        (b"GIF89a", "image/png", 409),
        (b"x" * 200_000, "image/png", 409),
        (b"{}", "application/json", 415),
        (b"<svg/>", "image/svg+xml", 415),
    ],
)
def test_what_is_no_picture_is_refused(acme_api, body, kind, status):
    assert put(acme_api, body, kind).status_code == status


def test_who_may(ana, ben, tess):
    for member, status in ((ana, 200), (ben, 403), (tess, 403)):
        assert api(member=member).get("organisation/").status_code == status
