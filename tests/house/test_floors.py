"""The map of the rooms is true."""

import importlib
import subprocess
import tomllib

import pytest
from django.conf import settings

ROOMS = ("cs_platform", "accounts", "activities", "lifecycle", "campaigns", "onboarding", "integrations")


def contracts():
    return tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]


def test_every_room_has_its_floor():
    layers = " ".join(contracts()[0]["layers"])
    named = {name for part in layers.replace("|", " ").replace(":", " ").split() for name in [part]}
    for app in settings.INSTALLED_APPS:
        if app.split(".")[0] in ROOMS and app != "cs_platform":
            assert {app, app.split(".")[0]} & named, f"{app} stands on no floor"


@pytest.mark.parametrize("room", ROOMS)
def test_names_are_ours(room):
    """A package of the same name in the environment would shadow a room."""
    assert str(settings.BASE_DIR) in str(importlib.import_module(room).__file__)


def test_the_root_is_a_table_of_contents():
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
    )
    entries = {line.split("/")[0] for line in listed.stdout.splitlines()}
    if not entries:  # not a checkout
        entries = {path.name for path in settings.BASE_DIR.iterdir()} - {".venv", ".data", ".git"}
    assert len(entries) <= 24, sorted(entries)
    assert not entries & {"core", "common", "utils", "helpers"}


def test_each_room_says_what_it_is_for():
    for app in settings.INSTALLED_APPS:
        if app.split(".")[0] in ROOMS and app != "cs_platform":
            assert len(importlib.import_module(app).__doc__ or "") > 80, app
