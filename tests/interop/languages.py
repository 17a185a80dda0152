"""The languages: each is a module of `drivers/`. So are the ways to call the HTTP face without a client.

A module has `command() -> list[str]`, which builds the driver if
necessary and returns its command line. This must start the program itself, not a
shell or a package manager, because the sockets of that process are counted. If
tools of the language are missing, `command` raises `Unavailable`, and the tests of
the language are skipped with that reason.
"""

import functools
import importlib
from collections.abc import Sequence
from pathlib import Path

from tests.functional.server_process import ServerProcess

# The language that every other one is compared with.
REFERENCE = "python"

# Callers of the HTTP face that use none of our clients: see `transcript.py` for what they cannot do.
WITHOUT_CLIENT = ("grpc_web", "http_json")


class Unavailable(Exception):
    """The driver cannot be built here. The text says what is missing."""


def languages() -> Sequence[str]:
    """Return the names of the languages, the reference first."""
    modules = sorted(path.stem for path in Path(__file__).with_name("drivers").glob("[!_]*.py"))
    return sorted(set(modules) - set(WITHOUT_CLIENT), key=lambda name: (name != REFERENCE, name))


def address_for(language: str, server: ServerProcess) -> str:
    """Return what a driver of the language connects to: the gRPC address, or the URL without a client."""
    return server.page if language in WITHOUT_CLIENT else server.address


@functools.cache
def command_of(language: str) -> Sequence[str]:
    """Build the driver of the language, once, and return its command line. Raises `Unavailable`."""
    command: Sequence[str] = importlib.import_module(f"tests.interop.drivers.{language}").command()
    return command
