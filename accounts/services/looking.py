"""How accounts stand, as far as a change of many may touch them: asked before it, after it, and once more before it is
confirmed.

The room knows its own columns. What higher rooms add (the stage, the mail that goes, what is written back) they
register, in apps.ready(), as a function from ids to values: one question for all of the accounts.

    looking.register("stage", stages_of)      # (ids, now) -> {id: JSON value}; accounts without one are left out
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import CharField, Count, F, Sum, Value
from django.db.models.functions import Coalesce, NullIf

from accounts.models import Account, Contact, Opportunity, SegmentationRules

Look = Callable[[Sequence[UUID], datetime], Mapping[UUID, Any]]
_looks: dict[str, Look] = {}
_passing: set[str] = set()
#: What a mark holds beside what is shown: nobody has to see it, and it may change what follows.
UNSEEN = ("version", "people", "deals", "rules", "day")


def register(name: str, look: Look, *, passing: bool = False) -> None:
    """`passing`: what it shows comes and goes by itself, so that another value does not make a preview stale."""
    if passing:
        _passing.add(name)
    if _looks.setdefault(name, look) is not look:
        raise ValueError(f"{name} is looked at by somebody else")


def look(ids: Sequence[UUID], *, now: datetime) -> dict[UUID, dict[str, Any]]:
    """What each of these accounts shows, and in UNSEEN what it hangs on besides. Unknown ids are left out."""
    found = {row.pop("id"): row for row in _columns(ids)}
    everybody = {"rules": _rules(), "day": now.date().isoformat()}
    people, deals = _sums(Contact, ids), _sums(Opportunity, ids)
    for pk, row in found.items():
        row |= {"people": people.get(pk), "deals": deals.get(pk), **everybody}
    for name, asked in _looks.items():
        values = asked(list(found), now)
        for pk, row in found.items():
            row[name] = values.get(pk)
    return found


def mark(row: Mapping[str, Any]) -> str:
    """Differs as soon as anything that was looked at differs."""
    lasting = {name: value for name, value in row.items() if name not in _passing}
    body = json.dumps(lasting, sort_keys=True, default=str)
    return hashlib.sha256(body.encode()).hexdigest()[:16]


def shown(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in UNSEEN}


def _columns(ids: Sequence[UUID]) -> list[dict[str, Any]]:
    who = Coalesce(NullIf(F("csm__user__name"), Value("")), F("csm__user__email"), output_field=CharField())
    rows = Account.objects.filter(pk__in=list(ids)).annotate(level=F("support_level__name"), owner=who)
    columns = ("id", "name", "state", "level", "segment", "service_model", "owner", "account_type", "version")
    return list(rows.values(*columns))


def _sums(model: type[Contact] | type[Opportunity], ids: Sequence[UUID]) -> dict[UUID, list[int]]:
    """How many there are and how often they changed: enough to see that something is not what it was."""
    rows = model.objects.filter(account_id__in=list(ids)).values_list("account_id").order_by()
    return {pk: [n, versions] for pk, n, versions in rows.annotate(n=Count("pk"), versions=Sum("version"))}


def _rules() -> int | None:
    in_force = SegmentationRules.objects.filter(state=SegmentationRules.State.PUBLISHED)
    return in_force.values_list("number", flat=True).first()
