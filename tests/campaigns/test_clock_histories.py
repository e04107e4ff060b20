"""Random histories of the clock: the organisation moves to other zones, the series gets another rule, three beats tick
at once, all of them are down for hours, the clock goes back. Each date has one e-mail or is marked as late; none is
missing, none comes twice."""

import threading
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, time, timedelta
from uuid import uuid4

import pytest
from django.db import connections
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from campaigns import services, zones
from campaigns.calendar import DAY, WEEKDAYS, DaysOff, slots
from campaigns.models import Enrolment, Message, Series, SeriesRun
from cs_platform import ledger
from cs_platform.tenancy.models import Tenant
from cs_platform.tenancy.scope import tenant_scope
from tests.campaigns.stage import TEST, make_template
from tests.cast import make_tenant

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
BEGIN = datetime(2026, 10, 21, 6, 0, tzinfo=UTC)  # the Wednesday before the clocks change in Europe
ZONES = ["Europe/Berlin", "America/New_York", "Asia/Tokyo", "Pacific/Kiritimati", "Pacific/Pago_Pago", "America/Havana"]
MINUTES = st.integers(10, 600)


class Histories(RuleBasedStateMachine):
    """`changed` is when the rule or the zone changed last: what was due before may be left out without a mark."""

    @initialize()
    def begin(self):
        self.now = self.seen = self.changed = BEGIN
        self.tenant = make_tenant(f"t{uuid4().hex[:10]}", "Clocks", "Europe/Berlin")
        with tenant_scope(self.tenant):
            from accounts import services as accounts

            values = {"name": "Initech", "support_level": "Named"}
            account = accounts.create_account(values, actor=TEST, now=BEGIN - DAY)
            person = {"name": "Ada", "email": f"ada@{self.tenant.slug}.example", "roles": []}
            contact = accounts.create_contact(account, person, actor=TEST, now=BEGIN - DAY)
            texts = [make_template(f"Text {n}").pk for n in range(60)]
            given = {"name": "Tips", "zone": "tenant", "category": "recap"}
            self.series = services.create_series(given, template_ids=texts, actor=TEST, now=BEGIN - DAY)
            self.series = services.activate_series(self.series, actor=TEST, now=BEGIN - DAY)
            services.enrol_contacts(self.series, [contact.pk], actor=TEST, now=BEGIN - DAY)
        ledger.drain(BEGIN)

    # --- what happens -----------------------------------------------------------------------------------------------

    @rule(minutes=st.integers(30, 1800), late=st.integers(0, 3))
    def time_passes_and_a_beat_ticks(self, minutes, late):
        end = self.now + timedelta(minutes=minutes)
        for slot in self._due(self.now, end):
            self._tick(max(self.now, min(end, slot.due_at + timedelta(minutes=late))))
        self._tick(end)

    @rule(minutes=st.integers(30, 900))
    def three_beats_tick_at_once(self, minutes):
        end = self.now + timedelta(minutes=minutes)
        for slot in self._due(self.now, end):
            self._tick(max(self.now, slot.due_at), beats=3)
        self._tick(end, beats=3)

    @rule(minutes=MINUTES)
    def the_beat_is_down(self, minutes):
        self._tick(self.now + timedelta(minutes=minutes))

    @rule()
    def the_clock_goes_back_an_hour(self):
        self.now -= timedelta(hours=1)
        self._tick(self.now)

    @rule(zone=st.sampled_from(ZONES))
    def the_organisation_moves(self, zone):
        Tenant.objects.filter(pk=self.tenant.pk).update(timezone=zone)
        self._change()

    @rule(days=st.sets(st.sampled_from(WEEKDAYS), min_size=2), hour=st.integers(0, 23))
    def the_rule_changes(self, days, hour):
        with tenant_scope(self.tenant):
            services.edit_series(
                self.series, {"weekdays": sorted(days), "local_time": time(hour, 30)}, actor=TEST, now=self.now
            )
        self._change()

    # --- how it is done ---------------------------------------------------------------------------------------------

    def _change(self):
        self.changed = max(self.changed, self.now)

    def _rule(self):
        with tenant_scope(self.tenant):
            return Series.objects.get(pk=self.series.pk).rule, Tenant.objects.get(pk=self.tenant.pk).timezone

    def _due(self, after, until):
        rule, zone = self._rule()
        first, last = zones.local_date(after, zone) - DAY, zones.local_date(until, zone) + DAY
        return [slot for slot in slots(rule, zone, DaysOff(), first, last) if after < slot.due_at <= until]

    def _tick(self, now, beats=1):
        self.now = now

        def beat():
            with closing(connections["default"]):
                ledger.tick(now)
                ledger.drain(now)

        if beats == 1:
            ledger.tick(now)
            ledger.drain(now)
        else:
            threads = [threading.Thread(target=beat) for _ in range(beats)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            ledger.drain(now)
        self._check(now)
        self.seen = max(self.seen, now)

    def _check(self, now):
        """Each slot that fell due since the last look under a rule that was in force before it was due."""
        for slot in self._due(max(self.seen, self.changed), now):
            with tenant_scope(self.tenant):
                sent = Message.objects.filter(local_date=slot.local_date, state="sent").exists()
                marked = SeriesRun.objects.filter(local_date=slot.local_date, state="skipped", reason="late").exists()
            if now <= slot.late_after:
                assert sent, f"missing: {slot.local_date}"
            else:
                assert sent or marked, f"late and not marked: {slot.local_date}"

    @invariant()
    def nothing_comes_twice_and_nothing_is_left_open(self):
        with tenant_scope(self.tenant):
            found = list(Message.objects.order_by("position"))
            enrolment = Enrolment.objects.get()
            runs = SeriesRun.objects.exclude(state="planned").values_list("local_date", "zone")
        assert max(Counter(m.local_date for m in found).values(), default=1) == 1
        assert [m.position for m in found if m.state == "sent"] == list(range(1, enrolment.position + 1))
        assert {m.state for m in found} <= {"sent"} and len(set(runs)) == len(runs)


def test_whatever_happens_to_the_clock_each_date_has_one_email_or_is_marked(mailbox):
    few = settings(
        max_examples=8, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    run_state_machine_as_test(Histories, settings=few)
    subjects = Counter((mail["subject"], mail["to"][0]) for mail in mailbox.mails())
    assert subjects and max(subjects.values()) == 1
