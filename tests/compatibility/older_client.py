"""What a client of an older release sent, and what it reads in an answer."""

import base64
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from pydantic import BaseModel

RECORDINGS = Path(__file__).parent / "recordings"
DETAILS = "grpc-status-details-bin"

# The server generates these or takes them from its clock, so only their presence is compared.
# A purchase may change its organization once or once per number.
MADE_UP = {"carrier_number_id", "next_page_token", "call_time", "last_call_time", "purchase_time", "revision"}
# Text for humans, which may change.
FOR_PEOPLE = {"message", "description"}


class Call(BaseModel):
    """One call of a client: what it sent, and what it read in the answer."""

    method: str
    # The content of `request`, for readers of the recording.
    says: dict[str, Any]
    request: str
    answer: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    # As the server generated it, for the calls that use it.
    next_page_token: str = ""


class OlderContract:
    """The contract that a client was built from, which may lack parts of today's."""

    def __init__(self, image: bytes) -> None:
        pool = descriptor_pool.DescriptorPool()
        self._files = descriptor_pb2.FileDescriptorSet.FromString(image).file
        for file in self._files:
            pool.AddSerializedFile(file.SerializeToString())
        self._pool = pool

    def methods(self) -> Iterator[MethodDescriptor]:
        """The names of all methods."""
        for file in self._files:
            for service in self._pool.FindFileByName(file.name).services_by_name.values():
                yield from service.methods

    def request(self, method: str, raw: bytes) -> Message:
        """Decode a request."""
        return self._class(self._method(method).input_type.full_name).FromString(raw)

    def says(self, message: Message) -> dict[str, Any]:
        """Return a message as JSON, without fields that are not set."""
        return json_format.MessageToDict(
            message, preserving_proto_field_name=True, descriptor_pool=self._pool
        )

    def answer(self, method: str, raw: bytes) -> dict[str, Any]:
        """Return what the client reads in an answer."""
        return self._read(self._class(self._method(method).output_type.full_name).FromString(raw))

    def error(self, code: grpc.StatusCode, details: bytes) -> dict[str, Any]:
        """Return what the client reads in an error."""
        return {"code": code.name, "status": self._read(self._class("google.rpc.Status").FromString(details))}

    def next_page_token(self, method: str, raw: bytes) -> str:
        """Return the token of the next page, unchanged."""
        answer = self._class(self._method(method).output_type.full_name).FromString(raw)
        return str(getattr(answer, "next_page_token", ""))

    def _read(self, message: Message) -> dict[str, Any]:
        said: dict[str, Any] = json_format.MessageToDict(
            message,
            preserving_proto_field_name=True,
            always_print_fields_with_no_presence=True,
            descriptor_pool=self._pool,
        )
        return {key: _comparable(key, value) for key, value in said.items() if key not in FOR_PEOPLE}

    def _method(self, name: str) -> MethodDescriptor:
        service, _, method = name.rpartition("/")
        found: MethodDescriptor = self._pool.FindServiceByName(service).methods_by_name[method]
        return found

    def _class(self, name: str) -> type[Message]:
        return message_factory.GetMessageClass(self._pool.FindMessageTypeByName(name))


class Recording:
    """All calls of a client, in order, with its contract."""

    def __init__(self, contract: bytes, calls: Sequence[Call]) -> None:
        self.contract = OlderContract(contract)
        self.calls = calls
        self._image = contract

    @classmethod
    def load(cls, name: str) -> Self:
        """Read a recording from `RECORDINGS`."""
        calls = json.loads((RECORDINGS / f"{name}.json").read_text("utf-8"))
        return cls((RECORDINGS / f"{name}.binpb").read_bytes(), [Call.model_validate(each) for each in calls])

    def save(self, name: str) -> None:
        """Store the recording in `RECORDINGS`."""
        calls = [call.model_dump(exclude_defaults=True) for call in self.calls]
        text = json.dumps(calls, indent=1, ensure_ascii=False)
        (RECORDINGS / f"{name}.json").write_text(text + "\n", "utf-8")
        (RECORDINGS / f"{name}.binpb").write_bytes(self._image)


def understood(
    contract: OlderContract, method: str, sent: bytes, channel: grpc.Channel
) -> tuple[Call, bytes]:
    """Make a call with these bytes; return the call and the bytes of the answer, empty for an error."""
    call = Call(
        method=method,
        says=contract.says(contract.request(method, sent)),
        request=base64.b64encode(sent).decode(),
    )
    # Without serializers the bytes are sent and received unchanged.
    raw: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(f"/{method}")
    pending = raw.future(sent, timeout=30)
    code = pending.code()
    if code is not grpc.StatusCode.OK:
        details = dict(pending.trailing_metadata()).get(DETAILS, b"")
        assert isinstance(details, bytes)
        call.error = contract.error(code, details)
        return call, b""
    answer = pending.result()
    call.answer = contract.answer(method, answer)
    call.next_page_token = contract.next_page_token(method, answer)
    return call, answer


def _comparable(key: str, value: Any) -> Any:
    """Return the part of a value that must be the same on any server at any time."""
    if isinstance(value, dict):
        return {name: _comparable(name, each) for name, each in value.items() if name not in FOR_PEOPLE}
    if isinstance(value, list):
        return [_comparable(key, each) for each in value]
    return "(made up)" if key in MADE_UP and value else value
