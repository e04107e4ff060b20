"""Every component in its states; a browser looks at them in both themes and both widths."""

import re
from pathlib import Path

import pytest
from django.conf import settings as project

from tests.chrome import chrome

pytestmark = pytest.mark.django_db
TEMPLATES = Path(project.BASE_DIR) / "templates"
PARTS = {"field_words", "toasts_oob"}  # a part of `field`; an answer to htmx, of toasts that are shown


@pytest.mark.parametrize("query", ["", "?theme=dark", "?theme=light&width=narrow"])
def test_it_shows_itself(client, query, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = client.get(f"/ui/{query}")
    assert answer.status_code == 200
    assert ('data-bs-theme="dark"' in answer.content.decode()) == ("dark" in query)


@pytest.mark.parametrize("query", ["?theme=neon", "?width=9000", "?theme=dark&width=x"])
def test_another_theme_is_not_there(client, query):
    assert client.get(f"/ui/{query}").status_code == 404


def test_customers_never_see_it(client, settings):
    settings.CS_ENV = "production"
    assert client.get("/ui/").status_code == 404


def test_every_component_is_in_it():
    used = set()
    for template in (TEMPLATES / "workspace" / "ui" / "gallery.html", TEMPLATES / "base.html", TEMPLATES / "404.html"):
        used |= set(re.findall(r"<c-([a-z-]+)", template.read_text()))
    inside = {
        name for part in (TEMPLATES / "_ui").glob("*.html") for name in re.findall(r"<c-([a-z-]+)", part.read_text())
    }
    have = {part.stem for part in (TEMPLATES / "_ui").glob("*.html")}
    assert have - {name.replace("-", "_") for name in used | inside} - PARTS == set()


def test_components_know_no_room_and_ask_nothing():
    for part in (TEMPLATES / "_ui").glob("*.html"):
        assert "{% url" not in part.read_text(), part.name


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_browser_has_nothing_to_complain_about(live_server, theme):
    with chrome(live_server, width=1440, theme=theme) as page:
        page.goto("/ui/")
        page.click("[popovertarget=me-menu]")
        assert page.is_visible("#me-menu")
        page.keyboard.press("Escape")
        page.click("[commandfor=sample-confirm]")
        assert page.is_visible("#sample-confirm")
        page.keyboard.press("Escape")
        page.click("[popovertarget=sample-explain]")
        assert page.is_visible("#sample-explain")
        for width in (1440, 900, 390, 320):
            page.set_viewport_size({"width": width, "height": 844})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate("document.querySelector('#buttons svg use').getBBox().width") > 0
        assert page.faults == []


@pytest.mark.browser
def test_theme_rail_and_keys(live_server):
    with chrome(live_server) as page:
        page.goto("/ui/")
        page.click("[data-toggle-rail]")
        page.click("[popovertarget=me-menu]")
        page.click("#me-menu [data-set-theme=dark]")
        page.reload()
        root = page.locator("html")
        assert root.get_attribute("data-bs-theme") == "dark" and root.get_attribute("data-rail") == "small"
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(16, 18, 21)"
        page.keyboard.press("Control+k")
        assert page.evaluate("document.activeElement.id") == "search"
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("j")
        assert page.locator("tr.is-here").count() == 1
        page.keyboard.press("?")
        assert page.is_visible("#keys")
        assert page.faults == []
