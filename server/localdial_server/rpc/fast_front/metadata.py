"""Metadata as HTTP headers: deadlines, binary values, and messages of errors."""

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import quote

import grpc

Headers = Iterable[tuple[bytes, bytes]]

_BINARY: Final = b"-bin"
_TIMEOUT_DIGITS: Final = 8
_SECONDS: Final[Mapping[bytes, float]] = {
    b"H": 3600.0,
    b"M": 60.0,
    b"S": 1.0,
    b"m": 1e-3,
    b"u": 1e-6,
    b"n": 1e-9,
}

# Characters of `grpc-message` that are sent without percent-encoding.
_PRINTABLE: Final = "".join(map(chr, range(0x20, 0x7F))).replace("%", "")

CONTENT_TYPE: Final = (b"content-type", b"application/grpc")


def seconds_of(timeout: bytes) -> float | None:
    """Return the seconds of a `grpc-timeout` such as `100m`; None if it is no timeout."""
    digits, unit = timeout[:-1], _SECONDS.get(timeout[-1:])
    if unit is None or not digits.isdigit() or len(digits) > _TIMEOUT_DIGITS:
        return None
    return int(digits) * unit


def decoded(name: bytes, value: bytes) -> tuple[str, str | bytes]:
    """Return a header as metadata. A binary value that is not base64 is empty."""
    text = name.decode("latin-1")
    if not name.endswith(_BINARY):
        return text, value.decode("latin-1")
    try:
        return text, base64.b64decode(value + b"=" * (-len(value) % 4))
    except binascii.Error:
        return text, b""


def error_headers(
    code: grpc.StatusCode, message: str, metadata: Iterable[tuple[str, str | bytes]] = ()
) -> list[tuple[bytes, bytes]]:
    """Return the headers that end a call with an error."""
    headers = [(b"grpc-status", str(code.value[0]).encode())]
    if message:
        headers.append((b"grpc-message", _percent_encoded(message)))
    headers += [(name.encode("ascii"), _encoded(value)) for name, value in metadata]
    return headers


def _encoded(value: str | bytes) -> bytes:
    if isinstance(value, bytes):
        # As gRPC's own libraries do, without padding.
        return base64.b64encode(value).rstrip(b"=")
    return value.encode("ascii")


def _percent_encoded(message: str) -> bytes:
    return quote(message, safe=_PRINTABLE, errors="replace").encode("ascii")
