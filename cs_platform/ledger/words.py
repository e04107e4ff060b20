"""Who acts, what is refused, and the sentence of every verb. No models here: everything may import it."""

from collections.abc import Mapping
from dataclasses import dataclass

_sentences: dict[str, str] = {}


@dataclass(frozen=True)
class Actor:
    """Who did it, kept as words too, so that the ledger can be read when the member is long gone."""

    kind: str  # member, api_key or system
    id: str
    words: str
    door: str = ""


def system(name: str) -> Actor:
    """A part of the product that acts by itself: "salesforce sync", "lifecycle rules"."""
    return Actor("system", "", name, "job")


class Refused(Exception):
    """A verb says no for a reason of the business. Doors turn it into 409 or into the form's error."""

    def __init__(self, message: str, code: str = "refused", field: str = "") -> None:
        super().__init__(message)
        self.code, self.field = code, field


class NotAllowed(Refused):
    """The state machine has no such way from the present state."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="not_allowed")


class Gone(Refused):
    """The object is not there any more."""

    def __init__(self, message: str = "It is not there any more.") -> None:
        super().__init__(message, code="gone")


class RetryLater(Exception):
    """A job could not be done now; the queue tries again after so many seconds."""

    def __init__(self, seconds: float, reason: str) -> None:
        super().__init__(reason)
        self.seconds, self.reason = seconds, reason


class Dead(Exception):
    """A job can never be done; it is kept with the reason and can be replayed by a person."""


class LeaseLost(Exception):
    """Somebody else has taken the row over; whatever is not committed must not be."""


def sentences(given: Mapping[str, str]) -> None:
    """Declare verbs: `{"account.archive": "archived {object}"}`. The actor's name comes before it in the timeline."""
    for verb, words in given.items():
        if verb.count(".") != 1:
            raise ValueError(f"{verb!r} is not object.verb")
        if _sentences.setdefault(verb, words) != words:
            raise ValueError(f"{verb!r} has two sentences")


def sentence(verb: str, words: str = "") -> str:
    """The sentence of a verb about an object. An undeclared verb raises: nothing may happen that can not be told."""
    if verb not in _sentences:
        raise KeyError(f"the verb {verb!r} has no sentence; declare it with ledger.sentences()")
    return _sentences[verb].replace("{object}", words)


def declared() -> Mapping[str, str]:
    return dict(_sentences)
