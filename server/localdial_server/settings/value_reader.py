"""The program of the child process that reads the settings for `values`."""

import pickle
import sys
from collections.abc import Iterator, Mapping
from types import SimpleNamespace

from pydantic import BaseModel, SecretStr

from localdial_server.settings.errors import SettingsError
from localdial_server.settings.settings import Settings, read_settings, unknown_variables
from localdial_server.settings.values import Question, Reading, Secret


def main() -> None:
    """Read a `Question` from stdin, and write the `Reading` to stdout."""
    question: Question = pickle.load(sys.stdin.buffer)  # noqa: S301 - from the process that started this one
    unknown = unknown_variables(*question.other_variables)
    try:
        settings = read_settings(question.config_file, **question.options)
    except SettingsError as error:
        reading = Reading(unknown, error.problems, {})
    else:
        reading = Reading(unknown, [], dict(_values(settings)))
    pickle.dump(reading, sys.stdout.buffer)


def _values(settings: Settings) -> Iterator[tuple[str, object]]:
    for name, value in settings:
        yield name, _without_pydantic(value)
    for kind in Settings.__mro__:
        if kind.__module__.startswith(f"{__package__}."):
            for name, attribute in vars(kind).items():
                if isinstance(attribute, property):
                    yield name, getattr(settings, name)


def _without_pydantic(value: object) -> object:
    match value:
        case SecretStr():
            return Secret(value.get_secret_value())
        case BaseModel():
            return SimpleNamespace(**dict(value))
        case Mapping():
            return {key: _without_pydantic(each) for key, each in value.items()}
        case _:
            return value


if __name__ == "__main__":
    main()
