"""The colour and the picture of an organisation."""

import random
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from cs_platform.workspace import brand
from tests.cast import sign_in

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 16


@pytest.mark.parametrize("colour", ["ffffff", "000000", "ffff00", "777777", "2457c5", "00ff00", "f5f5f5"])
def test_any_colour_becomes_readable(colour):
    for theme, ground in brand.PAGE.items():
        fill, ink = brand.fitted(colour, theme, brand.SHAPE), brand.fitted(colour, theme, brand.TEXT)
        assert brand.contrast(fill, ground) >= 3 and brand.contrast(ink, ground) >= 4.5
        assert brand.contrast(brand.readable_on(fill), fill) >= 4.5


def test_a_thousand_colours_become_readable():
    dice = random.Random(7)
    for _ in range(1000):
        colour = f"{dice.randrange(16**6):06x}"
        assert all(
            brand.contrast(brand.fitted(colour, t, brand.TEXT), ground) >= 4.5 for t, ground in brand.PAGE.items()
        )
        assert brand.contrast(brand.readable_on(colour), colour) >= 4.5


def tokens():
    text = (Path(settings.BASE_DIR) / "cs_platform/static/css/product.css").read_text()
    found = re.findall(r"--cs-([a-z-]+): light-dark\(#([0-9a-f]{3,6}), #([0-9a-f]{3,6})\)", text)
    full = {name: [c if len(c) == 6 else "".join(x * 2 for x in c) for c in pair] for name, *pair in found}
    return {theme: {name: pair[place] for name, pair in full.items()} for place, theme in enumerate(brand.PAGE)}


@pytest.mark.parametrize("theme", brand.PAGE)
def test_every_ink_of_the_style_sheet_is_readable_on_every_ground(theme):
    colours = tokens()[theme]
    grounds = ("page", "rail-bg", "surface", "raised", "sunken")
    for ink in ("text", "muted", "faint", "brand-ink", "good", "watch", "bad", "info"):
        for ground in grounds:
            assert brand.contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)
    for ink in ("good", "watch", "bad", "info"):
        assert brand.contrast(colours[ink], colours[f"{ink}-bg"]) >= 4.5, ink
    assert brand.contrast(colours["brand-fg"], colours["brand"]) >= 4.5
    end = {"light": "000000", "dark": "ffffff"}[theme]
    assert min(brand.contrast(colours[ground], end) for ground in grounds) == brand.contrast(brand.PAGE[theme], end)


def test_a_good_colour_stays_as_it_is():
    assert brand.fitted("2457c5", "light", brand.TEXT) == "2457c5"


def test_the_sheet_depends_on_the_colour_alone(django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = Client().get(brand.address("#B3261E"))
    assert answer.status_code == 200 and answer["Content-Type"].startswith("text/css")
    assert "public" in answer["Cache-Control"] and "immutable" in answer["Cache-Control"]
    assert "Cookie" not in answer.get("Vary", "") and not answer.cookies
    assert "--cs-brand:light-dark(#b3261e" in answer.content.decode()


@pytest.mark.parametrize(
    "path", ["/brand/2/b3261e.css", "/brand/1/b3261.css", "/brand/1/red.css", "/brand/1/}body.css"]
)
def test_another_address_is_not_there(path):
    assert Client().get(path).status_code == 404


@pytest.mark.urls("tests.workspace.frame_urls")
def test_the_page_of_the_organisation_links_its_colour(client, acme, ana):
    assert "/brand/" not in sign_in(client, ana).get("/framed/").content.decode()
    type(acme).objects.filter(pk=acme.pk).update(brand_colour="#b3261e")
    assert brand.address("#b3261e") in client.get("/framed/").content.decode()


def test_the_logo_is_shown_to_its_members_only(client, acme, umbra, ana, otto):
    type(acme).objects.filter(pk=acme.pk).update(logo=PNG, logo_type="image/png")
    address = f"/brand/logo/acme/{acme.version}/"
    shown = sign_in(client, ana).get(address)
    assert shown.content == PNG and shown["Content-Type"] == "image/png" and "private" in shown["Cache-Control"]
    assert sign_in(Client(), otto).get(address).status_code == 404
    assert Client().get(address).status_code == 302


def test_a_picture_that_could_carry_a_script_is_not_served(client, acme, ana):
    type(acme).objects.filter(pk=acme.pk).update(logo=b"<svg onload=alert(1)>", logo_type="image/svg+xml")
    assert sign_in(client, ana).get(f"/brand/logo/acme/{acme.version}/").status_code == 404
