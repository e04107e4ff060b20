"""The texts that a new tenant starts with, as files that can be read."""

from pathlib import Path

from onboarding.models import HandoffTemplate

FOLDER = Path(__file__).parent


def text_of(kind: str) -> str:
    return (FOLDER / f"{HandoffTemplate.Kind(kind).value}.txt").read_text(encoding="utf-8").strip()
