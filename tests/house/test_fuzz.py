"""Bad input: no door answers it with a server error, and no refusal of the API lacks its form. Here each place gets a
few of the values and each role a few requests; `python -m tests.faults.fuzz` asks the rest."""

import os

import pytest

from tests.house.fuzz import edges, edging, generated
from tests.house.fuzz.asking import Fuzzer
from tests.house.isolation.fixtures import committed, organisations, still  # noqa: F401

ROLES = ("owner", "member", "viewer", "key")
#: Every so-manieth value in each place, and so many requests for each operation and role.
SHARE = int(os.environ.get("CS_FUZZ_SHARE", "0"))
EXAMPLES = int(os.environ.get("CS_FUZZ_EXAMPLES", "2"))
SEED = int(os.environ.get("CS_FUZZ_SEED", "0"))

pytestmark = pytest.mark.xdist_group("fuzz")


@pytest.fixture
def fuzzer(organisations, request):  # noqa: F811
    fuzzer = Fuzzer(organisations[1])
    yield fuzzer
    print(f"\nfuzz: {request.node.name} asked {fuzzer.asked} times")


def test_there_are_150_edge_values():
    assert len(edges.EDGES) >= 150
    assert len({repr(value) for value in edges.EDGES}) == len(edges.EDGES)


@pytest.mark.slow
def test_edge_values_in_every_place_of_the_api(fuzzer):
    edging.edge_api(fuzzer, "key", share=SHARE or 80)
    assert fuzzer.asked > 500
    fuzzer.must_be_silent()


@pytest.mark.slow
def test_edge_values_in_every_field_of_every_form(fuzzer):
    edging.edge_pages(fuzzer, "owner", share=SHARE or 110)
    assert fuzzer.asked > 200
    fuzzer.must_be_silent()


@pytest.mark.slow
@pytest.mark.parametrize("who", ROLES)
def test_requests_made_from_the_schema(fuzzer, who):
    generated.generate(fuzzer, who, examples=EXAMPLES, seed=SEED)
    assert fuzzer.asked > 100
    fuzzer.must_be_silent()


def test_a_server_error_would_be_found(fuzzer, monkeypatch):
    from accounts.api.accounts import AccountViewSet

    def broken(self, request, *args, **kwargs):
        raise RuntimeError("broken")

    monkeypatch.setattr(AccountViewSet, "list", broken)
    fuzzer.api(fuzzer.browser("key"), "GET", "/api/v1/accounts/", b"", "nothing")
    with pytest.raises(AssertionError, match="answered 500"):
        fuzzer.must_be_silent()
