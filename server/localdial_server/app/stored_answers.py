"""Answers to requests as JSON, for repeats of the requests.

Pydantic would do the same, and take 12 MB in every server that buys a number.
"""

import functools
import json
from collections.abc import Mapping
from dataclasses import fields
from enum import Enum
from types import NoneType, UnionType
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

A = TypeVar("A")


def to_json(answer: object) -> str:
    """Return a dataclass as JSON. `from_json` says what its fields may be."""
    return json.dumps(answer, default=_plain, separators=(",", ":"), ensure_ascii=False)


def _plain(value: Any) -> object:
    if isinstance(value, Enum):
        return value.value
    return {field.name: getattr(value, field.name) for field in fields(value)}


def from_json(kind: type[A], text: str) -> A:
    """Return the dataclass of the type `kind` from its JSON.

    A field holds a text, a number, a boolean, a mapping of texts to these, an enum or such a dataclass; a
    tuple of one of these (`tuple[X, ...]`); or one of these or None (`X | None`). A name that no field has is
    ignored, and an absent field has its default: another release may have written the answer.
    """
    return cast("A", _read(kind, json.loads(text)))


def _read(kind: Any, value: Any) -> Any:
    # As `dataclasses.is_dataclass`, which would narrow the type.
    if hasattr(kind, "__dataclass_fields__"):
        types = _field_types(kind)
        return kind(**{name: _read(types[name], each) for name, each in value.items() if name in types})
    if get_origin(kind) is tuple:
        return tuple(_read(get_args(kind)[0], each) for each in value)
    if isinstance(kind, UnionType):
        (other,) = (each for each in get_args(kind) if each is not NoneType)
        return None if value is None else _read(other, value)
    return kind(value) if isinstance(kind, type) and issubclass(kind, Enum) else value


@functools.cache
def _field_types(kind: Any) -> Mapping[str, Any]:
    types = get_type_hints(kind)
    return {field.name: types[field.name] for field in fields(kind)}
