"""A parsed query as SQL with parameters. Names come from the schema, values are always bound.

SOQL knows no third truth value: a comparison with an empty field is false and its NOT is true, text is compared
without regard to letter case, ids with regard to it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NoReturn

from integrations.salesforce.sandbox import ids
from integrations.salesforce.sandbox.problems import Problem
from integrations.salesforce.sandbox.schema import Field, SObject
from integrations.salesforce.sandbox.soql import Among, Both, Compare, Condition, Name, Not, Order, Query, Value
from integrations.salesforce.sandbox.tokens import malformed

_SORTED_BY_NOTHING = ("multipicklist", "base64", "textarea")


@dataclass
class Compiled:
    """`columns` are the fields to select, in the order asked for; `where` and `order` are SQL with `params`."""

    sobject: SObject
    columns: list[Field]
    is_count: bool
    where: str
    order: str
    params: list[Any] = field(default_factory=list)
    limit: int | None = None
    offset: int = 0


def compile_query(query: Query, sobject: SObject, *, hidden: Collection[str], with_deleted: bool) -> Compiled:
    """The SQL of a query over one object. Refused (INVALID_FIELD…) if a name or the type of a value does not fit."""
    maker = _Maker(query, sobject, hidden)
    columns = [maker.field(name) for name in query.fields or ()]
    names = [column.name for column in columns]
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise Problem("MALFORMED_QUERY", f"duplicate field selected: {twice}")
    conditions = [] if with_deleted or "IsDeleted" not in sobject.fields else ['"IsDeleted" = 0']
    if query.where is not None:
        conditions.append(maker.condition(query.where))
    order = ", ".join(maker.order(item) for item in query.order)
    where = " AND ".join(conditions)
    return Compiled(sobject, columns, query.fields is None, where, order, maker.params, query.limit, query.offset)


class _Maker:
    def __init__(self, query: Query, sobject: SObject, hidden: Collection[str]) -> None:
        self.query, self.sobject, self.hidden = query, sobject, hidden
        self.params: list[Any] = []

    def field(self, name: Name) -> Field:
        if "." in name.text:
            relation = name.text.split(".")[0]
            self.refuse(name.at, f"Didn't understand relationship '{relation}' in field path.")
        found = self.sobject.field(name.text)
        if found is None or found.name in self.hidden:
            self.refuse(
                name.at,
                f"No such column '{name.text}' on entity '{self.sobject.name}'. If you are attempting to use a custom "
                "field, be sure to append the '__c' after the custom field name. Please reference your WSDL or the "
                "describe call for the appropriate names.",
            )
        return found

    def refuse(self, at: int, words: str, code: str = "INVALID_FIELD") -> NoReturn:
        raise malformed(self.query.text, at, words, code)

    def bind(self, value: Any) -> str:
        self.params.append(value)
        return "?"

    # --- ORDER BY -------------------------------------------------------------------------------------------------

    def order(self, item: Order) -> str:
        column = self.field(item.field)
        if column.type in _SORTED_BY_NOTHING:
            self.refuse(item.field.at, f"field '{column.name}' can not be sorted in a query call", "MALFORMED_QUERY")
        words = [f'"{column.name}"']
        if column.is_text:
            words.append("COLLATE NOCASE")
        if item.descending:
            words.append("DESC")
        if not column.always:
            words.append("NULLS LAST" if item.nulls_last else "NULLS FIRST")
        return " ".join(words)

    # --- WHERE ----------------------------------------------------------------------------------------------------

    def condition(self, condition: Condition) -> str:
        if isinstance(condition, Compare):
            return self.compare(condition)
        if isinstance(condition, Among):
            return self.among(condition)
        if isinstance(condition, Not):
            return f"NOT ({self.condition(condition.part)})"
        return self.after_a_pair(condition) or (
            "(" + f" {condition.word} ".join(self.condition(part) for part in condition.parts) + ")"
        )

    def after_a_pair(self, condition: Both) -> str:
        """`a > x OR (a = x AND b > y)` as a row comparison, for which an index over (a, b) serves."""
        if condition.word != "OR" or len(condition.parts) != 2:
            return ""
        first, second = condition.parts
        if not (isinstance(first, Compare) and isinstance(second, Both) and second.word == "AND"):
            return ""
        if len(second.parts) != 2 or not all(isinstance(part, Compare) for part in second.parts):
            return ""
        same, then = second.parts
        assert isinstance(same, Compare)
        assert isinstance(then, Compare)
        major, minor = self.field(first.field), self.field(then.field)
        if (first.operator, same.operator, then.operator) != (">", "=", ">") or not (major.always and minor.always):
            return ""
        if self.field(same.field) != major or same.value.value != first.value.value:
            return ""
        values = [self.bind(self.value(major, first.value)), self.bind(self.value(minor, then.value))]
        return f'("{major.name}", "{minor.name}") > ({", ".join(values)})'

    def compare(self, condition: Compare) -> str:
        column, operator, value = self.field(condition.field), condition.operator, condition.value
        self.check_filter(column, condition.field)
        if operator == "LIKE":
            return self.like(column, condition)
        if value.kind == "null" or value.value == "":
            if operator not in ("=", "!="):
                self.refuse(value.at, f"invalid operator {operator} on null", "INVALID_QUERY_FILTER_OPERATOR")
            return f'"{column.name}" IS {"NOT " if operator == "!=" else ""}NULL'
        if column.type == "boolean" and operator not in ("=", "!="):
            self.refuse(condition.field.at, "invalid operator on boolean field", "INVALID_QUERY_FILTER_OPERATOR")
        asked = f'"{column.name}" {operator} {self.bind(self.value(column, value))}{self.collation(column)}'
        if column.always:
            return asked
        if operator == "!=":
            return f'("{column.name}" IS NULL OR {asked})'
        return f'("{column.name}" IS NOT NULL AND {asked})'

    def like(self, column: Field, condition: Compare) -> str:
        if not column.is_text or condition.value.kind != "text":
            self.refuse(condition.field.at, f"invalid operator on {column.type} field", "INVALID_QUERY_FILTER_OPERATOR")
        asked = f"\"{column.name}\" LIKE {self.bind(condition.value.pattern)} ESCAPE '\\'"
        return f'("{column.name}" IS NOT NULL AND {asked})'

    def among(self, condition: Among) -> str:
        column = self.field(condition.field)
        self.check_filter(column, condition.field)
        if condition.operator in ("INCLUDES", "EXCLUDES"):
            return self.includes(column, condition)
        given = [value for value in condition.values if value.kind != "null" and value.value != ""]
        with_null = len(given) < len(condition.values)
        marks = ", ".join(self.bind(self.value(column, value)) for value in given)
        inside = f'"{column.name}"{self.collation(column)} IN ({marks})' if given else "0"
        found = f'("{column.name}" IS NOT NULL AND {inside})'
        if with_null:
            found = f'({found} OR "{column.name}" IS NULL)'
        return f"NOT {found}" if condition.operator == "NOT IN" else found

    def includes(self, column: Field, condition: Among) -> str:
        if column.type != "multipicklist":
            self.refuse(condition.field.at, f"invalid operator on {column.type} field", "INVALID_QUERY_FILTER_OPERATOR")
        any_of = []
        for value in condition.values:
            words = str(self.value(column, value)).split(";")
            each = [
                f"instr(lower(';' || \"{column.name}\" || ';'), lower({self.bind(f';{word};')})) > 0" for word in words
            ]
            any_of.append("(" + " AND ".join(each) + ")")
        found = f'("{column.name}" IS NOT NULL AND ({" OR ".join(any_of)}))'
        return f"NOT {found}" if condition.operator == "EXCLUDES" else found

    # --- values ---------------------------------------------------------------------------------------------------

    def check_filter(self, column: Field, name: Name) -> None:
        if column.type == "base64" or (column.type == "textarea" and column.length > 255):
            self.refuse(name.at, f"field '{column.name}' can not be filtered in a query call")

    @staticmethod
    def collation(column: Field) -> str:
        return " COLLATE NOCASE" if column.is_text else ""

    def value(self, column: Field, value: Value) -> Any:
        """The literal as it is stored. Refused if its type is not the field's."""
        if column.is_id and value.kind == "text":
            found = ids.clean(value.value)
            if found is None:
                self.refuse(value.at, f"invalid ID field: {value.value}", "INVALID_QUERY_FILTER_OPERATOR")
            return found
        if (column.is_text or column.type == "base64") and value.kind == "text":
            return value.value
        if column.is_number and value.kind == "number":
            return _bounded(value.value)
        if column.type == "boolean" and value.kind == "boolean":
            return int(value.value)
        if column.type == "datetime" and value.kind == "datetime":
            return _seconds(value.value)
        if column.type == "date" and value.kind == "date":
            return value.value.isoformat()
        quotes = "be" if column.is_text or column.is_id else "not be"
        kind = {"boolean": "boolean", "datetime": "dateTime", "date": "date"}.get(
            column.type, "string" if column.is_text or column.is_id else column.type
        )
        self.refuse(
            value.at,
            f"value of filter criterion for field '{column.name}' must be of type {kind} and should {quotes} enclosed "
            "in quotes",
        )


def _seconds(moment: datetime) -> int | float:
    """Stamps are whole seconds; a literal with a fraction lies between two of them."""
    whole = int(moment.replace(microsecond=0).timestamp())
    return whole + moment.microsecond / 1_000_000 if moment.microsecond else whole


def _bounded(number: Any) -> int | float:
    """SQLite's integers end at 64 bits; beyond that a comparison is exact enough as a float."""
    if isinstance(number, int) and abs(number) < 2**63:
        return number
    return float(number)
