"""The documents are true: their examples run, their commands and files exist, their tables say what the code says."""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from django.conf import settings
from django.core.management import get_commands

from accounts.rules import ACCOUNTS
from accounts.rules.fields import OPS
from campaigns.content import FIELDS
from cs_platform import ledger
from cs_platform.people import services as people
from cs_platform.people.api.routing import v1_urls
from cs_platform.people.models import Role
from cs_platform.people.permissions import SCOPES, VERBS
from cs_platform.tenancy.scope import tenant_scope
from cs_platform.workspace.demo import cast
from integrations.salesforce import mapping
from tests.cast import NOW, api, make_member
from tests.house import examples
from tests.integrations.salesforce.sandboxed import sandbox

ROOT = Path(settings.BASE_DIR)
DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *DOCS.rglob("*.md")])
CODE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"""(?<!\\)\]\(([^)\s]+)\)|(?:src|srcset|href)="([^"]+)\"""")
TOLD_FILE = re.compile(r"`((?:[\w.-]+/)+[\w.-]+\.(?:py|md|sql|toml|txt|lock|svg|json))`")


def named(page):
    return str(page.relative_to(ROOT))


pages = pytest.mark.parametrize("page", PAGES, ids=named)


def read(name):
    return (DOCS / name).read_text()


def rows(text, heading):
    """The cells of the table that follows a line, without its head."""
    table = text[text.index(heading) :].split("\n\n| ", 1)[1].split("\n\n")[0]
    lines = ("| " + table).splitlines()[2:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip()[1:-1])] for line in lines]


def words(cell):
    return re.findall(r"`([^`]+)`", cell)


# --- the worked examples --------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_worked_examples_of_the_api_are_what_happens(acme, clock_at, mailbox, tmp_path, settings):
    clock_at(NOW)
    make_member(acme, "Ana Lindqvist", "ta_leader", email="ana@acme.example")
    known = {"key": key(acme, "admin"), "reading key": key(acme, "accounts:read")}
    with sandbox(tmp_path / "org", "demo") as server:
        settings.CS_SALESFORCE_EXTRA_HOSTS = [server.url]
        player = examples.Player(known, clock_at, NOW, replace={"http://127.0.0.1:18010": server.url})
        played = 0
        for step in examples.read(read("api.md")):
            if not isinstance(step, examples.Example):
                player.move_clock(step)
                continue
            answer = player.send(step)
            assert answer.status_code == step.status, f"{step.line}\n{answer.content.decode()[:2000]}"
            for name, value in step.told_headers.items():
                assert answer[name] == value, f"{step.line}: {name}"
            if step.has_answer:
                differences = list(player.differences(step.answer, answer.json()))
                assert not differences, f"{step.line}\n" + "\n".join(differences)
            played += 1
    assert played > 40


def key(tenant, *scopes):
    with tenant_scope(tenant):
        return people.create_api_key("CRM export", scopes, actor=ledger.system("test"), now=NOW)[1]


def test_the_table_of_resources_names_every_address_of_the_api():
    told = set()
    for address, objects, verbs, views, _ in rows(read("api.md"), "## Resources"):
        (base,) = words(address)
        told |= {OBJECT[name].format(base) for name in words(objects)}
        told |= {f"POST {base}{verb}" for verb in words(verbs)} | {f"GET {base}{view}" for view in words(views)}
    assert {line.rstrip("/") for line in told} == addresses()


OBJECT = {
    "list": "GET {0}",
    "read": "GET {0}{{id}}",
    "POST": "POST {0}",
    "PATCH": "PATCH {0}{{id}}",
    "DELETE": "DELETE {0}{{id}}",
    "change": "PATCH {0}",
    "PUT": "PUT {0}",
    "remove": "DELETE {0}",
}


def addresses():
    found = set()
    for pattern in v1_urls():
        view = getattr(pattern.callback, "cls", None)
        if not hasattr(view, "required"):
            continue
        path = re.sub(r"\(\?P<\w+>[^)]*\)", "{id}", str(pattern.pattern)).strip("^$").removesuffix("/?")
        methods = getattr(pattern.callback, "actions", None) or {method: method for method in view.handlers()}
        found |= {f"{method.upper()} {path}" for method in methods if method != "head"}
    return found


