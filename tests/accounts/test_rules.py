"""What a rule may say, how it is told, and that a hostile one is refused quickly."""

import time

import pytest

from accounts import rules

DEVELOPERS = {"field": "developers", "op": "gte", "value": 501}
AT_MOST = {"field": "developers", "op": "lte", "value": 2500}
NO_ARR = {"field": "arr", "op": "missing"}
LEVELS = {"field": "support_level", "op": "in", "value": ["Scaled", "Digital"]}
MANAGED = {"field": "state", "op": "eq", "value": "managed"}


def parse(tree):
    return rules.parse(tree, rules.ACCOUNTS)


def problems(tree):
    with pytest.raises(rules.BadRule) as refused:
        parse(tree)
    return {(problem.path, problem.code) for problem in refused.value.problems}


@pytest.mark.parametrize(
    ("tree", "where", "code"),
    [
        (None, "", "not_a_condition"),
        ([], "", "not_a_condition"),
        ("arr", "", "not_a_condition"),
        ({}, "", "not_a_condition"),
        ({"all": [], "any": []}, "", "not_a_condition"),
        ({"none": []}, "", "not_a_condition"),
        ({"all": {}}, "all", "not_a_list"),
        ({"any": []}, "any", "empty"),
        ({"all": [DEVELOPERS, 5]}, "all.1", "not_a_condition"),
        ({"not": [DEVELOPERS]}, "not", "not_a_condition"),
        ({"field": "nose", "op": "eq", "value": 1}, "field", "unknown_field"),
        ({"field": ["arr"], "op": "eq", "value": 1}, "field", "unknown_field"),
        ({"field": "arr_minor", "op": "eq", "value": 1}, "field", "unknown_field"),
        ({"field": "arr"}, "op", "unknown_op"),
        ({"field": "arr", "op": "matches", "value": ".*"}, "op", "unknown_op"),
        ({"field": "arr", "op": "contains", "value": "1"}, "op", "unknown_op"),
        ({"field": "arr", "op": "gte"}, "value", "required"),
        ({"field": "arr", "op": "exists", "value": 5}, "value", "no_value"),
        ({"field": "arr", "op": "eq", "value": 5, "unit": "USD"}, "unit", "unknown_field"),
        ({"not": {"any": [{"field": "arr", "op": "gte", "value": "x"}]}}, "not.any.0.value", "bad_value"),
    ],
)
def test_every_mistake_is_named_with_its_place(tree, where, code):
    assert (where, code) in problems(tree)


@pytest.mark.parametrize(
    ("field", "op", "value"),
    [
        ("developers", "eq", "501"), ("developers", "eq", 1.5), ("developers", "eq", True), ("developers", "eq", None),
        ("developers", "eq", 2**40), ("developers", "in", []), ("developers", "in", 5), ("developers", "in", [1, "2"]),
        ("developers", "in", list(range(501))), ("arr", "eq", "1.234"), ("arr", "eq", "NaN"), ("arr", "eq", 1e300),
        ("arr", "eq", "1" * 41), ("arr", "eq", False), ("arr", "eq", []), ("name", "eq", ""), ("name", "eq", "  "),
        ("name", "eq", 5), ("name", "eq", "a\x00b"), ("name", "eq", "\ud800"), ("name", "eq", "x" * 501),
        ("renewal_date", "eq", "tomorrow"), ("renewal_date", "eq", "2026-02-30"), ("renewal_date", "eq", "20260101"),
        ("renewal_date", "eq", "1500-01-01"), ("renewal_date", "within_next", -1), ("renewal_date", "within_next", 1.5),
        ("renewal_date", "within_next", 10**9), ("renewal_date", "within_last", "30"), ("csm_id", "eq", "ben"),
        ("created_at", "gte", "2026-01-01"), ("created_at", "gte", "2026-01-01T00:00:00"), ("domains", "contains", 5),
    ],
)  # fmt: skip
def test_a_value_of_another_kind_is_refused(field, op, value):
    assert problems({"field": field, "op": op, "value": value}) == {("value", "bad_value")}


def nested(levels, leaf=DEVELOPERS):
    return leaf if levels == 0 else {"all": [nested(levels - 1, leaf)]}


def test_the_limits_of_depth_and_length():
    parse(nested(7))
    assert problems(nested(8)) == {(".".join(["all.0"] * 8), "too_deep")}
    parse({"any": [DEVELOPERS] * 200})
    assert problems({"any": [DEVELOPERS] * 201}) == {("any.200", "too_long")}


@pytest.mark.parametrize("bomb", [nested(500), {"any": [DEVELOPERS] * 100_000}, {"all": [nested(6)] * 20_000}])
def test_a_bomb_is_refused_quickly(bomb):
    begun = time.perf_counter()
    assert problems(bomb)
    assert time.perf_counter() - begun < 0.2


@pytest.mark.parametrize(
    ("tree", "words"),
    [
        (DEVELOPERS, "developers is at least 501"),
        ({"all": []}, "always"),
        (
            {"all": [DEVELOPERS, AT_MOST, NO_ARR]},
            "developers is 501–2,500 and ARR is unknown",
        ),
        (
            {"any": [{"field": "arr", "op": "lt", "value": "99999.99"}, {"not": {"field": "csm_id", "op": "missing"}}]},
            "ARR is below 99,999.99 or not (there is no CSM)",
        ),
        (
            {"all": [{"any": [DEVELOPERS, NO_ARR]}, MANAGED]},
            "(developers is at least 501 or ARR is unknown) and state is managed",
        ),
        ({"field": "renewal_date", "op": "within_next", "value": 120}, "renewal date is within the next 120 days"),
        ({"field": "renewal_date", "op": "lt", "value": "2026-11-23"}, "renewal date is before 23 Nov 2026"),
        (LEVELS, "support level is one of Scaled, Digital"),
    ],
)  # fmt: skip
def test_a_rule_is_told_in_words(tree, words):
    assert rules.words(parse(tree)) == words


def test_a_renamed_value_is_followed_everywhere_and_nowhere_else():
    tree = {
        "any": [
            {"field": "support_level", "op": "eq", "value": "Digital"},
            {"not": {"field": "support_level", "op": "in", "value": ["Named", "Digital"]}},
            {"field": "name", "op": "eq", "value": "Digital"},
        ]
    }
    renamed = rules.with_value_renamed(tree, "support_level", "Digital", "Tech touch")
    assert [
        renamed["any"][0]["value"],
        renamed["any"][1]["not"]["value"],
        renamed["any"][2]["value"],
    ] == ["Tech touch", ["Named", "Tech touch"], "Digital"]


def test_two_fields_can_not_have_one_name():
    words = rules.Vocabulary("thing")
    words.register(rules.Field("size", "size", rules.Kind.NUMBER))
    with pytest.raises(ValueError, match="two fields"):
        words.register(rules.Field("size", "length", rules.Kind.NUMBER))
