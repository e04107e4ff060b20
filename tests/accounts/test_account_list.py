"""Lists of accounts: narrowed, sorted, paged, and what other rooms add to them."""

import json
from urllib.parse import quote

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import rules, selectors
from accounts.api import extensions
from accounts.models import Account
from cs_platform.tenancy.scope import tenant_scope
from tests.cast import NOW, api

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today(clock_at):
    clock_at(NOW)


@pytest.fixture
def book(make_account, ben):
    return {
        "Acorn": make_account("Acorn", developers=50, arr_minor=100, csm_id=ben.pk, domains=["acorn.de"]),
        "bolt": make_account("bolt", developers=700, arr_minor=300, country="de"),
        "Çelik": make_account("Çelik", developers=3000, support_level="Digital", renewal_date="2027-01-15"),
        "Dune": make_account("Dune", external_id="D%1", arr_minor=200),
        "Elm": make_account("Elm", support_level=""),
    }


def names(client, query=""):
    answer = client.get(f"accounts/?{query}")
    assert answer.status_code == 200, answer.content
    return [row["name"] for row in answer.json()["results"]]


def rule(tree):
    return "filter=" + quote(json.dumps(tree))


def test_managed_accounts_by_name_are_the_list(acme_api, book):
    assert names(acme_api) == ["Acorn", "bolt", "Dune", "Çelik"]
    assert names(acme_api, "state=archived") == ["Elm"]
    assert len(names(acme_api, "state=all")) == 5


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=ACORN", ["Acorn"]),
        ("q=acorn.de", ["Acorn"]),
        ("q=o+l", ["bolt"]),
        ("q=%C3%A7elik", ["Çelik"]),
        ("q=d%251", ["Dune"]),
        ("q=%25", ["Dune"]),
        ("q=_", []),
        ("segment=Enterprise", ["bolt"]),
        ("segment=Scaled", ["Çelik"]),
        ("support_level=Digital", ["Çelik"]),
        ("csm_id=none&q=bolt", ["bolt"]),
        ("country=DE", ["bolt"]),
        ("external_id=D%251", ["Dune"]),
        ("service_model=Digital+TA+team&support_level=Named", ["Acorn"]),
        (rule({"field": "developers", "op": "gte", "value": 700}), ["bolt", "Çelik"]),
        (rule({"field": "arr", "op": "lt", "value": "2.50"}), ["Acorn", "Dune"]),
        (rule({"not": {"field": "csm_id", "op": "missing"}}), ["Acorn"]),
        (rule({"field": "renewal_date", "op": "within_next", "value": 60}), ["Çelik"]),
    ],
)
def test_it_is_narrowed(acme_api, book, query, found):
    assert names(acme_api, query) == found


def test_it_is_narrowed_by_owner(acme_api, book, ben):
    assert names(acme_api, f"csm_id={ben.pk}") == ["Acorn"]


@pytest.mark.parametrize("sort", [*selectors.ACCOUNT_SORTS, "-arr,name", "-csm", "segment,-updated_at"])
def test_pages_hold_every_row_once(acme_api, book, sort):
    path, seen = f"accounts/?state=all&limit=2&sort={sort}", []
    while path:
        body = acme_api.get(path).json()
        seen, path = seen + [row["name"] for row in body["results"]], body["next"]
    assert sorted(seen) == sorted(book)
    assert seen == names(acme_api, f"state=all&limit=200&sort={sort}")


def test_unknown_amounts_come_last(acme_api, book):
    assert names(acme_api, "sort=-arr") == ["bolt", "Dune", "Acorn", "Çelik"]
    assert names(acme_api, "sort=arr") == ["Acorn", "Dune", "bolt", "Çelik"]


@pytest.mark.parametrize(
    "query",
    [
        "state=gone", "csm_id=ben", "parent_id=1", "sort=nose", "nose=1", "filter=x", "filter=[]", "filter={}",
        "filter=%7B%22field%22%3A%22arr%22%7D", "filter=null", "q=%00", "cursor=x", "limit=0", "q=a&q=b",
        "filter=" + quote('{"not":' * 60 + "{}" + "}" * 60), "filter=" + quote('{"a": NaN}'),
    ],
)  # fmt: skip
def test_a_bad_parameter_is_400(acme_api, query):
    assert acme_api.get(f"accounts/?{query}").status_code == 400


def test_a_bad_rule_is_named_with_its_place(acme_api):
    answer = acme_api.get("accounts/?" + rule({"all": [{"field": "arr", "op": "gte", "value": "x"}]}))
    assert answer.json()["errors"][0]["field"] == "filter.all.0.value"


def test_the_list_and_the_object_say_the_same(acme_api, book):
    row = acme_api.get("accounts/?q=acorn").json()["results"][0]
    assert row == acme_api.get(f"accounts/{row['id']}/").json()
    from accounts.api.shapes import AccountOut

    assert set(row) == set(AccountOut().fields)


def test_the_list_does_not_ask_more_for_more_rows(acme_api, make_account):
    def cost(query=""):
        with CaptureQueriesContext(connection) as queries:
            acme_api.get(f"accounts/?{query}")
        return len(queries)

    make_account("First", developers=5)
    cost()
    few = cost(), cost("count=exact&q=a")
    for n in range(9):
        make_account(f"Account {n}", developers=5)
    assert (cost(), cost("count=exact&q=a")) == few


def test_another_tenant_sees_its_own(acme_api, umbra, umbra_api, book, make_account):
    make_account("Theirs", tenant=umbra)
    assert names(umbra_api, "state=all") == ["Theirs"]
    assert umbra_api.get(f"accounts/{book['Acorn'].pk}/").status_code == 404


