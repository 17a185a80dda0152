"""Clients of older releases get the same answers as before."""

import base64
import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from tests.compatibility.older_client import RECORDINGS, Call, OlderContract, Recording, understood
from tests.functional.server_process import ServerProcess

NAMES = sorted(path.stem for path in RECORDINGS.glob("*.json"))


@pytest.fixture(params=NAMES)
def recording(request: pytest.FixtureRequest) -> Recording:
    return Recording.load(request.param)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path) as server:
        yield server


def test_the_recorded_bytes_get_the_same_answers(recording: Recording, server: ServerProcess) -> None:
    tokens: dict[str, str] = {}
    with grpc.insecure_channel(server.address) as channel:
        for call in recording.calls:
            sent = as_sent(recording.contract, call, tokens)
            answered, _ = understood(recording.contract, call.method, sent, channel)
            if call.next_page_token:
                tokens[call.next_page_token] = answered.next_page_token
            error = without_new_metadata(answered.error, call.error)
            assert (answered.answer, error) == (call.answer, call.error), (call.method, call.says)


def without_new_metadata(error: dict[str, Any] | None, recorded: dict[str, Any] | None) -> Any:
    """Return the error without the metadata that came later, which an older client ignores."""
    if error is None or recorded is None:
        return error
    error = copy.deepcopy(error)
    for detail, known in zip(error["status"]["details"], recorded["status"]["details"], strict=False):
        if "metadata" in detail:
            detail["metadata"] = {
                key: value for key, value in detail["metadata"].items() if key in known.get("metadata", {})
            }
    return error


def as_sent(contract: OlderContract, call: Call, tokens: dict[str, str]) -> bytes:
    """Return the recorded bytes, with the page token that this server returned in that place."""
    raw = base64.b64decode(call.request)
    token = call.says.get("page_token", "")
    if token not in tokens:
        return raw
    request = contract.request(call.method, raw)
    request.page_token = tokens[token]  # type: ignore[attr-defined]  # `says` has it
    return request.SerializeToString()


def test_a_recording_describes_the_bytes_it_sends(recording: Recording) -> None:
    for call in recording.calls:
        request = recording.contract.request(call.method, base64.b64decode(call.request))
        assert recording.contract.says(request) == call.says


def test_every_method_of_the_client_is_recorded_with_an_answer(recording: Recording) -> None:
    answered = {call.method for call in recording.calls if call.answer is not None}
    assert answered == {
        f"{method.containing_service.full_name}/{method.name}" for method in recording.contract.methods()
    }


def test_every_field_of_a_request_is_recorded(recording: Recording) -> None:
    sent: set[FieldDescriptor] = set()

    def look(message: Message) -> None:
        for field, value in message.ListFields():
            sent.add(field)
            if field.message_type is not None:
                for each in value if field.is_repeated else [value]:
                    look(each)

    for call in recording.calls:
        look(recording.contract.request(call.method, base64.b64decode(call.request)))
    # Only the server sets these, so a client sends nothing there.
    output_only = {"localdial.v1.Organization.revision"}
    expected = set()
    waiting = [method.input_type for method in recording.contract.methods()]
    while waiting:
        for field in waiting.pop().fields:
            if field not in expected and field.full_name not in output_only:
                expected.add(field)
                if field.message_type is not None:
                    waiting.append(field.message_type)
    assert {field.full_name for field in expected} == {field.full_name for field in sent}
