"""`/metrics`: behind its token, right over several processes and their restarts, and cheap."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.db import DatabaseError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from prometheus_client.parser import text_string_to_metric_families

from cs_platform import counting, ledger
from cs_platform.ledger.models import Effect, Outbox
from cs_platform.supervisor import ports
from cs_platform.tenancy.scope import tenant_scope
from cs_platform.workspace import watching
from tests.cast import NOW, PASSWORD, api, make_tenant, sign_in

TOKEN = "a-token-for-the-scraper-only"
OWN = re.compile(r"SAVEPOINT|RELEASE|SET |ROLLBACK|BEGIN|COMMIT")


@pytest.fixture
def token(settings):
    settings.CS_METRICS_TOKEN = TOKEN


def scrape(**headers):
    return Client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}", **headers})


def samples(text):
    """{(name, frozenset of labels): value}"""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(found, name, **labels):
    return found.get((name, frozenset(labels.items())), 0.0)


def now_found():
    answer = scrape()
    assert answer.status_code == 200
    return samples(answer.content.decode())


class TestTheDoor:
    @pytest.mark.django_db
    def test_without_the_setting_there_is_no_such_address(self, settings):
        settings.CS_METRICS_TOKEN = ""
        assert scrape().status_code == 404
        assert Client().get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404

    @pytest.mark.parametrize(
        "shown", ["", "Bearer", "Bearer wrong", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", "Bearer ü"]
    )
    def test_another_token_is_refused(self, token, shown):
        assert Client().get("/metrics", headers={"Authorization": shown}).status_code == 401

    @pytest.mark.django_db
    def test_neither_a_session_nor_a_key_of_an_organisation_opens_it(self, token, ana, acme):
        assert sign_in(Client(), ana).get("/metrics").status_code == 401
        assert api(tenant=acme).get("/metrics").status_code == 401

    def test_it_is_for_reading(self, token):
        assert Client().post("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 405

    @pytest.mark.parametrize("bad", [{"CS_METRICS_TOKEN": "short"}, {"CS_METRICS_TENANTS": "perhaps"}])
    def test_a_bad_setting_stops_the_start(self, bad):
        env = os.environ | bad
        argv = [sys.executable, "-c", "import cs_platform.settings"]
        ended = subprocess.run(argv, env=env, cwd=django_settings.BASE_DIR, capture_output=True, text=True)
        assert ended.returncode == 2 and next(iter(bad)) in ended.stderr


@pytest.mark.django_db
class TestWhatItTells:
    def test_requests_are_counted_by_route_and_class_of_answer(self, token, ana):
        browser, before = sign_in(Client(), ana), now_found()
        labels = {"route": "workspace:account-list", "method": "GET", "status": "2xx"}
        for _ in range(3):
            assert browser.get("/accounts/").status_code == 200
        after = now_found()
        assert value(after, "cs_http_requests_total", **labels) == value(before, "cs_http_requests_total", **labels) + 3
        seconds = "cs_http_request_seconds_count"
        route = {"route": "workspace:account-list"}
        assert value(after, seconds, **route) == value(before, seconds, **route) + 3

    def test_addresses_and_methods_that_somebody_makes_up_add_no_series(self, token):
        Client().get("/nothing/of/the/kind/")
        Client().generic("PURGE", "/accounts/")
        before = {key for key in now_found() if key[0].startswith("cs_http")}
        for number in range(40):
            Client().get(f"/nothing/{number}/")
            Client().get(f"/api/v1/nothing-{number}/")
            Client().generic(f"VERB{number}", "/accounts/")
        grown = {key for key in now_found() if key[0].startswith("cs_http")} - before
        assert {dict(labels)["route"] for _, labels in grown} <= {"api:nothing", "metrics"}

    def test_refused_logins_are_counted(self, token, ana, acme_api):
        before = now_found()
        Client().post("/auth/login/", {"login": ana.user.email, "password": "not the password"})
        Client().get("/api/v1/accounts/", headers={"Authorization": "Bearer cs_none_none"})
        Client().post("/auth/login/", {"login": ana.user.email, "password": PASSWORD})
        after = now_found()
        for kind in ("password", "key"):
            assert value(after, "cs_logins_refused_total", kind=kind) == 1 + value(
                before, "cs_logins_refused_total", kind=kind
            )

    def test_the_outbox_is_told_by_state(self, token, acme, umbra, clock_at):
        with tenant_scope(acme), ledger.unit():
            ledger.enqueue("people.mail_invitation", {}, due_at=NOW - timedelta(seconds=90))
            ledger.enqueue("people.mail_invitation", {}, due_at=NOW + timedelta(hours=1))
        with tenant_scope(umbra), ledger.unit():
            ledger.enqueue("people.mail_invitation", {}, due_at=NOW - timedelta(seconds=30))
            Outbox.objects.filter(due_at=NOW - timedelta(seconds=30)).update(state="dead")
            Effect.objects.create(key="x", state="unknown", provider="smtp", at=NOW)
        clock_at(NOW)
        found = now_found()
        rows = {state: value(found, "cs_outbox_rows", state=state) for state in ("later", "dead")}
        assert rows == {"later": 1, "dead": 1}
        assert value(found, "cs_outbox_oldest_due_seconds") == 90
        assert value(found, "cs_effects_unknown") == 1 and value(found, "cs_database_up") == 1
        assert value(found, "cs_database_connections_limit") > 10

    def test_names_of_organisations_are_told_on_demand_only(self, token, acme, umbra, settings):
        assert "acme" not in scrape().content.decode()
        settings.CS_METRICS_TENANTS = True
        found = now_found()
        for slug in ("acme", "umbra"):
            assert ("cs_outbox_rows", frozenset({("state", "dead"), ("tenant", slug)})) in found

    def test_a_suspended_organisation_is_no_backlog(self, token, acme, clock_at):
        clock_at(NOW)
        with tenant_scope(acme), ledger.unit():
            ledger.enqueue("people.mail_invitation", {}, due_at=NOW - timedelta(hours=9))
        acme.status = acme.Status.SUSPENDED
        acme.save()
        assert value(now_found(), "cs_outbox_oldest_due_seconds") == 0
        assert watching.pulse(NOW).word == "moving"

    def test_a_scrape_asks_little_however_many_organisations_there_are(self, token, acme):
        asked = []
        for more in range(2):
            with CaptureQueriesContext(connection) as captured:
                now_found()
            asked.append([q["sql"] for q in captured if not OWN.match(q["sql"])])
            for number in range(3):
                make_tenant(f"more-{more}-{number}", "More", "UTC")
        assert len(asked[0]) == len(asked[1]) <= 10

    def test_without_a_database_the_counts_are_told_all_the_same(self, token, monkeypatch):
        def down(now):
            raise DatabaseError("gone")

        monkeypatch.setattr(watching, "pulse", down)
        found = now_found()
        assert value(found, "cs_database_up") == 0
        assert any(name == "cs_http_requests_total" for name, _ in found)


# --- several processes ----------------------------------------------------------------------------------------------


@pytest.fixture
def server(tmp_path):
    """gunicorn with two workers on the database of the tests."""
    port = ports.choose("metrics", 31850, tmp_path / "ports.json", avoid=frozenset())
    env = os.environ | {"CS_METRICS_TOKEN": TOKEN, "CS_LOG_LEVEL": "ERROR", "TMPDIR": str(tmp_path)}
    argv = [sys.executable, "-m", "gunicorn", "cs_platform.wsgi:application", "--bind", f"127.0.0.1:{port}"]
    argv += ["--workers", "2", "--worker-class", "gthread", "--threads", "2", "--no-control-socket"]
    child = subprocess.Popen([*argv, "--log-level", "error"], env=env, cwd=django_settings.BASE_DIR)
    yield Server(f"http://127.0.0.1:{port}", child)
    child.terminate()
    child.wait(30)


class Server:
    def __init__(self, address, child):
        self.address, self.child = address, child
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self.patiently("/healthz")

    def get(self, path):
        asked = urllib.request.Request(self.address + path, headers={"Authorization": f"Bearer {TOKEN}"})
        with self.opener.open(asked, timeout=20) as answer:
            return answer.read().decode()

    def patiently(self, path, seconds=60):
        end = time.monotonic() + seconds
        while True:
            try:
                return self.get(path)
            except OSError:
                assert self.child.poll() is None and time.monotonic() < end, "the server does not come"
                time.sleep(0.2)

    def counted(self):
        found = samples(self.patiently("/metrics"))
        return value(found, "cs_http_requests_total", route="healthz", method="GET", status="2xx")

    def workers(self):
        listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.child.pid)], capture_output=True, text=True)
        return [int(pid) for pid in listed.stdout.split()]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_two_workers_add_up_and_a_worker_that_is_killed_takes_no_count_with_it(server, tmp_path):
    for _ in range(40):
        server.get("/healthz")
    total = server.counted()
    assert total == 41  # and the first one, which waited for the start
    for _ in range(3):
        killed = server.workers()[0]
        os.kill(killed, signal.SIGKILL)
        while killed in server.workers():
            time.sleep(0.05)
        server.patiently("/healthz")
        for _ in range(5):
            server.get("/healthz")
        assert server.counted() == total + 6
        total += 6
    (folder,) = tmp_path.glob("cs-metrics-*")
    assert len(list(folder.glob("counter_*.db"))) <= 3  # two that live, and the sum of those that ended


class TestFolding:
    @pytest.fixture
    def folder(self, tmp_path):
        return tmp_path

    def write(self, folder, process, amount, name='["a", "a_total", {}, "help"]'):
        from prometheus_client.mmap_dict import MmapedDict

        kept = MmapedDict(str(folder / f"counter_{process}.db"))
        kept.write_value(name, kept.read_value(name)[0] + amount, 0.0)
        kept.close()

    def total(self, folder):
        from prometheus_client.multiprocess import MultiProcessCollector

        (metric,) = MultiProcessCollector(None, path=str(folder)).collect()
        return metric.samples[0].value

    def test_files_of_the_ended_become_one_and_those_of_the_living_stay(self, folder):
        living = counting._named(os.getpid())
        for process, amount in (("999999.1", 2), ("999998.1", 3), (living, 5)):
            self.write(folder, process, amount)
        counting._fold_ended(str(folder))
        assert {path.name for path in folder.iterdir()} == {"counter_0.db", f"counter_{living}.db"}
        self.write(folder, "999997.1", 7)
        counting._fold_ended(str(folder))
        assert self.total(folder) == 17

    def test_a_number_that_another_process_got_meanwhile_is_not_that_process(self, folder):
        self.write(folder, f"{os.getpid()}.1", 4)
        counting._fold_ended(str(folder))
        assert {path.name for path in folder.iterdir()} == {"counter_0.db"}

    @pytest.mark.parametrize("fails", ["replace", "unlink"])
    def test_killed_in_the_middle_nothing_is_lost_or_counted_twice(self, folder, monkeypatch, fails):
        for process, amount in (("999999.1", 2), ("999998.1", 3)):
            self.write(folder, process, amount)
        with monkeypatch.context() as patched:
            if fails == "replace":
                patched.setattr(counting.os, "replace", lambda *_: 1 / 0)
            else:
                patched.setattr(counting, "_finish_folding", lambda folder, real=[]: 1 / 0 if real else real.append(1))
            with pytest.raises(ZeroDivisionError):
                counting._fold_ended(str(folder))
        counting._fold_ended(str(folder))
        assert self.total(folder) == 5
