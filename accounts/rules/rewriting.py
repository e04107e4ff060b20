"""Changing a rule that is stored as JSON when a value that it names gets another name."""

from typing import Any


def with_value_renamed(tree: Any, field: str, old: str, new: str) -> Any:
    """The same tree in which `field` is compared with `new` wherever it was compared with `old`."""
    if isinstance(tree, list):
        return [with_value_renamed(item, field, old, new) for item in tree]
    if not isinstance(tree, dict):
        return tree
    if tree.get("field") != field:
        return {name: with_value_renamed(inner, field, old, new) for name, inner in tree.items()}
    value = tree.get("value")
    if isinstance(value, list):
        return {**tree, "value": [new if item == old else item for item in value]}
    return {**tree, "value": new} if value == old else tree
