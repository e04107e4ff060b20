"""What one version of the segmentation rules says differently from another, in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from accounts import rules
from accounts.models import SegmentationRules


@dataclass(frozen=True)
class Difference:
    """One thing that differs: `kind` is added, removed, changed or moved."""

    kind: str
    words: str


@dataclass(frozen=True)
class _Said:
    place: int
    when: str
    segment: str
    service_model: str
    alert: str

    @property
    def outcome(self) -> str:
        return " / ".join(filter(None, (self.segment, self.service_model))) or "no segment"


def version_before(version: SegmentationRules) -> SegmentationRules | None:
    """What was in force before this one; for one that never was, what is in force."""
    others = SegmentationRules.objects.exclude(pk=version.pk)
    if version.published_at is None:
        return others.filter(state=SegmentationRules.State.PUBLISHED).first()
    return others.filter(published_at__isnull=False, number__lt=version.number).order_by("-number").first()


def differences(old: Sequence[Any], new: Sequence[Any]) -> list[Difference]:
    """From the rules of one version to those of another. A rule is the same while its condition is; one with another
    condition and the same outcome has a changed condition."""
    before, after = _said(old), _said(new)
    pairs = _paired(before, after, "when")
    left, came = _rest(before, pairs, 0), _rest(after, pairs, 1)
    remade = _paired(left, came, "outcome")
    left, came = _rest(left, remade, 0), _rest(came, remade, 1)
    found = [change for was, now in pairs for change in _changes(was, now)]
    found += [
        Difference("changed", f"{now.outcome}: the condition was “{was.when}” and is “{now.when}”.")
        for was, now in remade
    ]
    found += [Difference("added", f"New at place {it.place}: {it.outcome} if {it.when}.") for it in came]
    found += [Difference("removed", f"Gone from place {it.place}: {it.outcome} if {it.when}.") for it in left]
    return [*found, *_moved(pairs + remade)]


def _said(given: Sequence[Any]) -> list[_Said]:
    return [
        _Said(
            place,
            _condition(rule.get("when")),
            str(rule.get("segment") or ""),
            str(rule.get("service_model") or ""),
            str(rule.get("alert") or ""),
        )
        for place, rule in enumerate(given, start=1)
    ]


def _condition(when: Any) -> str:
    try:
        return rules.words(rules.parse(when, rules.ACCOUNTS))
    except rules.BadRule:
        return str(when)


def _paired(before: Sequence[_Said], after: Sequence[_Said], by: str) -> list[tuple[_Said, _Said]]:
    waiting: dict[str, list[_Said]] = {}
    for it in before:
        waiting.setdefault(getattr(it, by), []).append(it)
    return [(waiting[getattr(it, by)].pop(0), it) for it in after if waiting.get(getattr(it, by))]


def _rest(items: Sequence[_Said], pairs: Sequence[tuple[_Said, _Said]], side: int) -> list[_Said]:
    taken = {pair[side].place for pair in pairs}
    return [it for it in items if it.place not in taken]


def _changes(was: _Said, now: _Said) -> list[Difference]:
    parts = (("segment", "segment"), ("service_model", "service model"), ("alert", "alert"))
    return [
        Difference(
            "changed",
            f"If {now.when}: {label} {getattr(was, name) or 'none'} becomes {getattr(now, name) or 'none'}.",
        )
        for name, label in parts
        if getattr(was, name) != getattr(now, name)
    ]


def _moved(pairs: Sequence[tuple[_Said, _Said]]) -> list[Difference]:
    """Rules that stand before or after others than they did: the first that matches decides, so it counts."""
    in_order = sorted(pairs, key=lambda pair: pair[1].place)
    found, highest = [], 0
    for was, now in in_order:
        if was.place < highest:
            found.append(Difference("moved", f"{now.outcome} if {now.when}: from place {was.place} to {now.place}."))
        highest = max(highest, was.place)
    return found
