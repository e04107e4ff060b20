"""The rule language of every room: a JSON tree of conditions over typed fields, compiled to one SQL predicate.

    {"all": [{"field": "developers", "op": "gte", "value": 501}, {"not": {"field": "csm_id", "op": "missing"}}]}

`all`, `any` and `not` hold conditions; a condition is `{field, op, value}`. `{"all": []}` is always true. A rule is
checked when it is saved (`parse`), asked in the database (`predicate`), and told in words (`words`). A comparison with
a value that is missing is false, `ne` and `not_in` included; ask for it with `missing`. `not` is plain negation. Money
is given in major units, days are counted from `now` in the tenant's zone.

Rooms register their fields: `rules.ACCOUNTS.register(rules.Field(...))`, in apps.ready().
"""

from accounts.rules.account_fields import ACCOUNTS
from accounts.rules.fields import Field, Kind, Vocabulary
from accounts.rules.language import (
    MAX_DEPTH,
    MAX_TERMS,
    All,
    AnyOf,
    BadRule,
    Node,
    Not,
    Problem,
    Term,
    fields_of,
    parse,
)
from accounts.rules.rewriting import with_value_renamed
from accounts.rules.sql import predicate
from accounts.rules.words import bands, say, words

__all__ = [
    "ACCOUNTS",
    "MAX_DEPTH",
    "MAX_TERMS",
    "All",
    "AnyOf",
    "BadRule",
    "Field",
    "Kind",
    "Node",
    "Not",
    "Problem",
    "Term",
    "Vocabulary",
    "bands",
    "fields_of",
    "parse",
    "predicate",
    "say",
    "with_value_renamed",
    "words",
]
