"""The ledger reads like a sentence."""

import pytest

from cs_platform import ledger
from cs_platform.ledger.words import declared


def test_a_verb_has_one_sentence():
    ledger.sentences({"account.archive": declared()["account.archive"]})
    with pytest.raises(ValueError, match="two sentences"):
        ledger.sentences({"account.archive": "did something else to {object}"})
    with pytest.raises(ValueError, match=r"object\.verb"):
        ledger.sentences({"archive": "archived"})
