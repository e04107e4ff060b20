"""The lead times and the texts of a tenant."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from accounts.services import cleaning, locks
from cs_platform import ledger
from onboarding import content, shipped
from onboarding.content.merge import MAX_LENGTH
from onboarding.models import HandoffSettings, HandoffTemplate
from onboarding.models.configuration import LONGEST_LEAD

LOCK = "hand-offs"
DAYS = ("support_level_days", "ta_named_days", "document_days", "checklist_days", "contact_roles_days")


def ensure_defaults(*, actor: ledger.Actor, now: datetime) -> HandoffSettings:
    """The tenant's lead times; where it has none yet, the shipped ones, with the shipped texts. Under the room's lock
    when it may be the first call."""
    found = HandoffSettings.objects.first()
    if found is not None:
        return found
    with ledger.unit():
        locks.alone(LOCK)
        found = HandoffSettings.objects.first()
        if found is not None:
            return found
        made = HandoffSettings(created_at=now, updated_at=now)
        ledger.create(made, actor=actor, now=now)
        texts = [
            HandoffTemplate(kind=kind, number=1, body=shipped.text_of(kind), created_at=now)
            for kind in HandoffTemplate.Kind.values
        ]
        ledger.create_many(texts, actor=actor, now=now)
    return made


def edit_settings(values: Mapping[str, Any], *, actor: ledger.Actor, now: datetime) -> HandoffSettings:
    """Change the given lead times; every hand-off is looked at again with the next minute. Refused if a number is not
    from 0 to 365, or a deal would be prepared before it is watched."""
    given = {name: _days(name, raw) for name, raw in values.items()}
    with ledger.unit():
        found = ensure_defaults(actor=actor, now=now)
        with ledger.change(found, "edit", actor=actor, now=now) as found:
            for name, value in given.items():
                setattr(found, name, value)
            late = max(found.ta_named_days, found.document_days)
            if found.support_level_days < late:
                words = f"A deal is watched before it is prepared: say at least {late} days."
                raise ledger.Refused(words, "out_of_order", "support_level_days")
            found.looked_on = None
    return found


def _days(name: str, raw: Any) -> int:
    if name not in DAYS:
        raise ledger.Refused("There is no such lead time.", "unknown_field", name)
    if isinstance(raw, bool) or not isinstance(raw, int) or not 0 <= raw <= LONGEST_LEAD:
        raise ledger.Refused(f"Give a whole number of days from 0 to {LONGEST_LEAD}.", "out_of_range", name)
    return raw


def write_template(kind: str, body: str, *, actor: ledger.Actor, now: datetime, note: str = "") -> HandoffTemplate:
    """Another version of a text; it counts for what is made from now on. The same text again makes none.

    Refused if the kind is unknown, or the text is empty, too long or names a merge field that is none.
    """
    if kind not in HandoffTemplate.Kind.values:
        raise ledger.Refused(f"Say one of {', '.join(HandoffTemplate.Kind.values)}.", "unknown_choice", "kind")
    text = clean_text(body)
    content.parse(text)
    try:
        said = str(cleaning.optional(300)(note))
    except cleaning.BadValue as bad:
        raise ledger.Refused(str(bad), bad.code, "note") from None
    with ledger.unit():
        locks.alone(LOCK)
        newest = HandoffTemplate.objects.filter(kind=kind).order_by("-number").first()
        if newest is not None and newest.body == text:
            return newest
        number = newest.number + 1 if newest is not None else 1
        made = HandoffTemplate(kind=kind, number=number, body=text, note=said, created_at=now)
        return ledger.create(made, actor=actor, now=now, note=said)


def clean_text(raw: Any) -> str:
    """Lines of text without control characters. Refused if there is nothing, or too much."""
    if not isinstance(raw, str) or not raw.strip():
        raise ledger.Refused("Write something.", "required", "body")
    if len(raw) > MAX_LENGTH:
        raise ledger.Refused(f"A text has at most {MAX_LENGTH:,} characters.", "too_long", "body")
    pieces = raw.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    try:
        return "\n".join(str(cleaning.plain(piece, MAX_LENGTH)) for piece in pieces).strip()
    except cleaning.BadValue as bad:
        raise ledger.Refused(str(bad), bad.code, "body") from None
