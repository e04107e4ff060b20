"""What stands around the content of every page."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import resolve

from cs_platform.workspace.context import WAYS
from tests.cast import make_member, sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.workspace.frame_urls")]


def page(client, member, path="/framed/"):
    return sign_in(client, member).get(path).content.decode()


def rail(html):
    return re.findall(r'<a href="([^"]+)" class="cs-way"', html)


def test_the_rail_shows_what_the_role_may_open(client, ana, rhea):
    everything = [
        "/",
        "/accounts/",
        "/tasks/",
        "/handoffs/",
        "/campaigns/",
        "/console/",
        "/integrations/",
        "/settings/",
    ]
    assert rail(page(client, ana)) == everything
    assert not {"/console/", "/integrations/"} & set(rail(page(Client(), rhea)))


def test_the_mailbox_is_there_only_where_there_is_one(client, ana, settings):
    settings.CS_MAILBOX_DIR = ""
    assert "/mailbox/" not in page(client, ana)
    settings.CS_MAILBOX_DIR = "/tmp/mailbox"
    assert "/mailbox/" in rail(page(client, ana))


@pytest.mark.parametrize("way", [way for way in WAYS if not way.demo], ids=lambda way: way.path)
def test_every_entry_of_the_rail_leads_to_a_page(way):
    resolve(way.path, "cs_platform.urls")


def test_the_open_entry_is_marked(rf):
    from cs_platform.workspace.context import Frame

    def here(path):
        return [way.path for way in WAYS if Frame(rf.get(path))._is_open(way)]

    assert here("/") == ["/"]
    assert here("/accounts/018f/contacts/") == ["/accounts/"]
    assert here("/elsewhere/") == []


def test_the_switcher_lists_my_organisations_and_no_other(client, acme, umbra, ana, otto):
    assert "tenant-menu" not in page(client, ana)
    make_member(umbra, "Ana", "viewer", email=ana.user.email)
    html = page(client, ana)
    assert re.findall(r'name="tenant" value="([^"]+)"', html) == ["acme", "umbra"]
    assert 'action="/switch-tenant/"' in html


def test_the_frame_costs_one_query(client, ana):
    sign_in(client, ana)
    client.get("/framed/")
    with CaptureQueriesContext(
        connection,
    ) as plain:
        client.get("/plain/")
    with CaptureQueriesContext(connection) as framed:
        client.get("/framed/")
    assert len(framed) - len(plain) == 1
    assert sum("people_places_of_user" in query["sql"] for query in framed) == 1


def test_who_and_where_is_said_and_signing_out_is_a_form(client, ana):
    html = page(client, ana)
    assert "Acme" in html and ana.user.email in html and "Owner" in html
    assert re.search(r'<form method="post" action="/auth/logout/">', html)


def test_a_message_is_a_toast_and_its_text_is_text(client, ana):
    html = sign_in(client, ana).get("/flashed/", follow=True).content.decode()
    toasts = html[html.index('id="toasts"') :]
    assert "tone-bad" in toasts and "It did &lt;b&gt;not&lt;/b&gt; work." in toasts


def test_a_page_without_a_member_has_no_rail(client):
    html = client.get("/auth/login/").content.decode()
    assert "cs-rail-head" in html and 'class="cs-rail"' not in html


@pytest.mark.parametrize("path", ["/framed/", "/ui/", "/auth/login/", "/auth/password/reset/", "/nothing-here/"])
def test_nothing_is_inline_and_nothing_comes_from_elsewhere(client, ana, path):
    answer = sign_in(client, ana).get(path)
    html = answer.content.decode()
    assert not re.search(r"\sstyle=", html)
    assert not re.search(r"<style|<script(?![^>]*\ssrc=)", html)
    assert not re.search(r"\son[a-z]+=", html)
    assert not re.search(r"(?:src|href|action)=\"(?:https?:)?//", html)
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy


def test_landmarks_and_the_way_past_them(client, ana):
    html = page(client, ana)
    assert html.index('href="#main"') < html.index("<nav")
    for landmark in ("<header", "<nav", '<main class="cs-main', 'id="main"', 'lang="en"', 'dir="ltr"'):
        assert landmark in html
    assert html.count("<h1") == 1
