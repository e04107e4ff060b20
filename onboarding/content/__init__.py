"""The texts of a hand-off: a little markup of plain lines, and merge fields from a fixed list. Own parser, no engine:
what a person types is never run."""

from onboarding.content.blocks import Block, Span, blocks, plain_text
from onboarding.content.fields import FIELDS
from onboarding.content.merge import BadText, filled, parse

__all__ = ["FIELDS", "BadText", "Block", "Span", "blocks", "filled", "parse", "plain_text"]
