"""A gRPC server that gives each call a prepared answer, and records the calls."""

import time
from collections.abc import Sequence
from typing import Any, Self

import grpc
from google.protobuf.duration_pb2 import Duration
from google.protobuf.json_format import ParseDict
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo

from tests.interop.contract import METHODS
from tests.interop.schema import Answered
from tests.support.fake_server import Answer, FakeServer, Hang, Received, status


class ScriptedServer(FakeServer):
    """A context manager that serves inside the context, on loopback."""

    address = ""

    def __init__(self, credentials: grpc.ServerCredentials | None = None) -> None:
        """With `credentials` the server uses TLS."""
        super().__init__()
        self._credentials = credentials

    def __enter__(self) -> Self:
        self.address = self.start(credentials=self._credentials)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def begin(self, answers: Sequence[Answer]) -> None:
        """Forget the recorded calls, and prepare the next answers."""
        self.forget_answers()
        self.received.clear()
        self.answers(*answers)

    def seen(self) -> Sequence[Received]:
        """Return the calls that arrived since the last script began."""
        return list(self.received)


class Gatekeeper(ScriptedServer):
    """A server that requires the key."""

    def __init__(self, key: str, credentials: grpc.ServerCredentials) -> None:
        super().__init__(credentials)
        self._key = key

    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> "grpc.RpcMethodHandler[Any, Any] | None":
        metadata = handler_call_details.invocation_metadata
        sent = [value for name, value in metadata if name == "authorization"]
        if sent == [f"Bearer {self._key}"]:
            return super().service(handler_call_details)

        def turn_away(_: bytes, context: grpc.ServicerContext) -> bytes:
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "the key is not known")

        return grpc.unary_unary_rpc_method_handler(turn_away)


def script_of(method: str, told: Answered) -> Answer:
    """Return the answer of a scene to a call of the method."""
    if told.never:
        return Hang()
    response = GetMessageClass(METHODS[method].output_type)()
    if told.response is not None:
        ParseDict(told.response, response)

    def answer(context: grpc.ServicerContext) -> Message:
        time.sleep(told.after_ms / 1000)
        if told.code is not None:
            context.set_trailing_metadata(_trailers(told))
            context.abort(grpc.StatusCode[told.code], told.message)
        return response

    return answer


def _trailers(told: Answered) -> tuple[tuple[str, str | bytes], ...]:
    assert told.code is not None
    details: list[Message] = []
    if told.reason is not None:
        details.append(ErrorInfo(domain="localdial", reason=told.reason, metadata=told.metadata))
    if told.violations:
        violations = [BadRequest.FieldViolation(**each.model_dump()) for each in told.violations]
        details.append(BadRequest(field_violations=violations))
    if told.retry_delay_ms is not None:
        delay = Duration()
        delay.FromMilliseconds(told.retry_delay_ms)
        details.append(RetryInfo(retry_delay=delay))
    trailers: list[tuple[str, str | bytes]] = []
    if details:
        raw = status(grpc.StatusCode[told.code], told.message, *details).SerializeToString()
        trailers.append(("grpc-status-details-bin", raw))
    if told.pushback_ms is not None:
        trailers.append(("grpc-retry-pushback-ms", str(told.pushback_ms)))
    return tuple(trailers)
