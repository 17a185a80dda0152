"""Requests made from the contract's descriptors, good and bad."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message

from localdial_server.rpc.contract import PACKAGE, SERVICES, Contract
from tests.drills.attacks.server import ATTACKER, CALLEE, USER

_GOOD: Final = {
    "organization_id": ATTACKER,
    "user_id": USER,
    "area_code": "415",
    "country_code": "US",
    "phone_number": "+14155550123",
    "caller_number": CALLEE,
}
_DEEPEST: Final = 5

_WORDS: Final = r"""
ATTACKER a/b ../../etc /etc/passwd %s%s%s %n {0} ${jndi:ldap://x} $(id) `id` <script> &amp; \ \x00 null None
NaN true [] {} 0 -1 1e999 0x10 800 911 4155 US XX anonymous 4155550123 tel:+14155550123 sip:+14155550123@x
+ +1 +0 +447 +4420 +123456 +1415555 +14155550 +141555501999 +10155550199 +14110000000 +14151550199 +9999999
+999999999999999 +19005550199 +14155550123;ext=1
"""
STRINGS: Final[Sequence[str]] = (
    *("", " ", "\0", "\n", "\r\n", "\t", "\x1b[31m", "\x7f", "\x9b1m", "\u2028", "\u202e", "\ufeff"),
    *("\u200b", "\uffff", "\ud7ff", "\U000e0041", "\U0001f4de", "e" + "\u0301" * 200, "\u0430cme", "é"),
    *("a" * length for length in (64, 65, 129, 257, 10_000)),
    *("☎" * 64, " attacker", "attacker ", "a b", "; rm -rf", "' OR 1=1 --", '"; DROP TABLE users; --'),
    *("(415) 555-0123", "+1415\uff15550123", "+٤١٥٥٥٥٠١٢٣", "+14155550123\n", "+1" * 200),
    *_WORDS.split(),
)
INTEGERS: Final = (0, 1, -1, 2, 100, 101, 1_000, 1_001, 2**31 - 1, -(2**31), 2**32 - 1, 2**63 - 1, -(2**63))
ENUMS: Final = (0, 1, -1, 99, 2**31 - 1, -(2**31))
LENGTHS: Final = (0, 1, 2, 101, 501, 1_001)


@dataclass(frozen=True)
class Method:
    """A method: its path, and the class of its requests."""

    path: str
    request: type[Message]
    name: str


def methods() -> Sequence[Method]:
    """Return every method of the contract."""
    contract = Contract()

    def method(descriptor: MethodDescriptor) -> Method:
        service = descriptor.containing_service.name
        request = contract.request_class(service, descriptor.name)
        return Method(f"/{PACKAGE}.{service}/{descriptor.name}", request, descriptor.name)

    return [method(one) for name in SERVICES for one in contract.service(name).methods]


def good_request(method: Method) -> Message:
    """Return a request with plausible values in all fields."""
    request = method.request()
    _fill(request, 0)
    return request


def _fill(message: Message, depth: int) -> None:
    for field in message.DESCRIPTOR.fields:
        if field.message_type is not None:
            if depth < _DEEPEST:
                inner = getattr(message, field.name)
                inner = inner.add() if field.is_repeated else inner
                inner.SetInParent()
                _fill(inner, depth + 1)
        elif field.is_repeated:
            getattr(message, field.name).append(_good(field))
        else:
            setattr(message, field.name, _good(field))


def _good(field: Any) -> Any:
    if field.type == FieldDescriptor.TYPE_STRING:
        name = field.name.removesuffix("s")
        return _GOOD.get(name, CALLEE if "number" in name else "x1")
    if field.type == FieldDescriptor.TYPE_BYTES:
        return b"x"
    return False if field.type == FieldDescriptor.TYPE_BOOL else 1


def bad_requests(method: Method) -> Iterator[Message]:
    """Yield requests that are good but for one field: every field with every value that may be a problem."""
    yield method.request()
    for path in _paths(method.request(), ()):
        good = good_request(method)
        owner: Any = good
        for name in path[:-1]:
            owner = getattr(owner, name)
            owner = owner[0] if isinstance(owner, Sequence) or hasattr(owner, "add") else owner
        field = owner.DESCRIPTOR.fields_by_name[path[-1]]
        yield from _with_values(good, owner, field)


def _paths(message: Message, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for field in message.DESCRIPTOR.fields:
        inner = (*path, field.name)
        yield inner
        if field.message_type is not None and len(inner) < _DEEPEST:
            value = getattr(message, field.name)
            yield from _paths(value.add() if field.is_repeated else value, inner)


def _with_values(good: Message, owner: Any, field: FieldDescriptor) -> Iterator[Message]:
    """Set the field of `owner`, a part of `good`, to each value in turn, and yield `good` each time."""
    if field.is_repeated:
        items = getattr(owner, field.name)
        for length in LENGTHS:
            one = items[0] if items else None
            if one is None:
                return
            copies = [one] * length
            del items[:]
            items.extend(copies)
            yield good
            if not length:
                items.extend([one])
        if field.message_type is None:
            for value in _values(field):
                del items[:]
                items.append(value)
                yield good
        return
    if field.message_type is not None:
        owner.ClearField(field.name)
        yield good
        return
    for value in _values(field):
        try:
            setattr(owner, field.name, value)
        except ValueError:
            # The type cannot hold the value.
            continue
        yield good


def _values(field: FieldDescriptor) -> Sequence[Any]:
    if field.type == FieldDescriptor.TYPE_STRING:
        return STRINGS
    if field.type == FieldDescriptor.TYPE_BYTES:
        return [b"", b"\0", b"\xff" * 100]
    if field.type == FieldDescriptor.TYPE_BOOL:
        return [True]
    return ENUMS if field.enum_type is not None else INTEGERS


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Return the message with something broken."""
    cut = chance.randrange(len(data) + 1)
    broken = (
        lambda: _flipped(data, chance),
        lambda: data[:cut],
        lambda: chance.randbytes(chance.randrange(200)),
        lambda: data[:cut] + chance.randbytes(chance.randrange(1, 20)) + data[cut:],
        # A random field with a random wire type, and a length that is too large.
        lambda: data + bytes([chance.randrange(256), 0xFF, 0xFF, 0xFF, 0xFF, 0x0F]),
        lambda: data * chance.randrange(2, 20),
        lambda: _nested(chance.choice((10, 99, 101, 5_000)), chance.randrange(1, 16)),
        lambda: _flipped(data[:cut] + data, chance),
    )
    return chance.choice(broken)()


def _flipped(data: bytes, chance: random.Random) -> bytes:
    flipped = bytearray(data or b"\0")
    for _ in range(chance.randrange(1, 9)):
        flipped[chance.randrange(len(flipped))] ^= 1 << chance.randrange(8)
    return bytes(flipped)


def _nested(depth: int, field: int) -> bytes:
    data = b""
    for _ in range(depth):
        length, encoded = len(data), bytearray()
        while length >= 128:
            encoded.append(length % 128 + 128)
            length //= 128
        data = bytes([field << 3 | 2, *encoded, length]) + data
    return data
