"""Parameters of commands that convert a value only if it does not have their type yet.

Typer converts every value by Pydantic, even a text or a missing one. Loading Pydantic and building a
converter for each parameter took a third of the time of a short command.
"""

import functools
from typing import Any

from typer.core import TyperArgument, TyperOption


class _LightConversion:
    """The conversion of a parameter, without that of values that have its type."""

    def __init__(self, parameter: Any, conversion: Any) -> None:
        self._type = parameter.type_descriptor.annotation
        self._is_single = parameter.nargs == 1 and not parameter.multiple
        self._parameter = parameter
        self._conversion = conversion

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return the parameter's value for `value`, which is from the command line, a default, or None."""
        if self._is_single and (value is None or type(value) is self._type):
            return value
        return self._conversion(self._parameter).coerce(value, param=param, ctx=ctx)


def convert_only_where_needed() -> None:
    """Let Typer's parameters convert only values that do not have their type.

    A release of Typer that converts in another way stays as it is.
    """
    kind: Any
    for kind in (TyperArgument, TyperOption):
        conversion = getattr(kind, "get_runtime_param", None)
        if conversion is not None:
            kind.get_runtime_param = functools.partialmethod(_LightConversion, conversion)
