"""Why an export is not imported."""

from collections.abc import Sequence
from typing import NamedTuple


class Problem(NamedTuple):
    """What is wrong with a line of the file, or in the way of it."""

    line: int
    field: str
    """Empty where it is the line as a whole."""
    message: str


class ImportRefused(Exception):
    """Nothing is imported, for these reasons, each with its line."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(f"line {line}: {field} {message}" for line, field, message in problems))
        self.problems: Sequence[Problem] = problems
