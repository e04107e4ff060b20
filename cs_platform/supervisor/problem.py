"""The one error that is meant for the person at the terminal."""


class Problem(Exception):
    """Says what is wrong and what to do; printed without a traceback."""
