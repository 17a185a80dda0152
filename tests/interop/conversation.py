"""A driver's client with the methods of the Python client, so that tests can use either."""

from collections.abc import Sequence
from typing import Any, cast

import grpc
from google.protobuf.message import Message
from google.rpc.status_pb2 import Status

from localdial_client import Client, FieldViolation, LocaldialError, from_status
from tests.interop.contract import BY_ATTRIBUTE, as_json, response_of
from tests.interop.driver import Driver, DriverBroken, Failure
from tests.interop.transcript import Transcript


class Conversation:
    """Calls through one client of a driver, and records the answers."""

    def __init__(self, driver: Driver, client: str, transcript: Transcript) -> None:
        self._driver = driver
        self._client = client
        self.transcript = transcript

    def call(self, method: str, request: dict[str, Any], **options: Any) -> Message | Failure:
        """Make one call; return its response or its error."""
        answer = self._ask({"op": "call", "method": method, "request": request, **options})
        if "error" in answer:
            return self._failed(method, answer["error"])
        response = response_of(method, answer["response"])
        self.transcript.note_message(method, response)
        return response

    def pages(self, method: str, request: dict[str, Any]) -> Sequence[Message] | Failure:
        """Return all pages of a list, in order."""
        answer = self._ask({"op": "pages", "method": method, "request": request})
        if "error" in answer:
            return self._failed(method, answer["error"])
        fetched = [response_of(method, page) for page in answer["pages"]]
        for page in fetched:
            self.transcript.note_message(method, page)
        return fetched

    def statuses(
        self, method: str, request: dict[str, Any], path: str
    ) -> tuple[Message, Sequence[Failure | None]] | Failure:
        """Make a call; return its response, and the client's errors for the statuses in it."""
        answer = self._ask({"op": "statuses", "method": method, "request": request, "path": path})
        if "error" in answer:
            return self._failed(method, answer["error"])
        response = response_of(method, answer["response"])
        self.transcript.note_message(method, response)
        errors = [Failure.of(each) if each else None for each in answer["errors"]]
        for error in errors:
            if error is not None:
                self.transcript.note_failure(f"{method} {path}", error)
        return response, errors

    def cancel(self, method: str, request: dict[str, Any], after_ms: int) -> Message | Failure:
        """Start a call and cancel it; return its error, or its response if that came first."""
        answer = self._ask({"op": "cancel", "method": method, "request": request, "after_ms": after_ms})
        return (
            self._failed(method, answer["error"])
            if "error" in answer
            else response_of(method, answer["response"])
        )

    def as_client(self) -> Client:
        """Return an object with the methods of the Python client."""
        return cast(Client, _Face(self, ""))

    def _ask(self, command: dict[str, Any]) -> dict[str, Any]:
        answer = self._driver.ask({**command, "client": self._client})
        if not answer.keys() & {"error", "response", "pages"}:
            raise DriverBroken(f"no answer to {command}: {answer}")
        return answer

    def _failed(self, method: str, error: dict[str, Any]) -> Failure:
        failure = Failure.of(error)
        self.transcript.note_failure(method, failure)
        return failure


class _Face:
    """Stands for the Python client: every attribute is a service or a method of that name."""

    def __init__(self, conversation: Conversation, path: str) -> None:
        self._conversation = conversation
        self._path = path

    def __getattr__(self, name: str) -> "_Face":
        return _Face(self._conversation, f"{self._path}.{name}".removeprefix("."))

    def __call__(self, request: Message, *, timeout: float | None = None, metadata: object = ()) -> Message:
        assert not metadata
        options = {} if timeout is None else {"timeout_ms": round(timeout * 1000)}
        answer = self._conversation.call(BY_ATTRIBUTE[self._path], as_json(request), **options)
        if isinstance(answer, Failure):
            raise error_of(answer)
        return answer


def error_of(failure: Failure) -> LocaldialError:
    """Return the error as the Python client would raise it."""
    status = Status(code=grpc.StatusCode[failure.code].value[0], message=failure.message)
    error = from_status(status)
    error.reason = failure.reason
    error.metadata = failure.metadata
    error.field_violations = tuple(FieldViolation(*each) for each in failure.violations)
    return error
