"""Reads SQL well enough to say whose rows it asks for: which tables each part of a statement names, and whether that
part compares their tenant."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

TOKEN = re.compile(
    r"""\s+ | --[^\n]* | /\*.*?\*/                      # nothing
    | (?P<string>'(?:[^']|'')*' | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$)
    | (?P<name>"(?:[^"]|"")*" | [A-Za-z_][\w$]*)
    | (?P<other>%\(\w+\)s | %s | \d[\w.]* | ::|<=|>=|<>|!=|\|\||&& | .)""",
    re.VERBOSE | re.DOTALL,
)
BEGINS = {"select", "insert", "update", "delete", "with", "values"}
COMPARES = {"=", "in", "is"}
APART = {"union", "except", "intersect", ";"}


@dataclass
class Part:
    """One SELECT, INSERT, UPDATE or DELETE of a statement, without the ones inside of it."""

    tokens: list[str] = field(default_factory=list)

    def names(self, tables: set[str]) -> set[str]:
        """The tenant tables that stand in it as tables; a table's name before a dot only says whose a column is."""
        following = [*self.tokens[1:], ""]
        return {token for token, after in zip(self.tokens, following, strict=True) if token in tables and after != "."}

    def compares_tenant(self) -> bool:
        for at, token in enumerate(self.tokens):
            if token != "tenant_id":
                continue
            before = at - 3 if at >= 2 and self.tokens[at - 1] == "." else at - 1
            after = self.tokens[at + 1] if at + 1 < len(self.tokens) else ""
            if after in COMPARES or (before >= 0 and self.tokens[before] == "="):
                return True
        return False

    def writes_tenant(self) -> bool:
        """INSERT INTO table (…, tenant_id, …)."""
        if not self.tokens or self.tokens[0] != "insert" or "(" not in self.tokens:
            return False
        start = self.tokens.index("(")
        return "tenant_id" in self.tokens[start : self.tokens.index(")", start)]


def tokens(statement: str) -> Iterator[str]:
    for found in TOKEN.finditer(statement):
        if found["name"]:
            yield found["name"].strip('"') if found["name"].startswith('"') else found["name"].lower()
        elif found["string"]:
            yield "'…'"
        elif found["other"]:
            yield found["other"]


def parts(statement: str) -> list[Part]:
    """Queries in brackets, branches of a UNION and the SELECT of an INSERT are parts of their own."""
    words = list(tokens(statement))
    done: list[Part] = []
    stack: list[tuple[Part, bool]] = [(Part(), True)]
    for at, word in enumerate(words):
        part = stack[-1][0]
        if word == "(":
            own = at + 1 < len(words) and words[at + 1] in BEGINS
            stack.append((Part() if own else part, own))
            if own:
                part.tokens.append("(…)")
            else:
                part.tokens.append(word)
        elif word == ")" and len(stack) > 1:
            inner, own = stack.pop()
            if own:
                done.append(inner)
            else:
                inner.tokens.append(word)
        elif (
            word in APART or (word == "insert" and part.tokens) or (word == "select" and part.tokens[:1] == ["insert"])
        ):
            fresh = Part([] if word in APART else [word])
            done.append(part)
            stack[-1] = (fresh, stack[-1][1])
        else:
            part.tokens.append(word)
    return [*done, *(part for part, own in stack if own)]


def unscoped(statement: str, tables: set[str]) -> set[str]:
    """Tenant tables that the statement names in a part that says nothing of their tenant."""
    found: set[str] = set()
    for part in parts(statement):
        named = part.names(tables)
        if named and not part.compares_tenant() and not part.writes_tenant():
            found |= named
    return found
