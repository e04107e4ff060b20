"""Reading a rule: the JSON tree becomes nodes with clean values, or every mistake in it is named with its place."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from accounts.rules.fields import (
    WITH_DAYS,
    WITH_LIST,
    WITHOUT_VALUE,
    BadValue,
    Field,
    Vocabulary,
    clean_days,
    clean_value,
)
from cs_platform import ledger

MAX_DEPTH = 8
MAX_TERMS = 200
MAX_LISTED = 500
MAX_PROBLEMS = 20
GROUPS = ("all", "any", "not")


@dataclass(frozen=True)
class Term:
    field: Field
    op: str
    value: Any = None


@dataclass(frozen=True)
class All:
    items: tuple["Node", ...]


@dataclass(frozen=True)
class AnyOf:
    items: tuple["Node", ...]


@dataclass(frozen=True)
class Not:
    item: "Node"


Node = Term | All | AnyOf | Not


@dataclass(frozen=True)
class Problem:
    """What is wrong at one place of a rule: `all.0.value`."""

    path: str
    code: str
    message: str


class BadRule(ledger.Refused):
    """A rule that can not be saved; `problems` names every place."""

    def __init__(self, problems: list[Problem]) -> None:
        first = problems[0]
        super().__init__(first.message, code="bad_rule", field=first.path)
        self.problems = problems


def parse(tree: object, vocabulary: Vocabulary, *, without: Collection[str] = (), at: str = "") -> Node:
    """The rule behind a JSON tree. `without` names fields that may not be used here, `at` is where the rule stands in
    what was sent. Refused (BadRule) if it is malformed, too deep, too long, or compares what can not be compared."""
    reading = _Reading(vocabulary, frozenset(without))
    node = reading.node(tree, at, depth=1)
    if reading.problems:
        raise BadRule(reading.problems[:MAX_PROBLEMS])
    assert node is not None
    return node


def fields_of(node: Node) -> set[str]:
    """The names of the fields that a rule asks."""
    return {term.field.name for term in terms_of(node)}


def terms_of(node: Node) -> Iterator[Term]:
    if isinstance(node, Term):
        yield node
    elif isinstance(node, Not):
        yield from terms_of(node.item)
    else:
        for item in node.items:
            yield from terms_of(item)


@dataclass
class _Reading:
    vocabulary: Vocabulary
    without: frozenset[str]
    problems: list[Problem] = field(default_factory=list)
    terms: int = 0

    def wrong(self, path: str, code: str, message: str) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(path, code, message))

    def node(self, tree: object, path: str, depth: int) -> Node | None:
        if depth > MAX_DEPTH:
            self.wrong(path, "too_deep", f"A rule is nested at most {MAX_DEPTH} levels deep.")
        elif not isinstance(tree, dict):
            self.wrong(path, "not_a_condition", "A condition is an object: {all}, {any}, {not} or {field, op, value}.")
        elif len(tree) == 1 and next(iter(tree)) in GROUPS:
            name, inner = next(iter(tree.items()))
            return self._not(inner, path, depth) if name == "not" else self._group(name, inner, path, depth)
        elif "field" in tree:
            return self._term(tree, path)
        else:
            named = ", ".join(sorted(repr(str(key)[:40]) for key in list(tree)[:5])) or "nothing"
            self.wrong(path, "not_a_condition", f"A condition has one of all, any, not, or field; here is {named}.")
        return None

    def _not(self, inner: object, path: str, depth: int) -> Node | None:
        item = self.node(inner, _under(path, "not"), depth + 1)
        return Not(item) if item is not None else None

    def _group(self, name: str, inner: object, path: str, depth: int) -> Node | None:
        here = _under(path, name)
        if not isinstance(inner, list):
            self.wrong(here, "not_a_list", f"`{name}` holds a list of conditions.")
            return None
        if name == "any" and not inner:
            self.wrong(here, "empty", "`any` needs at least one condition.")
            return None
        items: list[Node | None] = []
        for number, item in enumerate(inner):
            if self.terms > MAX_TERMS or len(self.problems) >= MAX_PROBLEMS:
                return None
            items.append(self.node(item, f"{here}.{number}", depth + 1))
        good = tuple(item for item in items if item is not None)
        return (All(good) if name == "all" else AnyOf(good)) if len(good) == len(items) else None

    def _term(self, tree: dict[Any, Any], path: str) -> Node | None:
        self.terms += 1
        if self.terms == MAX_TERMS + 1:
            self.wrong(path, "too_long", f"A rule has at most {MAX_TERMS} conditions.")
        strange = sorted(str(key)[:40] for key in tree if key not in ("field", "op", "value"))
        if strange:
            self.wrong(_under(path, strange[0]), "unknown_field", "A condition has field, op and value.")
            return None
        name, op = tree["field"], tree.get("op")
        word = self.vocabulary.get(name) if isinstance(name, str) else None
        if word is None or word.name in self.without:
            self.wrong(_under(path, "field"), "unknown_field", f"There is no field {str(name)[:60]!r} to ask for here.")
            return None
        if not isinstance(op, str) or op not in word.ops:
            allowed = ", ".join(word.ops)
            self.wrong(_under(path, "op"), "unknown_op", f"{word.label} can be compared by: {allowed}.")
            return None
        return self._with_value(tree, word, op, path)

    def _with_value(self, tree: dict[Any, Any], word: Field, op: str, path: str) -> Node | None:
        here = _under(path, "value")
        if op in WITHOUT_VALUE:
            if tree.get("value") is not None:
                self.wrong(here, "no_value", f"`{op}` takes no value.")
                return None
            return Term(word, op)
        if "value" not in tree:
            self.wrong(here, "required", f"`{op}` needs a value.")
            return None
        try:
            return Term(word, op, _clean(word, op, tree["value"]))
        except BadValue as bad:
            self.wrong(here, "bad_value", str(bad))
            return None


def _clean(word: Field, op: str, raw: object) -> Any:
    if op in WITH_DAYS:
        return clean_days(raw)
    if op not in WITH_LIST:
        return clean_value(word, raw)
    if not isinstance(raw, list) or not 1 <= len(raw) <= MAX_LISTED:
        raise BadValue(f"Give a list of 1 to {MAX_LISTED} values.")
    return tuple(dict.fromkeys(clean_value(word, item) for item in raw))


def _under(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
