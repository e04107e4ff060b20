"""Files of others are what the manifest says, and our own keep to their limits."""

import json
import re
import shutil
from pathlib import Path

import pytest
from django.conf import settings

from cs_platform.frontend import vendor_assets

STATIC = Path(settings.BASE_DIR) / "cs_platform" / "static"
FRONTEND = Path(settings.BASE_DIR) / "cs_platform" / "frontend"
TEMPLATES = Path(settings.BASE_DIR) / "templates"
SPRITE = next((STATIC / "vendor" / "tabler-icons").glob("*/icons.svg"))


def test_vendored_files_are_as_the_manifest_says():
    assert vendor_assets.problems() == []


@pytest.fixture
def copy(tmp_path, monkeypatch):
    shutil.copytree(STATIC / "vendor", tmp_path / "vendor")
    monkeypatch.setattr(vendor_assets, "VENDOR", tmp_path / "vendor")
    monkeypatch.setattr(vendor_assets, "MANIFEST", tmp_path / "vendor" / "MANIFEST.json")
    return tmp_path / "vendor"


def test_a_change_by_hand_is_found(copy):
    style = next(copy.glob("tabler-core/*/tabler.min.css"))
    style.write_text(style.read_text() + "body{display:none}")
    (copy / "stranger.js").write_text("alert(1)")
    next(copy.glob("tabler-core/*/LICENSE")).unlink()
    found = " ".join(vendor_assets.problems())
    assert "changed by hand" in found and "stranger.js is not in the manifest" in found and "is missing" in found


def test_every_vendored_package_has_its_licence():
    files = json.loads((STATIC / "vendor" / "MANIFEST.json").read_text())["files"]
    packages = {entry["package"] for entry in files}
    assert {entry["package"] for entry in files if entry["file"].endswith("LICENSE")} == packages
    assert {entry["licence"] for entry in files} == {"MIT"}


def test_the_lock_names_no_place_to_download_from():
    lock = json.loads((FRONTEND / "package-lock.json").read_text())
    packages = {name: about for name, about in lock["packages"].items() if name}
    assert packages and not any("resolved" in about for about in packages.values())
    assert all(about["integrity"].startswith("sha512-") for about in packages.values())


def test_every_icon_that_a_template_names_is_in_the_sprite():
    have = set(re.findall(r'<symbol id="([^"]+)"', SPRITE.read_text()))
    assert have == set((FRONTEND / "icons.txt").read_text().split())
    named = set()
    for template in TEMPLATES.rglob("*.html"):
        text = template.read_text()
        named |= set(re.findall(r'{%\s*icon "([a-z0-9-]+)"', text))
        named |= set(re.findall(r'<c-[^>]*?\sicon="([a-z0-9-]+)"', text))
        named |= set(re.findall(r'<c-icon[^>]*?\sname="([a-z0-9-]+)"', text))
    assert named - have == set()


def test_no_template_has_anything_inline():
    """The policy would refuse it in the browser; here it is found before. Mails have no policy and no style sheet."""
    for template in TEMPLATES.rglob("*.html"):
        text = template.read_text()
        if {"email", "emails"} & set(template.parts):
            continue
        assert not re.search(r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son[a-z]+=[\"']", text), template


def test_no_template_waits_for_a_script_that_is_not_there():
    """Bootstrap's data attributes would do nothing: use popovertarget, command, <details> or the components."""
    for template in TEMPLATES.rglob("*.html"):
        assert not re.search(r"data-bs-(toggle|dismiss|target)", template.read_text()), template


def test_our_own_files_are_small_and_ask_no_other_host():
    assert len((STATIC / "css" / "product.css").read_text().splitlines()) < 600
    for own in (*STATIC.glob("css/*"), *STATIC.glob("js/*")):
        text = own.read_text()
        assert not re.search(r"https?://(?!www\.w3\.org/)|@import|\beval\(|new Function|innerHTML", text), own.name
