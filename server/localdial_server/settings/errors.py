"""The errors of invalid settings, and of servers and commands that cannot run."""

from collections.abc import Sequence
from typing import NamedTuple


class SettingProblem(NamedTuple):
    """What is wrong with one setting."""

    setting: str
    """The setting as the user wrote it: `LOCALDIAL_LISTEN`, `--listen` or `listen in localdial.toml`."""
    message: str
    """What is wrong with it. The message never repeats the value, which may be a secret."""


class SettingsError(Exception):
    """The settings cannot be used. The text has one line for each problem and contains no secret."""

    def __init__(self, *problems: SettingProblem) -> None:
        super().__init__("\n".join(f"{problem.setting}: {problem.message}" for problem in problems))
        self.problems = problems


def raise_if_any(problems: Sequence[SettingProblem]) -> None:
    """Raise `SettingsError` if there are problems."""
    if problems:
        raise SettingsError(*problems)


class StartError(Exception):
    """A server or command cannot run. The text is one line that says why and what to do."""
