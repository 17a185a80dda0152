"""Values and records as text for people, without the libraries that draw tables, which are slow to load."""

import os
import re
import sys
from collections.abc import Mapping
from datetime import UTC
from typing import Final

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")

_MICROS_PER_UNIT: Final = 1_000_000

_BOLD: Final = "\x1b[1m", "\x1b[0m"
_PLAIN: Final = "", ""


def printable(text: str) -> str:
    """Replace control characters, so that text from a server cannot control the terminal or reverse text."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def enum_name(message: Message, field: str) -> str:
    """Return the name of an enum field's value without the shared prefix: `LOCAL_PRESENCE`."""
    number = getattr(message, field)
    kind = message.DESCRIPTOR.fields_by_name[field].enum_type
    # A newer server may send a value that this client does not know; protobuf keeps its number.
    if kind is None or number not in kind.values_by_number:
        return str(number)
    prefix = re.sub(r"(?<!^)(?=[A-Z])", "_", kind.name).upper()
    return str(kind.values_by_number[number].name).removeprefix(f"{prefix}_")


def utc_time(message: Message, field: str) -> str:
    """Return a time field in UTC to the second: `2026-01-31 23:59:59Z`; empty if the field is not set."""
    if not message.HasField(field):
        return ""
    time: Timestamp = getattr(message, field)
    return time.ToDatetime(UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def money(micros: int, currency_code: str) -> str:
    """Return an amount in millionths of the currency's unit, such as `1.15 USD`."""
    return f"{micros / _MICROS_PER_UNIT:.2f} {currency_code}"


def record(fields: Mapping[str, str]) -> str:
    """Return one thing as lines of a field and its value, without the empty fields."""
    shown = {name: printable(value) for name, value in fields.items() if value}
    width = max(map(len, shown), default=0)
    begin, end = _BOLD if _shows_bold() else _PLAIN
    return "\n".join(f"{begin}{name:{width}}{end}  {value}" for name, value in shown.items())


def _shows_bold() -> bool:
    return sys.stdout.isatty() and os.environ.get("TERM", "dumb") not in {"dumb", "unknown"}
