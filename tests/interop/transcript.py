"""The transcript of a play, with the parts that may differ between plays replaced.

Two plays of the same scene differ in the names of their organizations and in
generated values: identifiers, page tokens, times. The names have the same length in
all plays and are replaced by one common name. Each generated value is replaced by
its number in order of appearance, so that equal values stay equal. Everything else
is compared unchanged, to the byte.

Without a client (`languages.WITHOUT_CLIENT`), a caller of the HTTP face does not

- repeat calls, spread them over several addresses, or find a frozen server;
- fill in `call_id`, which the server then generates, or `request_id`, which the caller must choose;
- pass the revision of its own changes as `min_revision`;
- bound its calls in time, unless it sets a header for that.

These are what the scenes of the scripted server and the other modules are about, which
are therefore played by the clients only.
"""

import datetime as dt
import re
from dataclasses import dataclass, field
from typing import Any

from google.protobuf import json_format
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import error_details_pb2

from tests.interop.driver import Failure

PREFIX_LENGTH = 24
_ANY_PREFIX = f"{'any':.<{PREFIX_LENGTH}}"

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

# Values that the server generates for each purchase, page, API key and connection. A record of a change says
# what was there before and after as JSON, with such values in it.
_MADE_UP = frozenset(
    {
        "carrier_number_id",
        "next_page_token",
        "page_token",
        "incident_id",
        "key",
        "key_id",
        "address",
        "subject",
        "before",
        "after",
    }
)

_DETAILS = {
    message.DESCRIPTOR.full_name: message
    for message in (
        error_details_pb2.ErrorInfo,
        error_details_pb2.BadRequest,
        error_details_pb2.RetryInfo,
    )
}
# Times of the server, and what it counts in the background, are not alike in two plays.
_UNLIKE = frozenset({"start_time", "since_time", "counted_until_time", "last_shown_time"})

_CLOCKS_DIFFER = dt.timedelta(seconds=5)


def prefix_of(language: str, play: str) -> str:
    """Return the prefix of a play's organizations. All prefixes have the same length."""
    prefix = f"{language}.{play}"
    assert len(prefix) < PREFIX_LENGTH, f"{prefix} is too long"
    return f"{prefix:.<{PREFIX_LENGTH}}"


@dataclass(frozen=True)
class Said:
    """One answer, or one request as a server received it. `text` is for humans."""

    what: str
    raw: bytes = field(repr=False)
    text: str


@dataclass
class Transcript:
    """The transcript of a play whose organizations have this prefix."""

    prefix: str
    said: list[Said] = field(default_factory=list)
    _seen: dict[str, str] = field(default_factory=dict)
    _started: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))

    def note_message(self, what: str, message: Message) -> None:
        """Record a message."""
        raw = message.SerializeToString(deterministic=True)
        alike = type(message).FromString(
            raw.replace(self.prefix.encode("ascii"), _ANY_PREFIX.encode("ascii"))
        )
        self._make_alike(alike)
        text = json_format.MessageToJson(alike, preserving_proto_field_name=True, indent=None)
        self.said.append(Said(what, alike.SerializeToString(deterministic=True), text))

    def note_failure(self, what: str, failure: Failure) -> None:
        """Record an error, without its type and a message from the client, which differ by language."""
        metadata = {name: self._alike(name, value) for name, value in sorted(failure.metadata.items())}
        alike: list[Any] = [
            failure.code,
            failure.reason,
            self._alike("message", failure.message) if failure.reason else "",
            metadata,
            [[self._alike("field", part) for part in violation] for violation in failure.violations],
            # Some languages write 1500 and others 1500.0.
            None if failure.retry_delay_ms is None else float(failure.retry_delay_ms),
        ]
        self.said.append(Said(what, repr(alike).encode(), repr(alike)))

    def _make_alike(self, message: Message) -> None:
        for descriptor, value in message.ListFields():
            if descriptor.name in _UNLIKE:
                message.ClearField(descriptor.name)
                continue
            values = list(value) if descriptor.is_repeated else [value]
            if isinstance(value, Timestamp):
                self._make_time_alike(value)
            elif isinstance(values[0], AnyMessage):
                for each in values:
                    self._make_detail_alike(each)
            elif isinstance(values[0], Message):
                for each in values:
                    self._make_alike(each)
            elif isinstance(values[0], str) and not descriptor.is_repeated:
                setattr(message, descriptor.name, self._alike(descriptor.name, value))

    def _make_time_alike(self, time: Timestamp) -> None:
        told, now = time.ToDatetime(dt.UTC), dt.datetime.now(dt.UTC)
        assert self._started - _CLOCKS_DIFFER < told < now + _CLOCKS_DIFFER, f"{told} is not now"
        time.CopyFrom(Timestamp(seconds=1))

    def _make_detail_alike(self, detail: AnyMessage) -> None:
        unpacked = _DETAILS[detail.TypeName()]()
        assert detail.Unpack(unpacked)
        if isinstance(unpacked, error_details_pb2.ErrorInfo):
            for name, value in unpacked.metadata.items():
                unpacked.metadata[name] = self._alike(name, value)
        else:
            self._make_alike(unpacked)
        detail.Pack(unpacked, deterministic=True)

    def _alike(self, name: str, value: str) -> str:
        value = value.replace(self.prefix, _ANY_PREFIX)
        if name in _MADE_UP and value:
            return self._numbered(name, value)
        return _UUID.sub(lambda found: self._numbered("uuid", found[0]), value)

    def _numbered(self, kind: str, value: str) -> str:
        return self._seen.setdefault(value, f"{kind} {len(self._seen)}")
