"""Times and ages, as they are typed."""

import re
from datetime import UTC, datetime
from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp

from localdial_server.cli.exit_codes import CliError

_AGE: Final = re.compile(r"([1-9][0-9]{0,5})([hdw])", re.ASCII)
_HOURS: Final = {"h": 1, "d": 24, "w": 7 * 24}
_MIN_HOURS: Final = 24
_MICROSECONDS_PER_HOUR: Final = 3_600_000_000


def parse_time(text: str, option: str) -> Timestamp | None:
    """Return the time of an option, which is UTC unless it has an offset; None if it is empty.

    Raises `CliError`.
    """
    if not text:
        return None
    try:
        time = datetime.fromisoformat(text)
        time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        raise CliError(
            f"{option} is {text!r}, but must be a date or a time such as 2026-01-31, 2026-01-31T09:30Z or "
            "2026-01-31T09:30-08:00; without an offset it is UTC"
        ) from None
    timestamp = Timestamp()
    timestamp.FromDatetime(time)
    return timestamp


def parse_age(text: str, option: str) -> int:
    """Return the age of an option in microseconds. Raises `CliError`."""
    match = _AGE.fullmatch(text)
    hours = int(match[1]) * _HOURS[match[2]] if match else 0
    if hours < _MIN_HOURS:
        raise CliError(
            f"{option} is {text!r}, but must be a number of days, weeks or hours, such as 400d, 57w or "
            "9600h, and at least 1d"
        )
    return hours * _MICROSECONDS_PER_HOUR
