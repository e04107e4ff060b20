"""What a hint says of itself: whose org, and which message. Pure functions; everything else in it is ignored.

The XML comes from outside: no document type, no entities, bounded depth and number. Nothing is ever fetched.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn
from xml.parsers import expat

from integrations.salesforce import values

MAX_BODY = 1024 * 1024
#: Salesforce sends at most a hundred notifications in a message; a relay may be held to the same.
MAX_NOTIFICATIONS = 100
_DEPTH = 40
_OUTBOUND = "http://soap.sforce.com/2005/09/outbound"
_ORG = ("notifications", "OrganizationId")
_NOTIFICATION = ("notifications", "Notification", "Id")


class NotAHint(ValueError):
    """The body is not what Salesforce or a relay sends."""


@dataclass(frozen=True)
class Told:
    """Whose org it is (empty: not said) and the names of the messages."""

    org_id: str
    ids: list[str]


def from_xml(body: bytes) -> Told:
    """An outbound message. Refused if it is not one, or names no org or no notification."""
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    parser.ExternalEntityRefHandler = _refuse
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    try:
        parser.Parse(body, True)
        org_id = values.id18(reader.org)
        ids = [values.id18(found) for found in reader.ids]
    except (expat.ExpatError, values.BadValue, ValueError) as exc:
        raise NotAHint("This is not an outbound message.") from exc
    if not ids or len(ids) > MAX_NOTIFICATIONS:
        raise NotAHint("An outbound message has 1 to 100 notifications.")
    return Told(org_id, ids)


def _refuse(*_: Any) -> NoReturn:
    raise NotAHint("Document types and entities are not allowed.")


@dataclass
class _Reader:
    path: list[str] = field(default_factory=list)
    org: str = ""
    ids: list[str] = field(default_factory=list)

    def start(self, name: str, _: Any) -> None:
        space, _, local = name.rpartition(" ")
        self.path.append(local if space == _OUTBOUND else "")
        if len(self.path) > _DEPTH:
            raise NotAHint("The message is nested too deeply.")
        if self._is(_NOTIFICATION):
            self.ids.append("")

    def end(self, _: str) -> None:
        self.path.pop()

    def text(self, text: str) -> None:
        if self._is(_ORG):
            self.org = (self.org + text)[:40]
        elif self._is(_NOTIFICATION):
            self.ids[-1] = (self.ids[-1] + text)[:40]

    def _is(self, wanted: Sequence[str]) -> bool:
        return tuple(self.path[-len(wanted) :]) == tuple(wanted)


def from_json(body: bytes) -> Told:
    """One change event or several, as a relay of the Pub/Sub API or of CometD posts them."""
    try:
        given = json.loads(body)
    except (ValueError, RecursionError) as exc:
        raise NotAHint("This is not JSON.") from exc
    org_id = _org(given)
    events = given.get("events", [given]) if isinstance(given, dict) else given
    if not isinstance(events, list) or not events or len(events) > MAX_NOTIFICATIONS:
        raise NotAHint("Send 1 to 100 events.")
    if not all(isinstance(event, dict) for event in events):
        raise NotAHint("An event is an object.")
    return Told(org_id, [_event_id(event) for event in events])


def _org(given: Any) -> str:
    named = given.get("organizationId") if isinstance(given, dict) else None
    if named is None:
        return ""
    try:
        return values.id18(named)
    except values.BadValue as bad:
        raise NotAHint(f"organizationId {bad}") from bad


def _event_id(event: dict[str, Any]) -> str:
    """Replay ids may begin anew after an org has moved, therefore the content counts too."""
    place = event.get("event")
    replay = place.get("replayId") if isinstance(place, dict) else event.get("replayId")
    content = json.dumps(event, sort_keys=True, separators=(",", ":"), default=str)
    digest = hashlib.sha256(content.encode("utf-8", "replace")).hexdigest()[:32]
    return f"{str(replay)[:24]}/{digest}".replace("\x00", "")
