"""What admission knows of a request before it is parsed: its organization, and how many items it has.

Only the bytes that lead there are read, so that a large or hostile request costs next to nothing.
"""

from collections.abc import Iterator
from typing import Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor

# Further fields are not read. Clients send fields in the order of their numbers, so the organization, whose
# number is 1, comes first.
_FIELDS: Final = 16

# The types of fields on the wire; those of a fixed length with their lengths.
_VARINT, _BYTES = 0, 2
_FIXED: Final = {1: 8, 5: 4}

_ONE_BYTE = 0x80
_LONGEST_VARINT = 10
_NOWHERE = -1


class RequestPeek:
    """Reads the serialized requests of one type."""

    def __init__(self, request: Descriptor) -> None:
        path = _path(request)
        self._tags = [number << 3 | _BYTES for number in path]
        self._first = bytes(self._tags[:1])
        items = [field.number for field in request.fields if _is_item(field)]
        self._items = items[0] << 3 | _BYTES if items else None

    def organization(self, raw: bytes) -> str:
        """Return the request's organization_id, that of its first item or message; empty if there is none."""
        if not self._tags:
            return ""
        if len(self._tags) == 1 and raw[:1] == self._first and len(raw) > 1 and raw[1] < _ONE_BYTE:
            # Nearly all requests: the organization comes first and is short.
            return raw[2 : 2 + raw[1]].decode("ascii", "replace")
        value = raw
        for tag in self._tags:
            found = next((each for key, each in _fields(value, _FIELDS) if key == tag), None)
            if found is None:
                return ""
            value = found
        return value.decode("ascii", "replace")

    def item_count(self, raw: bytes, most: int) -> int:
        """Return how many items the request's list has, `most` if there are more."""
        tag, count, at, end = self._items, 0, 0, len(raw)
        # Nearly all requests: short items, one behind the other.
        while count < most and at + 1 < end and raw[at] == tag and raw[at + 1] < _ONE_BYTE:
            behind = at + 2 + raw[at + 1]
            if behind > end:
                return count
            count, at = count + 1, behind
        for key, _ in _fields(raw[at:], most + _FIELDS - count):
            if count >= most:
                break
            if key == tag:
                count += 1
        return count


def _path(request: Descriptor) -> list[int]:
    """Return the numbers of the fields that lead to the organization_id, none if it is not in the request."""
    own = request.fields_by_name.get("organization_id")
    if own is not None:
        return [own.number]
    first = request.fields[0] if request.fields else None
    if first is not None and first.message_type is not None:
        inner = first.message_type.fields_by_name.get("organization_id")
        if inner is not None:
            return [first.number, inner.number]
    return []


def _is_item(field: FieldDescriptor) -> bool:
    return field.is_repeated and field.message_type is not None


def _fields(raw: bytes, most: int) -> Iterator[tuple[int, bytes | None]]:
    """Yield the first fields of a message: the tag, and the bytes of the value if it is of that type.

    It ends where the bytes are no message: the parser will refuse them.
    """
    at, end = 0, len(raw)
    for _ in range(most):
        tag, at = _varint(raw, at)
        if at == _NOWHERE:
            return
        kind = tag & 7
        if kind == _BYTES:
            size, at = _varint(raw, at)
            if at == _NOWHERE or at + size > end:
                return
            yield tag, raw[at : at + size]
            at += size
        elif kind == _VARINT:
            _, at = _varint(raw, at)
            yield tag, None
        elif kind in _FIXED:
            at += _FIXED[kind]
            yield tag, None
        else:
            return


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    """Return the number at that place and the place behind it; `_NOWHERE` if there is no number."""
    value = shift = 0
    for place in range(at, min(at + _LONGEST_VARINT, len(raw)) if at >= 0 else at):
        byte = raw[place]
        value |= (byte & 0x7F) << shift
        if byte < _ONE_BYTE:
            return value, place + 1
        shift += 7
    return 0, _NOWHERE
