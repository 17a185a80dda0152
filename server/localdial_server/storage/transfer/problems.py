"""Reasons not to import an export."""

from collections.abc import Sequence
from typing import NamedTuple


class Problem(NamedTuple):
    """Why a line of the file cannot be imported."""

    line: int
    field: str
    """Empty if the problem is the whole line."""
    message: str


class ImportRefused(Exception):
    """Nothing is imported, because of these problems."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(f"line {line}: {field} {message}" for line, field, message in problems))
        self.problems: Sequence[Problem] = problems
