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


class Check(NamedTuple):
    """A check with its name, such as `database`, which creates its findings."""

    name: str

    def ok(self, text: str) -> Finding:
        """Return the finding that the check passed."""
        return Finding(self.name, State.OK, text)

    def warning(self, text: str) -> Finding:
        """Return the finding of something that may not be intended."""
        return Finding(self.name, State.WARNING, text)

    def problem(self, text: str) -> Finding:
        """Return the finding of something that does not work."""
        return Finding(self.name, State.PROBLEM, text)
