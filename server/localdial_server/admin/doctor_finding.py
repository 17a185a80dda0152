"""What an examination finds, one line for each thing that was looked at."""

from collections.abc import Callable
from enum import Enum
from typing import NamedTuple


class State(Enum):
    """How things stand."""

    OK = "ok"
    WARNING = "warning"
    """It works, but perhaps not as is wanted."""
    PROBLEM = "problem"
    """It does not work; the text says what to do."""


class Finding(NamedTuple):
    """What was found. The text is for whoever runs the server, and has no secret in it."""

    check: str
    state: State
    text: str


OnFinding = Callable[[Finding], None]


def ok(check: str, text: str) -> Finding:
    """Find that all is well."""
    return Finding(check, State.OK, text)


def warning(check: str, text: str) -> Finding:
    """Find what may not be wanted."""
    return Finding(check, State.WARNING, text)


def problem(check: str, text: str) -> Finding:
    """Find what does not work."""
    return Finding(check, State.PROBLEM, text)
