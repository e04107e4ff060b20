"""Data that were restored elsewhere: nothing is written to the org that they came from, until somebody says so."""

from campaigns import services as campaigns
from cs_platform import ledger
from cs_platform.tenancy.scope import tenant_scope
from tests.integrations.salesforce.test_writing_levels import back  # noqa: F401
from tests.integrations.salesforce.writing_back import ANA


def test_a_copy_writes_nothing_until_it_is_adopted(back, settings):  # noqa: F811
    sf_id = back.play.account("Adler", "Named")
    back.sync()
    calls = back.written()
    settings.CS_INSTALLATION_ID = "a-copy"
    back.set_level("Adler", "Scaled")
    back.settle(3)
    assert back.there(sf_id) == "Named" and back.written() == calls
    assert back.row().state == "waiting"
    with tenant_scope(back.tenant):
        campaigns.adopt_installation(actor=ANA, now=back.now())
    back.play.later(minutes=2)
    ledger.tick(back.now())
    back.settle(2)
    assert back.there(sf_id) == "Scaled"
