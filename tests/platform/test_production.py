"""The product under its production settings: what the outside sees, and what a proxy in front may say."""

import json
import os
import subprocess
import sys

import pytest
from django.conf import settings

from cs_platform.supervisor import suite

PROXY = {"X-Forwarded-Proto": "https", "Host": "cs.example.com"}
# Asked in one process, because a start takes a second: name, method, path, headers, size of the body.
ASKED = {
    "health": ("GET", "/healthz", {"Host": "cs.example.com"}, 0),
    "ready": ("GET", "/readyz", {"Host": "cs.example.com"}, 0),
    "metrics": ("GET", "/metrics", {"Host": "cs.example.com"}, 0),
    "plain": ("GET", "/auth/login/", {"Host": "cs.example.com"}, 0),
    "login": ("GET", "/auth/login/", PROXY, 0),
    "stranger": ("GET", "/auth/login/", {**PROXY, "Host": "evil.example"}, 0),
    "forwarded host": ("GET", "/auth/login/", {**PROXY, "X-Forwarded-Host": "evil.example"}, 0),
    "large form": ("POST", "/auth/login/", PROXY, 11_000_000),
    "large body": ("POST", "/api/v1/accounts/", PROXY, 11_000_000),
    "no csrf": ("POST", "/auth/login/", PROXY, 10),
    "missing": ("GET", "/no/such/page/", PROXY, 0),
}
SCRIPT = """
import json, sys, django
from django.conf import settings
import cs_platform.settings as ours
ours.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
django.setup()
from django.test import Client, RequestFactory
from allauth.account.adapter import get_adapter
told = {}
for name, (method, path, headers, size) in json.loads(sys.argv[1]).items():
    kind = "application/json" if path.startswith("/api") else "application/x-www-form-urlencoded"
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    answer = client.generic(method, path, b"a=" + b"x" * size if size else b"", kind, headers=headers)
    cookies = {key: dict(value.items()) for key, value in answer.cookies.items()}
    told[name] = {"status": answer.status_code, "headers": dict(answer.items()), "cookies": cookies}
forged = RequestFactory().get("/", headers={"X-Forwarded-For": "6.6.6.6, 7.7.7.7, 10.0.0.9"}, REMOTE_ADDR="127.0.0.1")
told["address"] = get_adapter().get_client_ip(forged)
print("ANSWERS" + json.dumps(told))
"""


def environment(**more):
    given = {name: os.environ[name] for name in ("PATH", "DATABASE_URL", "REDIS_URL")}
    return {**given, **suite.production(), "CS_TRUSTED_PROXIES": "1", **more}


def run(*argv, **more):
    return subprocess.run(
        [sys.executable, *argv], env=environment(**more), cwd=settings.BASE_DIR, capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def told(django_db_setup):
    done = run(
        "-c", SCRIPT, json.dumps(ASKED), CS_INSTALLATION_ID="here", DJANGO_SETTINGS_MODULE="cs_platform.settings"
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.partition("ANSWERS")[2])


def test_the_deployment_check_has_nothing_to_say():
    tags = ("--tag", "security", "--tag", "compatibility", "--tag", "caches", "--tag", "urls")
    done = run("manage.py", "check", "--deploy", *tags, "--fail-level", "WARNING", CS_METRICS_TOKEN="t" * 32)
    assert done.returncode == 0, done.stderr


def test_a_token_that_repeats_another_secret_is_refused():
    secret = "s" * 60 + "0123456789"
    done = run("manage.py", "check", "--deploy", SECRET_KEY=secret, CS_METRICS_TOKEN=secret)
    assert done.returncode != 0 and "cs.E005" in done.stderr and secret not in done.stderr


def test_probes_are_answered_without_https_and_metrics_are_off(told):
    assert told["health"]["status"] == 200 and told["ready"]["status"] in (200, 503)
    assert told["metrics"]["status"] == 404


def test_everything_else_is_sent_to_https(told):
    assert told["plain"]["status"] == 301
    assert told["plain"]["headers"]["Location"] == "https://cs.example.com/auth/login/"


def test_a_page_has_every_header_that_protects_it(told):
    headers = told["login"]["headers"]
    assert told["login"]["status"] == 200
    assert headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains; preload"
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == headers["Cross-Origin-Opener-Policy"] == "same-origin"
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert headers["Cache-Control"] and headers["X-Request-ID"]


def test_cookies_travel_over_https_only_and_no_script_reads_the_session(told):
    for cookie in told["login"]["cookies"].values():
        assert cookie["secure"] is True and cookie["samesite"] == "Lax"


def test_another_host_is_refused_whoever_says_it(told):
    assert told["stranger"]["status"] == 400
    assert told["forwarded host"]["status"] == 200  # not looked at
    assert "evil" not in json.dumps(told["forwarded host"])


def test_a_body_over_the_limit_is_refused(told):
    assert told["large form"]["status"] == told["large body"]["status"] == 413


def test_a_form_without_its_token_is_refused(told):
    assert told["no csrf"]["status"] == 403


def test_the_address_of_a_visitor_is_what_our_own_proxy_said(told):
    """Whatever a visitor writes in front of it: with one trusted proxy the last entry counts."""
    assert told["address"] == "10.0.0.9"


@pytest.mark.parametrize(
    "bad",
    [
        {"CS_BASE_URL": "http://cs.example.com"}, {"SECRET_KEY": "short"}, {"CS_TRUSTED_PROXIES": "two"},
        {"CS_SALESFORCE_EXTRA_HOSTS": "http://10.0.0.1:80"}, {"CS_CLOCK_FILE": "anything"}, {"CS_ENV": "staging"},
        {"EMAIL_URL": "nothing"}, {"REDIS_URL": ""}, {"DATABASE_URL": ""},
    ],
    ids=lambda bad: next(iter(bad)),
)  # fmt: skip
def test_an_unsafe_or_missing_setting_stops_the_start_with_one_line(bad):
    done = run("-c", "import cs_platform.settings", **{"CS_ENV": "production", **bad})
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and next(iter(bad)) in done.stderr
