"""The docstrings of the settings, which only the help and the documentation need.

Pydantic would read them (`use_attribute_docstrings`) at every start, which takes 70 ms.
"""

import ast
import inspect
import itertools
from collections.abc import Mapping


def field_docstrings(model: type) -> Mapping[str, str]:
    """Return the docstring below each field of the class and of its bases, as one line."""
    found: dict[str, str] = {}
    for owner in reversed(model.__mro__):
        if not owner.__module__.startswith(__package__):
            continue
        (definition,) = ast.parse(inspect.getsource(owner)).body
        assert isinstance(definition, ast.ClassDef)
        for statement, following in itertools.pairwise(definition.body):
            match statement, following:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                    found[name] = " ".join(text.split())
    return found
