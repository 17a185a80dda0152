"""How many bytes the requests of a method may have: a little more than the largest that its rules allow."""

from collections.abc import Mapping
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from localdial_server.domain.errors import Reason, ServiceError
from localdial_server.rpc.contract import PACKAGE, SERVICES, Contract, too_many_items
from localdial_server.rpc.request_peek import RequestPeek

# Room for white space around display names, and for fields that newer clients send.
_SLACK: Final = 1.2
_STEP_BYTES: Final = 16 * 1024

# The transport refuses requests larger than this times the largest limit, without our error details.
_TRANSPORT_FACTOR: Final = 1.25

# The most bytes of a string with each of the rules in `rules.proto`.
_STRING_BYTES: Final[Mapping[str, int]] = {
    "is_e164": 16,
    "is_phone_number": 16,
    "is_area_code": 8,
    "is_identifier": 128,
    "is_display_name": 4 * 200,
}

# A string whose rule lists its values.
_LISTED_STRING_BYTES: Final = 64

# A number takes at most 10 bytes, whatever its type. Tags and lengths are smaller.
_NUMBER_BYTES: Final = 10
_TAG_BYTES: Final = 2
_LENGTH_BYTES: Final = 3


class RequestTooLarge(ServiceError, reason=Reason.REQUEST_TOO_LARGE):
    """The request has `size` bytes, and its method accepts `most`."""

    def __init__(self, size: int, most: int) -> None:
        super().__init__(
            f"the request has {size} bytes, and the method accepts {most}; send fewer items at a time, or "
            "shorter values",
            size_bytes=str(size),
            max_size_bytes=str(most),
        )


class RequestBounds:
    """How large the requests of one type may be. Both checks read the bytes and parse nothing."""

    def __init__(self, contract: Contract, request: Descriptor) -> None:
        self._max_bytes = max_request_bytes(contract, request)
        self._peek = RequestPeek(request)
        # Only lists of messages: an empty one takes 2 bytes on the wire and 100 in memory.
        self._lists = [
            (field.name, int(contract.rules_of(field).repeated.max_items))
            for field in request.fields
            if field.is_repeated and field.message_type is not None
        ]

    def require_size(self, raw: bytes) -> None:
        """Raise `RequestTooLarge` if the request has too many bytes."""
        if len(raw) > self._max_bytes:
            raise RequestTooLarge(len(raw), self._max_bytes)

    def require_items(self, raw: bytes) -> None:
        """Raise `InvalidFields` if the request has too many items."""
        for name, most in self._lists:
            if self._peek.item_count(raw, most + 1) > most:
                raise too_many_items(name, most)


def max_request_bytes(contract: Contract, request: Descriptor) -> int:
    """Return how many bytes a request of this type may have.

    A request without fields may have some too: JSON writes it as `{}`, and a newer client's has fields.
    """
    steps = -(-_SLACK * largest_bytes(contract, request) // _STEP_BYTES)
    return max(1, int(steps)) * _STEP_BYTES


def limits_by_path(contract: Contract) -> Mapping[str, int]:
    """Return how many bytes the requests of each method may have, by the method's path."""
    return {
        f"/{PACKAGE}.{name}/{method.name}": max_request_bytes(contract, method.input_type)
        for name in SERVICES
        for method in contract.service(name).methods
    }


def transport_limit_bytes(contract: Contract) -> int:
    """Return how many bytes the transport must let through, so that larger requests get our error."""
    return int(_TRANSPORT_FACTOR * max(limits_by_path(contract).values()))


def largest_bytes(contract: Contract, message: Descriptor) -> int:
    """Return the size of the largest valid message of the type. Raises `ValueError` if it has no bound."""
    return sum(_field_bytes(contract, field) for field in message.fields)


def _field_bytes(contract: Contract, field: FieldDescriptor) -> int:
    rules = contract.rules_of(field)
    count = 1
    if field.is_repeated:
        if not rules.repeated.HasField("max_items"):
            raise ValueError(f"{field.full_name} has no max_items, so its requests have no largest size")
        count, rules = int(rules.repeated.max_items), rules.repeated.items
    return count * (_TAG_BYTES + _value_bytes(contract, field, rules))


def _value_bytes(contract: Contract, field: FieldDescriptor, rules: Any) -> int:
    """Return the size of the largest value with its length."""
    if field.message_type is not None:
        return _LENGTH_BYTES + largest_bytes(contract, field.message_type)
    if field.type != FieldDescriptor.TYPE_STRING:
        return _NUMBER_BYTES
    strings = rules.string
    if strings.HasField("max_len"):
        return _LENGTH_BYTES + 4 * int(strings.max_len)
    known = [size for name, size in _STRING_BYTES.items() if contract.has_rule(strings, name)]
    return _LENGTH_BYTES + (known[0] if known else _LISTED_STRING_BYTES)
