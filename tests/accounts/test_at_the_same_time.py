"""Two at once: nobody is doubled, nobody waits for ever, nobody is left under the rules of before."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction

from accounts import services
from accounts.defaults import SEGMENTATION
from accounts.models import Account, Decision, SegmentationRules
from accounts.services import AccountInput
from cs_platform.tenancy.scope import tenant_scope
from tests.accounts.seen import TESTER
from tests.cast import NOW

pytestmark = pytest.mark.django_db(transaction=True)
OTHER = [{"when": {"all": []}, "segment": "Everybody", "label": "all"}]


def row(n, **values):
    values = {"name": f"Account {n}", "support_level": "Named", "developers": 50, **values}
    return AccountInput(values, external_id=f"x{n}")


def together(tenant, *jobs):
    """Each job in a thread of its own with a connection of its own; what one raises is raised here."""
    raised = []

    def run(job):
        try:
            with tenant_scope(tenant):
                job()
        except Exception as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    if raised:
        raise raised[0]


def test_the_same_new_row_twice_is_one_account(acme):
    first_is_in, results = threading.Event(), {}

    def first():
        with transaction.atomic():
            results["first"] = services.upsert_accounts([row(1)], actor=TESTER, now=NOW)[0].result
            first_is_in.set()
            threading.Event().wait(0.5)

    def second():
        first_is_in.wait(10)
        results["second"] = services.upsert_accounts([row(1)], actor=TESTER, now=NOW)[0].result

    together(acme, first, second)
    assert results == {"first": "created", "second": "unchanged"}
    with tenant_scope(acme):
        assert Account.objects.count() == 1


def test_a_publication_and_upserts_do_not_block_each_other_for_ever(acme):
    with tenant_scope(acme):
        services.upsert_accounts([row(n) for n in range(50)], actor=TESTER, now=NOW)

    def upserts():
        for turn in range(12):
            rows = [row(n, developers=50 + turn) for n in range(turn, 50 + turn)]
            services.upsert_accounts(rows, actor=TESTER, now=NOW + timedelta(seconds=turn))

    def publications():
        for turn in range(6):
            given = OTHER if turn % 2 == 0 else SEGMENTATION
            draft = services.save_segmentation_draft(given, actor=TESTER, now=NOW)
            services.publish_segmentation(draft, actor=TESTER, now=NOW + timedelta(seconds=turn))

    together(acme, upserts, publications)
    with tenant_scope(acme):
        number = SegmentationRules.objects.get(state="published").number
        for account in Account.objects.all():
            newest = Decision.objects.filter(account=account).order_by("-id").first()
            assert (newest.rules_version, newest.outcome["segment"]) == (number, account.segment)
