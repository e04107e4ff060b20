"""The pick-list "Technical Advisor Support Level", and setting it: an account is managed while it has one."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Max

from accounts.models import SupportLevel
from accounts.services import cleaning, locks
from accounts.services.rows import Draft
from cs_platform import ledger


class InactiveLevel(ledger.Refused):
    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is not given any more.", code="inactive", field="support_level")


def clean_name(raw: object, name: str = "name") -> str:
    try:
        return str(cleaning.needed(100)(raw))
    except cleaning.BadValue as bad:
        raise ledger.Refused(str(bad), code=bad.code, field=name) from None


def by_name() -> dict[str, SupportLevel]:
    """The whole pick-list; names differ by more than capitals."""
    return {level.name.lower(): level for level in SupportLevel.objects.all()}


def level_by_hand(name: str) -> SupportLevel | None:
    """The level a person gives, None for empty. Refused if it is not in the list or not given any more."""
    name = name.strip()
    if not name:
        return None
    level = by_name().get(name.lower())
    if level is None:
        message = f"There is no support level {name[:60]!r}."
        raise ledger.Refused(message, code="unknown_support_level", field="support_level")
    if not level.is_active:
        raise InactiveLevel(level.name)
    return level


def resolve(
    drafts: Sequence[Draft], *, by_hand: bool, actor: ledger.Actor, now: datetime
) -> Mapping[str, SupportLevel]:
    """The level behind each name that the rows give. What a sync brings and nobody knows is added, so that nothing
    is lost; a person gets the active ones only, though a row may keep the one it has."""
    asked = [draft for draft in drafts if draft.is_good and draft.values.get("support_level")]
    if not asked:
        return {}
    known = by_name()
    if by_hand:
        for draft in asked:
            level = known.get(draft.values["support_level"].lower())
            if level is None:
                draft.wrong("support_level", "unknown_support_level", "There is no such support level.")
            elif not level.is_active and getattr(draft.found, "support_level_id", None) != level.pk:
                draft.wrong("support_level", "inactive", f"{level.name} is not given any more.")
        return known
    unknown: dict[str, str] = {}
    for draft in asked:
        unknown.setdefault(draft.values["support_level"].lower(), draft.values["support_level"])
    return _with_added([name for key, name in unknown.items() if key not in known], known, actor=actor, now=now)


def _with_added(
    names: Sequence[str], known: dict[str, SupportLevel], *, actor: ledger.Actor, now: datetime
) -> dict[str, SupportLevel]:
    if not names:
        return known
    locks.alone(locks.LEVELS)
    known = by_name()
    names = [name for name in names if name.lower() not in known]
    fresh = [_level(name, position, now) for position, name in enumerate(names, start=_end())]
    if fresh:
        ledger.create_many(fresh, actor=actor, now=now, note="It came with an account.")
    return known | {level.name.lower(): level for level in fresh}


def _end() -> int:
    return (SupportLevel.objects.aggregate(last=Max("position"))["last"] or 0) + 1


def _level(name: str, position: int, now: datetime) -> SupportLevel:
    return SupportLevel(name=name, position=position, created_at=now, updated_at=now)


def _refuse_taken(name: str, level: SupportLevel | None = None) -> None:
    known = by_name().get(name.lower())
    if known is not None and (level is None or known.pk != level.pk):
        raise ledger.Refused(f"There is a support level {known.name} already.", code="taken", field="name")


def create_support_level(name: str, *, actor: ledger.Actor, now: datetime) -> SupportLevel:
    """Another value of the pick-list, at its end. Refused if the name is taken."""
    name = clean_name(name)
    with ledger.unit():
        locks.alone(locks.LEVELS)
        _refuse_taken(name)
        return ledger.create(_level(name, _end(), now), actor=actor, now=now)


def rename_support_level(level: SupportLevel, name: str, *, actor: ledger.Actor, now: datetime) -> SupportLevel:
    """The same level under another name, on its accounts and in the segmentation rules, which get a new version if
    they name it. Refused if the name is taken."""
    from accounts.services import segmentation

    name = clean_name(name)
    with ledger.unit():
        locks.alone(locks.SEGMENTATION)
        locks.alone(locks.LEVELS)
        _refuse_taken(name, level)
        with ledger.change(level, "rename", actor=actor, now=now) as level:
            old, level.name = level.name, name
        if old != name:
            segmentation.follow_renamed_level(old, name, actor=actor, now=now)
    return level


def reorder_support_levels(ids: Sequence[UUID], *, actor: ledger.Actor, now: datetime) -> list[SupportLevel]:
    """The pick-list in this order; levels that are not named keep theirs, after the named ones."""
    with ledger.unit():
        locks.alone(locks.LEVELS)
        known = {level.pk: level for level in SupportLevel.objects.order_by("position", "name")}
        if set(ids) - set(known):
            raise ledger.Refused("There is no such support level.", code="not_found", field="ids")
        ordered = [known[pk] for pk in dict.fromkeys([*ids, *known])]
        for position, level in enumerate(ordered):
            level.position = position
        ledger.update_many(ordered, ["position"], "reorder", actor=actor, now=now)
    return list(SupportLevel.objects.order_by("position", "name"))


def move_support_level(level: SupportLevel, position: int, *, actor: ledger.Actor, now: datetime) -> SupportLevel:
    """One level to this place (0 is the first) of the pick-list."""
    ordered = SupportLevel.objects.order_by("position", "name").values_list("pk", flat=True)
    others = [pk for pk in ordered if pk != level.pk]
    reorder_support_levels([*others[:position], level.pk, *others[position:]], actor=actor, now=now)
    return SupportLevel.objects.get(pk=level.pk)


def deactivate_support_level(level: SupportLevel, *, actor: ledger.Actor, now: datetime) -> SupportLevel:
    """The accounts that have it keep it; nobody gives it to others any more."""
    with ledger.change(level, "deactivate", actor=actor, now=now) as level:
        level.is_active = False
    return level


def activate_support_level(level: SupportLevel, *, actor: ledger.Actor, now: datetime) -> SupportLevel:
    """It may be given again."""
    with ledger.change(level, "activate", actor=actor, now=now) as level:
        level.is_active = True
    return level


def edit_support_level(
    level: SupportLevel,
    *,
    name: str | None = None,
    position: int | None = None,
    is_active: bool | None = None,
    actor: ledger.Actor,
    now: datetime,
) -> SupportLevel:
    """What is given changes, all of it or nothing. Refused like the single verbs."""
    with ledger.unit():
        locks.alone(locks.SEGMENTATION)
        if name is not None and name != level.name:
            level = rename_support_level(level, name, actor=actor, now=now)
        if is_active is not None and is_active != level.is_active:
            verb = activate_support_level if is_active else deactivate_support_level
            level = verb(level, actor=actor, now=now)
        if position is not None:
            level = move_support_level(level, position, actor=actor, now=now)
    return level
