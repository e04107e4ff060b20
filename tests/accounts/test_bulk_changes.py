"""Many accounts at once: looked at, then done as it was looked at."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from accounts import services
from accounts.models import Account, BulkChange
from accounts.services import Wanted, looking
from campaigns.models import Enrolment, Series
from cs_platform import ledger
from cs_platform.ledger.models import AuditRow, FactRow, Outbox
from cs_platform.tenancy.scope import tenant_scope
from lifecycle.models import AccountLifecycle
from tests.accounts.seen import TESTER, facts, verbs
from tests.cast import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=5)


def preview(accounts, level, **more):
    ids = [account.pk for account in accounts]
    return services.preview_bulk(Wanted({"support_level": level}, ids, **more), actor=TESTER, now=LATER)


def confirm(bulk, now=LATER):
    return services.apply_bulk(bulk, actor=TESTER, now=now)


def of(bulk, account):
    return next(row for row in bulk.rows if row["id"] == str(account.pk))


@pytest.fixture
def book(acme, make_account):
    """Customers of every kind, each in its stage."""
    made = {
        "small": make_account("Small", developers=40),
        "large": make_account("Large", developers=4000),
        "unknown": make_account("Unknown"),
        "asleep": make_account("Asleep", developers=40, support_level=""),
        "scaled": make_account("Scaled", developers=40, support_level="Scaled"),
    }
    ledger.drain(NOW)
    return made


def stage_of(account):
    return AccountLifecycle.objects.filter(account=account).values_list("stage_name", flat=True).first()


class TestLooking:
    def test_a_preview_says_what_each_account_would_become(self, acme, book):
        with tenant_scope(acme):
            bulk = preview(book.values(), "Scaled")
            small = of(bulk, book["small"])
            assert small["before"]["segment"] == "SMB"
            assert small["after"]["segment"] == "Scaled"
            assert small["after"]["service_model"] == "Scaled TA team"
            asleep = of(bulk, book["asleep"])
            assert asleep["after"]["state"] == "managed"
            assert asleep["after"]["stage"] == "0. Prospect"
            assert of(bulk, book["scaled"])["would"] == "unchanged"

    def test_a_preview_changes_nothing(self, acme, book):
        with tenant_scope(acme):

            def everything():
                return (
                    AuditRow.objects.count(), FactRow.objects.count(), Outbox.objects.count(),
                    list(Account.objects.order_by("pk").values_list("version", "segment", "support_level_id", "state")),
                )  # fmt: skip

            before = everything()
            preview(book.values(), "Digital")
            preview(book.values(), "")
            assert everything() == before

    def test_a_preview_groups_the_same_steps(self, acme, book):
        with tenant_scope(acme):
            bulk = preview(book.values(), "Scaled")
        lines = {(line["what"], line["from"], line["to"]): line["accounts"] for line in bulk.summary}
        assert lines["level", "Named", "Scaled"] == 3
        assert lines["segment", "SMB", "Scaled"] == 1
        assert lines["segment", "Strategic", "Scaled"] == 1
        assert lines["segment", "", "Scaled"] == 2  # the unknown one, and the one that comes back
        assert lines["stage", "", "0. Prospect"] == 1

    def test_mail_that_ends_is_in_the_preview(self, acme, book):
        with tenant_scope(acme):
            person = {"name": "Ada", "email": "ada@small.example", "roles": ["Program Contact"]}
            contact = services.create_contact(book["small"], person, actor=TESTER, now=NOW)
            from campaigns import services as campaigns

            series = Series.objects.get(shipped_key="onboarding")
            campaigns.enrol_contacts(series, [contact.pk], actor=TESTER, now=NOW)
            bulk = preview([book["small"]], "")
            assert of(bulk, book["small"])["after"]["mail"] is None
            assert of(bulk, book["small"])["after"]["state"] == "archived"
            confirm(bulk)
        ledger.drain(LATER)
        with tenant_scope(acme):
            assert Enrolment.objects.get(contact=contact).state == "stopped"

    def test_mail_that_starts_is_in_the_preview(self, acme, book):
        """A prospect without a level whose deal is won: with a level it is a customer, and gets mail."""
        with tenant_scope(acme):
            person = {"name": "Ada", "email": "ada@asleep.example", "roles": ["Program Contact"]}
            services.create_contact(book["asleep"], person, actor=TESTER, now=NOW)
            deal = {"name": "First", "is_new_business": True, "is_closed": True, "is_won": True}
            row = services.OpportunityInput(book["asleep"].pk, deal, salesforce_id="006000000000000001")
            services.upsert_opportunities([row], actor=TESTER, now=NOW)
        ledger.drain(NOW)
        with tenant_scope(acme):
            bulk = preview([book["asleep"]], "Named")
            after = of(bulk, book["asleep"])["after"]
        assert after["stage"] == "1. Onboarding"
        assert sum(after["mail"].values()) == 1
        assert {"what": "mail", "from": "", "to": next(iter(after["mail"])), "accounts": 1, "number": 1} in bulk.summary

    def test_an_attrited_customer_is_refused_with_the_reason(self, acme, book, make_account):
        gone = make_account("Gone", support_level="", account_type=Account.ATTRITED)
        with tenant_scope(acme):
            bulk = preview([gone, book["small"]], "Scaled")
        assert of(bulk, gone)["would"] == "refused"
        assert "attrited" in of(bulk, gone)["why"]

    @pytest.mark.parametrize(("level", "code"), [("Nonsense", "unknown_support_level")])
    def test_a_level_that_is_none_is_refused(self, acme, book, level, code):
        with tenant_scope(acme), pytest.raises(ledger.Refused) as refused:
            preview(book.values(), level)
        assert refused.value.code == code

    def test_nobody_and_too_many_are_refused(self, acme, book, monkeypatch):
        with tenant_scope(acme):
            with pytest.raises(ledger.Refused, match="at least one"):
                preview([], "Scaled")
            monkeypatch.setattr("accounts.services.bulk.MAX_ROWS", 2)
            with pytest.raises(services.TooMany):
                preview(book.values(), "Scaled")

    def test_the_cost_does_not_grow_with_the_accounts(self, acme, book, make_account):
        def cost(accounts, level):
            with tenant_scope(acme), CaptureQueriesContext(connection) as asked:
                preview(accounts, level)
            with tenant_scope(acme):
                bulk = preview(accounts, level)
            with tenant_scope(acme), CaptureQueriesContext(connection) as done:
                confirm(bulk)
            return len(asked), len(done)

        few = cost([book["small"]], "Scaled")
        many = cost([make_account(f"Many {n}", developers=10) for n in range(8)], "Scaled")
        assert many == few


class TestConfirming:
    def test_what_was_looked_at_happens(self, acme, book):
        with tenant_scope(acme):
            bulk = confirm(preview(book.values(), "Scaled", note="New team"))
            assert services.counted(bulk) == {"changed": 4, "unchanged": 1, "stale": 0, "refused": 0, "gone": 0}
            assert set(Account.objects.values_list("segment", "state")) == {("Scaled", "managed")}
            assert AuditRow.objects.filter(verb="account.set_support_level", call__note="Scaled: New team").count() == 4
            assert set(facts("accounts.support_levels_changed")[-1]["account_ids"]) == {
                str(account.pk) for name, account in book.items() if name != "scaled"
            }

    def test_an_account_that_changed_since_is_left_out_and_told(self, acme, book):
        with tenant_scope(acme):
            bulk = preview([book["small"], book["large"]], "Scaled")
            services.edit_account(book["small"], {"developers": 300}, actor=TESTER, now=LATER)
            bulk = confirm(bulk)
            assert (of(bulk, book["small"])["result"], of(bulk, book["large"])["result"]) == ("stale", "changed")
            assert Account.objects.get(pk=book["small"].pk).support_level.name == "Named"
            assert Account.objects.get(pk=book["large"].pk).support_level.name == "Scaled"

    @pytest.mark.parametrize("what", ["stage", "people", "rules"])
    def test_what_the_preview_hangs_on_makes_it_stale(self, acme, book, what):
        from lifecycle import services as lifecycle

        small = book["small"]
        with tenant_scope(acme):
            bulk = preview([small], "Scaled")
            if what == "stage":
                lifecycle.move_stage(small, "customer", "1. Onboarding", actor=TESTER, now=LATER)
            elif what == "people":
                services.create_contact(small, {"name": "Ada"}, actor=TESTER, now=LATER)
            else:
                rules = [{"when": {"all": []}, "segment": "Everybody"}]
                draft = services.save_segmentation_draft(rules, actor=TESTER, now=LATER)
                services.publish_segmentation(draft, actor=TESTER, now=LATER)
            assert of(confirm(bulk), small)["result"] == "stale"

    def test_confirming_twice_changes_nothing_more(self, acme, book):
        with tenant_scope(acme):
            bulk = preview(book.values(), "Scaled")
            confirm(bulk)
            said = verbs(book["small"].pk)
            again = confirm(BulkChange.objects.get(pk=bulk.pk))
            assert services.counted(again)["changed"] == 4
            assert verbs(book["small"].pk) == said
            assert verbs(bulk.pk) == ["bulk_change.apply"]

    def test_an_old_preview_is_refused(self, acme, book):
        with tenant_scope(acme):
            bulk = preview(book.values(), "Scaled")
            with pytest.raises(ledger.Refused, match="hour"):
                confirm(bulk, LATER + timedelta(hours=2))

    def test_an_owner_and_plain_values_go_the_same_way(self, acme, book, ben):
        ids = [book["small"].pk, book["large"].pk]
        change = {"csm_id": str(ben.pk), "values": {"region": "EMEA"}}
        with tenant_scope(acme):
            bulk = services.preview_bulk(Wanted(change, ids), actor=TESTER, now=LATER)
            assert of(bulk, book["small"])["after"]["owner"] == "Ben"
            confirm(bulk)
            assert list(Account.objects.filter(pk__in=ids).values_list("csm", "region")) == [(ben.pk, "EMEA")] * 2

    def test_old_previews_are_forgotten(self, acme, book):
        with tenant_scope(acme):
            preview(book.values(), "Scaled")
        ledger.tick(LATER + timedelta(days=29))
        with tenant_scope(acme):
            assert BulkChange.objects.exists()
        ledger.tick(LATER + timedelta(days=31))
        with tenant_scope(acme):
            assert not BulkChange.objects.exists()


LEVELS = st.sampled_from(["Named", "Scaled", "Digital", ""])
CUSTOMERS = st.fixed_dictionaries(
    {
        "level": LEVELS,
        "developers": st.none() | st.integers(0, 4000),
        "arr": st.none() | st.integers(0, 30_000_000),
        "people": st.lists(st.sampled_from(["Program Contact", "Champion"]), max_size=2),
        "deal": st.sampled_from(["", "open", "won"]),
        "override": st.booleans(),
        "attrited": st.integers(0, 9).map(lambda n: n == 0),
    }
)
BANDS = st.lists(st.integers(1, 3000), min_size=1, max_size=3, unique=True).map(sorted)


@settings(
    max_examples=12,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    book=st.lists(CUSTOMERS, min_size=1, max_size=4),
    bands=BANDS,
    level=LEVELS,
    by_level=st.sampled_from(["Named", "Scaled", "Digital"]),
)
def test_what_is_previewed_is_what_happens(acme, ben, book, bands, level, by_level):
    """Random books, rules and levels: how every account stands after everything has followed is what was shown."""
    from django.db import transaction

    try:
        with transaction.atomic():
            accounts = _made(acme, ben, book, bands, by_level)
            ids = [account.pk for account in accounts]
            with tenant_scope(acme):
                bulk = preview(accounts, level)
                expected = {row["id"]: {**row["before"], **row["after"]} for row in bulk.rows}
                bulk = confirm(bulk)
            ledger.drain(LATER)
            with tenant_scope(acme):
                stands = {str(pk): looking.shown(row) for pk, row in looking.look(ids, now=LATER).items()}
                assert stands == expected
                assert all(row["result"] == row["would"] for row in bulk.rows)
            raise _Again
    except _Again:
        pass


class _Again(Exception):
    pass


def _made(acme, ben, book, bands, by_level):
    rules = [{"when": {"field": "support_level", "op": "eq", "value": by_level}, "segment": "By level"}]
    for low in reversed(bands):
        rules.append({"when": {"field": "developers", "op": "gte", "value": low}, "segment": f"From {low}"})
    accounts = []
    with tenant_scope(acme):
        draft = services.save_segmentation_draft(rules, actor=TESTER, now=NOW)
        services.publish_segmentation(draft, actor=TESTER, now=NOW)
        for n, customer in enumerate(book):
            kind = {"account_type": Account.ATTRITED} if customer["attrited"] else {}
            values = {
                "name": f"Customer {n}",
                "support_level": customer["level"],
                "developers": customer["developers"],
                "arr_minor": customer["arr"],
            }
            account = services.create_account({**values, **kind}, actor=TESTER, now=NOW)
            for place, role in enumerate(customer["people"]):
                person = {"name": f"Person {place}", "email": f"p{place}@c{n}.example", "roles": [role]}
                services.create_contact(account, person, actor=TESTER, now=NOW)
            if customer["deal"]:
                won = customer["deal"] == "won"
                deal = {"name": "Deal", "is_new_business": True, "is_closed": won, "is_won": won}
                row = services.OpportunityInput(account.pk, deal, salesforce_id=f"006{n:015d}")
                services.upsert_opportunities([row], actor=TESTER, now=NOW)
            if customer["override"] and account.is_managed:
                services.override_segment(
                    account, segment="By level", reason="Because", owner=ben,
                    expires_on=(NOW + timedelta(days=9)).date(), actor=TESTER, now=NOW,
                )  # fmt: skip
            accounts.append(account)
    ledger.drain(NOW)
    return accounts
