"""Commands whose modules are imported when they are used or listed.

Together the modules take longer to load than most commands take to run.
"""

import importlib
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any, NamedTuple

import typer
from typing_extensions import override


class LazyCommand(NamedTuple):
    """Where a command, or a group of commands, is defined."""

    panel: str
    """The heading of the help that lists it."""
    module: str
    """The module of this package. It has a function or a `typer.Typer` of this name."""
    attribute: str
    command_class: str | None = None
    """The module's subclass of `TyperCommand`, if it is not that itself."""


class LazyCommands(MutableMapping[str, Any]):
    """The commands of a group by name, in the order of the help."""

    def __init__(self, commands: Mapping[str, LazyCommand]) -> None:
        self._defined = commands
        self._loaded: dict[str, Any] = {}

    @override
    def __getitem__(self, name: str) -> Any:
        if name not in self._loaded:
            self._loaded[name] = _load(name, self._defined[name])
        return self._loaded[name]

    @override
    def __contains__(self, name: object) -> bool:
        return name in self._defined

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._defined)

    @override
    def __len__(self) -> int:
        return len(self._defined)

    @override
    def __setitem__(self, name: str, command: Any) -> None:
        raise NotImplementedError

    @override
    def __delitem__(self, name: str) -> None:
        raise NotImplementedError


def _load(name: str, command: LazyCommand) -> Any:
    module = importlib.import_module(f"localdial_server.cli.{command.module}")
    defined = getattr(module, command.attribute)
    parent = typer.Typer(rich_markup_mode="rich")
    if isinstance(defined, typer.Typer):
        parent.add_typer(defined, name=name, rich_help_panel=command.panel)
    else:
        cls = getattr(module, command.command_class) if command.command_class else None
        parent.command(name, cls=cls, rich_help_panel=command.panel)(defined)
    return typer.main.get_group(parent).commands[name]
