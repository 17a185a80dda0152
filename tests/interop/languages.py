"""The languages: each is a module of `drivers/`.

A language's module has `command() -> list[str]`, which builds the driver if
necessary and returns its command line. This must start the program itself, not a
shell or a package manager, because the sockets of that process are counted. If
tools of the language are missing, `command` raises `Unavailable`, and the tests of
the language are skipped with that reason.
"""

import functools
import importlib
from collections.abc import Sequence
from pathlib import Path

# The language that every other one is compared with.
REFERENCE = "python"


class Unavailable(Exception):
    """The driver cannot be built here. The text says what is missing."""


def languages() -> Sequence[str]:
    """Return the names of the languages, the reference first."""
    modules = sorted(path.stem for path in Path(__file__).with_name("drivers").glob("[!_]*.py"))
    return sorted(modules, key=lambda name: name != REFERENCE)


@functools.cache
def command_of(language: str) -> Sequence[str]:
    """Build the driver of the language, once, and return its command line. Raises `Unavailable`."""
    command: Sequence[str] = importlib.import_module(f"tests.interop.drivers.{language}").command()
    return command
