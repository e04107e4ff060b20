"""`/metrics`: what this web server counted, and what the database says about the work of all processes.

Behind a token of its own (CS_METRICS_TOKEN); without one there is no such address. Names of organisations appear only
with CS_METRICS_TENANTS=1.
"""

import hmac
from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db import connection as database
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from cs_platform import counting
from cs_platform.tenancy import clock, crypto, rotation
from cs_platform.tenancy.models import Tenant
from cs_platform.workspace import watching

PATIENCE_MS = 5000  # what the database may take for one scrape
GAUGES = {
    "outbox": ("cs_outbox_rows", "Work in the outbox that is not done.", "state"),
    "oldest_due": ("cs_outbox_oldest_due_seconds", "How long the oldest due work has waited.", ""),
    "effects": ("cs_effects_unknown", "Effects on the outside world of which nobody knows whether they happened.", ""),
    "messages": ("cs_messages", "Messages of the slots from a day ago to a day ahead.", "state"),
    "message_trouble": ("cs_messages_in_trouble", "Messages that failed or are unknown, of all times.", "state"),
    "connections": ("cs_connections", "Connections to Salesforce.", "state"),
    "sync_age": (
        "cs_connection_sync_age_seconds",
        "How long ago the last sync ended, the oldest of each state.",
        "state",
    ),
}


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    if not settings.CS_METRICS_TOKEN:
        raise Http404
    shown = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    if not hmac.compare_digest(shown.encode(), settings.CS_METRICS_TOKEN.encode()):
        return HttpResponse("Send the token: Authorization: Bearer <CS_METRICS_TOKEN>\n", "text/plain", 401)
    asked = CollectorRegistry()
    asked.register(Asked(clock.now()))
    text = generate_latest(counting.collect()) + generate_latest(asked)
    return HttpResponse(text, content_type=CONTENT_TYPE_LATEST)


class Asked(Collector):
    """The numbers of the database, asked in one short transaction. When it does not answer, `cs_database_up` says so
    and what was counted here is told all the same."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def describe(self) -> list[GaugeMetricFamily]:
        return []  # asked for once, at the scrape, not at the registration

    def collect(self) -> Iterator[GaugeMetricFamily]:
        try:
            with transaction.atomic(), database.cursor() as cursor:
                cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(PATIENCE_MS)])
                found = [*self._work(), *self._numbers(), *self._keys(), *self._sessions()]
        except DatabaseError:
            found = []
        yield _gauge("cs_database_up", "1 if the database answered this scrape.", {"": 1.0 if found else 0.0})
        yield from found

    def _work(self) -> Iterator[GaugeMetricFamily]:
        pulse, sending = watching.pulse(self.now), watching.sending()
        if pulse.last_tick_age is not None:
            words = "How long ago the minute's work was last looked at, by anybody."
            yield _gauge("cs_tick_age_seconds", words, {"": pulse.last_tick_age})
        yield _gauge("cs_work_moving", "0 if work has stopped, as /readyz says.", {"": float(pulse.word != "stopped")})
        silent = {
            "switched_off": float(sending.off),
            "other_installation": float(sending.elsewhere),
            "mail_server": float(sending.refused),
        }
        yield _gauge("cs_organisations_silent", "Organisations that send no mail, by why.", silent, "reason")

    def _numbers(self) -> Iterator[GaugeMetricFamily]:
        each = bool(settings.CS_METRICS_TENANTS)
        slugs = dict(Tenant.objects.values_list("pk", "slug")) if each else {}
        found = watching.numbers(self.now, each_tenant=each)
        for name, (title, words, label) in GAUGES.items():
            labels = [part for part in (label, "tenant" if each else "") if part]
            family = GaugeMetricFamily(title, words, labels=labels)
            for number in found:
                if number.name == name:
                    shown = [*([number.word] if label else []), *([slugs[number.tenant_id or 0]] if each else [])]
                    family.add_metric(shown, number.value)
            yield family

    def _keys(self) -> Iterator[GaugeMetricFamily]:
        by_master = {master: float(keys) for master, keys in rotation.keys_by_master().items()}
        yield _gauge("cs_data_keys", "Data keys by the master key that wraps them.", by_master, "master")
        missing = set(by_master) - set(crypto.master_keys())
        yield _gauge("cs_master_keys_missing", "Master keys that are used and not there.", {"": float(len(missing))})

    def _sessions(self) -> Iterator[GaugeMetricFamily]:
        by_state, most = watching.connections_by_state()
        found = {state.replace(" ", "_"): float(count) for state, count in by_state.items()}
        yield _gauge("cs_database_connections", "Sessions of this database.", found, "state")
        yield _gauge("cs_database_connections_limit", "Sessions that the server allows.", {"": float(most)})


def _gauge(name: str, words: str, values: dict[str, float], label: str = "") -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, words, labels=[label] if label else [])
    for value_of, value in values.items():
        family.add_metric([value_of] if label else [], value)
    return family