def test_everybody_may_look(acme, book, rhea):
    assert len(names(api(member=rhea))) == 4
    assert api(tenant=acme, scopes=("campaigns:read",)).get("accounts/").status_code == 403


def test_other_rooms_add_to_the_answer_once_per_page(acme_api, book, monkeypatch):
    asked = []

    def stages_of(ids):
        asked.append(list(ids))
        return {book["bolt"].pk: {"customer": {"stage": "0. Prospect"}}}

    monkeypatch.setattr(extensions, "_fills", {"stages": stages_of})
    monkeypatch.setattr(extensions, "_filters", {"stage": lambda found, value: found.filter(name__startswith=value)})
    listed = acme_api.get("accounts/").json()["results"]
    assert {row["name"]: row["stages"] for row in listed}["bolt"] == {"customer": {"stage": "0. Prospect"}}
    assert listed[0]["stages"] == {}
    assert len(asked) == 1 and len(asked[0]) == 4
    assert names(acme_api, "stage=bo") == ["bolt"]
    acme_api.get("accounts/?fields=id,name")
    assert len(asked) == 2


def test_a_place_that_is_none_can_not_be_filled(monkeypatch):
    monkeypatch.setattr(extensions, "_fills", {})
    with pytest.raises(KeyError):
        extensions.register("nose", dict)
    extensions.register("health", dict)
    with pytest.raises(ValueError, match="somebody else"):
        extensions.register("health", lambda ids: {})


class TestPreview:
    TREE = {"field": "developers", "op": "gte", "value": 700}

    def test_a_rule_is_counted_sampled_and_explained(self, acme_api, book):
        body = acme_api.post("segments/preview", {"rule": self.TREE}).json()
        assert (body["count"], body["explained"]) == (2, "developers is at least 700")
        assert [row["name"] for row in body["sample"]] == ["bolt", "Çelik"]
        assert body["sample"][0] == acme_api.get(f"accounts/{body['sample'][0]['id']}/").json()

    @pytest.mark.parametrize("body", [{}, {"rule": None}, {"rule": []}, {"rule": {"field": "x"}}, {"rule": {}, "x": 1}])
    def test_a_rule_that_is_none_is_400(self, acme_api, body):
        assert acme_api.post("segments/preview", body).status_code == 400


class TestTimeline:
    def test_it_is_paged_newest_first(self, acme_api, book):
        path = f"accounts/{book['Acorn'].pk}/timeline"
        acme_api.patch(f"accounts/{book['Acorn'].pk}/", {"region": "North"})
        first = acme_api.get(f"{path}?limit=2").json()
        assert first["results"][0]["sentence"] == "edited Acorn"
        assert first["results"][0]["changes"] == {"region": ["", "North"]}
        assert first["results"][0]["actor"] == {"kind": "api_key", "name": "API key test"}
        rest = acme_api.get(first["next"]).json()
        assert [row["verb"] for row in rest["results"]] == ["account.create"] and rest["next"] is None
        picked = acme_api.get(f"{path}?verbs=account.create").json()["results"]
        assert [row["verb"] for row in picked] == ["account.create"]

    @pytest.mark.parametrize("query", ["cursor=x", "limit=0", "cursor=-1"])
    def test_a_bad_parameter_is_400(self, acme_api, book, query):
        assert acme_api.get(f"accounts/{book['Acorn'].pk}/timeline?{query}").status_code == 400

    def test_it_is_not_another_tenants(self, umbra_api, book):
        for part in ("timeline", "alerts", "explain/segment"):
            assert umbra_api.get(f"accounts/{book['Acorn'].pk}/{part}").status_code == 404


class TestSelectors:
    def test_rooms_above_annotate_and_page_objects(self, acme, book):
        from django.db.models import Value

        from cs_platform.people import keyset

        with tenant_scope(acme):
            found = selectors.account_list(selectors.AccountFilters(q="bolt")).annotate(extra=Value(1))
            page = keyset.paginate(found, sort="name", allowed=dict(selectors.ACCOUNT_SORTS), limit=1)
            assert (page.rows[0].support_level.name, page.rows[0].extra) == ("Named", 1)

    def test_a_rule_is_asked_at_a_moment(self, acme):
        node = rules.parse({"field": "arr", "op": "exists"}, rules.ACCOUNTS)
        with tenant_scope(acme), pytest.raises(ValueError, match="now"):
            selectors.account_list(selectors.AccountFilters(rule=node))

    def test_an_account_is_there_or_404(self, acme, umbra, book):
        from django.http import Http404

        with tenant_scope(acme):
            assert selectors.account_for(None, str(book["bolt"].pk)) == book["bolt"]
            for wrong in ("x", None, "0190b6a0-0000-7000-8000-000000000000"):
                with pytest.raises(Http404):
                    selectors.account_for(None, wrong)
        with tenant_scope(umbra), pytest.raises(Http404):
            selectors.account_for(None, book["bolt"].pk)

    def test_counts(self, acme, book):
        with tenant_scope(acme):
            assert selectors.counts_by_segment() == {"": 1, "Enterprise": 1, "SMB": 1, "Scaled": 1}
            assert selectors.segments_in_use() == ["Enterprise", "SMB", "Scaled"]
            assert selectors.count_accounts(selectors.AccountFilters(state="all")) == 5
            assert [str(member) for member in selectors.account_owners()] == ["Ben"]
            assert set(selectors.accounts_for_ids([str(a.pk) for a in Account.objects.all()])) == {
                account.pk for account in book.values()
            }
