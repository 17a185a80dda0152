"""A finding of `localdial doctor`: the result of one check."""

from collections.abc import Callable
from enum import Enum
from typing import NamedTuple


class State(Enum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    """It works, but perhaps not as intended."""
    PROBLEM = "problem"
    """It does not work; the text says what to do."""


class Finding(NamedTuple):
    """The result of one check."""

    check: str
    """What was checked, such as `database`."""
    state: State
    text: str
    """What was found, as the rest of a sentence that begins with `check`. It contains no secret."""


OnFinding = Callable[[Finding], None]


def ok(check: str, text: str) -> Finding:
    """Return a finding of a check that passed."""
    return Finding(check, State.OK, text)


def warning(check: str, text: str) -> Finding:
    """Return a finding of something that may not be intended."""
    return Finding(check, State.WARNING, text)


def problem(check: str, text: str) -> Finding:
    """Return a finding of something that does not work."""
    return Finding(check, State.PROBLEM, text)
