"""The settings of a process that keeps running, read by a child process that ends.

Pydantic, which reads settings, would stay loaded with 12 MB. So the child hands their values over.
"""

import pickle
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from localdial_server.settings.errors import SettingProblem, SettingsError, StartError

if TYPE_CHECKING:
    from localdial_server.settings.settings import Settings

# -P keeps modules in the working directory from being imported.
_READER: Final = (sys.executable, "-P", "-m", "localdial_server.settings.value_reader")


class Secret:
    """A text that is not shown by accident. It is used like Pydantic's `SecretStr`."""

    def __init__(self, text: str) -> None:
        self._text = text

    def get_secret_value(self) -> str:
        """Return the text."""
        return self._text

    def __repr__(self) -> str:
        """Return the same for every secret."""
        return "Secret('**********')"


class _Values(SimpleNamespace):
    """An object with the attributes of the settings."""

    def __repr__(self) -> str:
        """Return no value, because some are secret."""
        return "_Values(…)"


class Question(NamedTuple):
    """What the child reads."""

    config_file: Path | None
    options: Mapping[str, object]
    """Settings from the command line; None means not given."""
    other_variables: Sequence[str]
    """Environment variables that are read besides the settings."""


class Reading(NamedTuple):
    """What the child has read."""

    unknown_variables: Sequence[tuple[str, str | None]]
    """As `settings.unknown_variables` returns them."""
    problems: Sequence[SettingProblem]
    """Why the settings cannot be used; empty if they can."""
    values: Mapping[str, Any]
    """The fields and properties of the settings, by name. Each secret is a `Secret`, and each Pydantic model
    in a field is a namespace."""

    def settings(self) -> "Settings":
        """Return an object with the attributes of the settings. Raises `SettingsError`."""
        if self.problems:
            raise SettingsError(*self.problems)
        return cast("Settings", _Values(**self.values))


def read_values(
    config_file: Path | None = None, other_variables: Sequence[str] = (), **options: object
) -> Reading:
    """Read the settings as `settings.read_settings` does. Raises `StartError` if that cannot be tried."""
    question = pickle.dumps(Question(config_file, options, other_variables))
    # Ctrl-C in a terminal is for this process alone, which then kills the child.
    child = subprocess.run(  # noqa: S603 - the arguments are ours
        _READER, input=question, stdout=subprocess.PIPE, check=False, process_group=0
    )
    if child.returncode != 0:
        raise StartError(f"the process that reads the settings failed with exit code {child.returncode}")
    reading: Reading = pickle.loads(child.stdout)  # noqa: S301 - our own child wrote it
    return reading