def test_the_table_of_scopes_is_the_table_of_rights():
    told = {words(scope)[0]: what for scope, what in rows(read("api.md"), "acts within its scopes")}
    assert told == dict(SCOPES)


def test_the_table_of_rules_is_the_rule_language():
    told = {}
    for _, ops, fields in rows(read("api.md"), "## The rule language"):
        told |= dict.fromkeys(words(fields)[0].split(), set(words(ops)[0].split()))
    assert told == {field.name: set(OPS[field.kind]) for field in ACCOUNTS}


# --- the guides -----------------------------------------------------------------------------------------------------


def test_the_table_of_roles_is_the_table_of_rights():
    told = {}
    for verb, *cells in rows(read("guide/administrator.md"), "## Who may do what"):
        told[words(verb)[0]] = {role for role, cell in zip(Role.values, cells[1:], strict=True) if cell == "●"}
    assert told == {verb: {str(role) for role in right.roles} for verb, right in VERBS.items()}


def test_every_merge_field_is_told():
    assert set(words(read("guide/csm.md"))) >= {f"{{{{{name}}}}}" for name in FIELDS}


def test_the_salesforce_mapping_is_told_with_its_defaults():
    lines = rows(read("salesforce.md"), "## The mapping")
    told = {words(key)[0]: (words(source) or [""])[0] for key, _, source in lines}
    assert told == {spec.key: f"{spec.sobject}.{spec.default}" if spec.default else "" for spec in mapping.SPECS}


def test_the_logins_of_the_demo_are_told():
    told = words((ROOT / "README.md").read_text())
    assert {login["email"] for login in cast.logins()} <= set(told) and cast.PASSWORD in told


def test_every_setting_is_told():
    code = (ROOT / "cs_platform/settings.py").read_text()
    used = set(re.findall(r'(?:env\.\w+|_required|_server)\(\s*"([A-Z_]+)"', code))
    told = {name for cell, _ in rows(read("operations.md"), "## Settings") for name in words(cell)}
    assert used <= told


# --- every page -----------------------------------------------------------------------------------------------------


@pages
def test_every_command_exists(page):
    text = page.read_text()
    commands = set(re.findall(r"manage\.py ([a-z_]+)", text))
    assert commands <= set(get_commands()), commands - set(get_commands())
    targets = set(re.findall(r"(?:`|^)make ([a-z-]+)", text, re.MULTILINE))
    assert targets <= set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pages
def test_every_link_leads_somewhere(page):
    text = page.read_text()
    for link in [one or other for one, other in LINK.findall(CODE.sub("", text))]:
        path, _, anchor = unquote(link).partition("#")
        if re.match(r"[a-z]+:", path):
            continue
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor:
            assert anchor in {slug(head) for head in re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE)}, link


def slug(heading):
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


@pages
def test_every_file_that_is_named_exists(page):
    for name in TOLD_FILE.findall(page.read_text()):
        if "NNNN" not in name and not name.startswith((".data/", "<")):
            assert (ROOT / name).exists() or (page.parent / name).exists() or (DOCS / name).exists(), name


@pages
def test_the_words_are_plain(page):
    text = page.read_text()
    assert not re.search(r"(?<![\w.])/(?:home|root|work|tmp|Users)/", text), "a path of one machine"
    assert not re.search(r"pypi|pythonhosted|npmjs|registry\.|TODO|FIXME", text)
    prose = re.sub(r"`[^`]*`", "", CODE.sub("", text)).replace("![", "[").replace("<!--", "")
    assert "!" not in prose


def test_pictures_are_small_and_shown():
    shown = "".join(page.read_text() for page in PAGES)
    for picture in (DOCS / "screenshots").glob("*.png"):
        assert picture.stat().st_size <= 250_000, picture.name
        assert picture.name in shown, f"no page shows {picture.name}"


# --- the addresses that the documents send people to ----------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api/v1/schema/", "/api/docs/", "/healthz", "/readyz"])
def test_public_addresses_answer(acme_api, path):
    assert api(acme_api.key).get(path).status_code in (200, 503)
