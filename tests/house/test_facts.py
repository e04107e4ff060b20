"""Every fact has a reader, or a reason to be told all the same."""

from cs_platform.ledger import registry

FEED = "operations teams read it in the change feed"
WITHOUT_READER = {
    "accounts.instances_changed": FEED,
    "accounts.segmentation_published": FEED,
    "campaigns.contacts_enrolled": FEED,
    "campaigns.contacts_suppressed": FEED,
    "campaigns.run_finished": FEED,
    "onboarding.handoffs_opened": FEED,
    "onboarding.handoffs_handed_over": FEED,
}


def test_every_fact_has_a_reader_or_a_reason():
    heard = {receiver.fact for receiver in registry.receivers().values()}
    told = {name for name in registry.facts() if not name.startswith("test.")}
    assert told - heard == set(WITHOUT_READER)


def test_every_receiver_hears_a_fact_that_is_told():
    assert {receiver.fact for receiver in registry.receivers().values()} <= set(registry.facts())
