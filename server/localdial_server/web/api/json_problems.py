"""What is wrong with a JSON request, and where."""

import difflib
import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor

# As many problems as are named, and the most characters of a name that is.
_MOST: Final = 10
_LONGEST_NAME: Final = 60

_INTEGER: Final = re.compile(r"-?[0-9]+", re.ASCII)

_INTEGERS: Final = frozenset(
    {
        FieldDescriptor.CPPTYPE_INT32,
        FieldDescriptor.CPPTYPE_INT64,
        FieldDescriptor.CPPTYPE_UINT32,
        FieldDescriptor.CPPTYPE_UINT64,
    }
)
# Messages that JSON has as text.
_TEXT_MESSAGES: Final = frozenset(
    {"google.protobuf.Timestamp", "google.protobuf.Duration", "google.protobuf.FieldMask"}
)


def problems(document: Mapping[str, Any], message: Any) -> str:
    """Return the first problems of an object that is to be read as the message; empty if none is found."""
    return "; ".join(itertools.islice(_of_object(document, message, ""), _MOST))


def _of_object(document: Mapping[str, Any], message: Descriptor, path: str) -> Iterator[str]:
    fields = {field.json_name: field for field in message.fields} | dict(message.fields_by_name)
    for name, value in document.items():
        here = f"{path}{_shown(name)}"
        field = fields.get(name)
        if field is None:
            similar = difflib.get_close_matches(
                name[:_LONGEST_NAME], [each.json_name for each in message.fields], n=1
            )
            yield f"there is no field {here}" + (f"; did you mean {similar[0]}?" if similar else "")
        elif value is None:
            continue
        elif not field.is_repeated:
            yield from _of_value(value, field, here)
        elif not isinstance(value, list):
            yield f"{here} must be an array"
        else:
            for index, item in enumerate(value):
                yield from _of_value(item, field, f"{here}[{index}]")


def _of_value(value: Any, field: FieldDescriptor, path: str) -> Iterator[str]:
    kind = field.cpp_type
    message, enum = field.message_type, field.enum_type
    if message is not None and message.full_name not in _TEXT_MESSAGES:
        if isinstance(value, dict):
            yield from _of_object(value, message, f"{path}.")
        else:
            yield f"{path} must be an object"
    elif enum is not None:
        names = enum.values_by_name
        if not isinstance(value, int) and value not in names:
            yield f"{path} must be one of {', '.join(names)}"
    elif kind == FieldDescriptor.CPPTYPE_BOOL:
        if not isinstance(value, bool):
            yield f"{path} must be true or false"
    elif kind in _INTEGERS:
        if isinstance(value, bool) or _INTEGER.fullmatch(str(value)) is None:
            yield f"{path} must be an integer"
    elif not isinstance(value, str):
        yield f"{path} must be a string"


def _shown(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…"
