"""A gRPC server on loopback that serves every method of the contract with prepared answers."""

import threading
from collections import deque
from collections.abc import Callable
from concurrent import futures
from dataclasses import dataclass
from typing import Any, NoReturn

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc.status_pb2 import Status

from localdial.v1 import administration_pb2, call_routing_pb2, directory_pb2, number_inventory_pb2

# How long a hanging answer lasts at most. Longer than a passing test needs.
HANG_SECONDS = 10.0

METHODS: dict[str, MethodDescriptor] = {
    f"/{service.full_name}/{method.name}": method
    for file in (administration_pb2, call_routing_pb2, directory_pb2, number_inventory_pb2)
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
}


@dataclass(frozen=True)
class Received:
    """A call as the server received it."""

    path: str
    request: Any
    metadata: dict[str, str | bytes]
    seconds_left: float


Answer = Message | Callable[[grpc.ServicerContext], Message]


def status(code: grpc.StatusCode, message: str, *details: Message) -> Status:
    """Return a status with its details, as the service sends it."""
    packed = []
    for detail in details:
        wrapped = AnyMessage()
        wrapped.Pack(detail)
        packed.append(wrapped)
    return Status(code=code.value[0], message=message, details=packed)


def fails(code: grpc.StatusCode, message: str = "told to fail", *details: Message) -> Answer:
    """Return an answer that ends the call with a status and its details, if any."""
    raw = status(code, message, *details).SerializeToString() if details else None
    return fails_raw(code, message, raw)


def fails_raw(code: grpc.StatusCode, message: str, raw_details: bytes | None) -> Answer:
    """Return an answer that ends the call with a status and these bytes as its details."""

    def answer(context: grpc.ServicerContext) -> NoReturn:
        if raw_details is not None:
            context.set_trailing_metadata((("grpc-status-details-bin", raw_details),))
        context.abort(code, message)

    return answer


class Hang:
    """An answer that never comes. `started` is set when the call arrives, `ended` when it is given up."""

    def __init__(self) -> None:
        self.started = threading.Event()
        self.ended = threading.Event()

    def __call__(self, context: grpc.ServicerContext) -> Message:
        given_up = threading.Event()
        if context.add_callback(given_up.set):
            self.started.set()
            given_up.wait(HANG_SECONDS)
        self.ended.set()
        return Status()


class FakeServer(grpc.GenericRpcHandler):
    """Records every call and gives it the next prepared answer, or an empty message if none is left."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self._answers: deque[Answer] = deque()
        self._server = grpc.server(futures.ThreadPoolExecutor(8), handlers=[self])

    def start(self, address: str = "127.0.0.1:0", credentials: grpc.ServerCredentials | None = None) -> str:
        """Start to listen and return the address to call."""
        if credentials is None:
            port = self._server.add_insecure_port(address)
        else:
            port = self._server.add_secure_port(address, credentials)
        self._server.start()
        return address.replace(":0", f":{port}")

    def stop(self) -> None:
        """Stop at once and wait until the server has stopped."""
        self._server.stop(None).wait(HANG_SECONDS)

    def answers(self, *answers: Answer) -> None:
        """Append answers for the next calls."""
        self._answers.extend(answers)

    def forget_answers(self) -> None:
        """Let the next calls return empty messages."""
        self._answers.clear()

    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> "grpc.RpcMethodHandler[Any, Any] | None":
        """Return the handler of a call. gRPC asks for it."""
        path = handler_call_details.method
        method = METHODS.get(path)
        if method is None:
            return None
        request_class, response_class = (
            GetMessageClass(method.input_type),
            GetMessageClass(method.output_type),
        )

        def handle(request: Message, context: grpc.ServicerContext) -> Message:
            metadata = dict(context.invocation_metadata())
            self.received.append(Received(path, request, metadata, context.time_remaining()))
            answer: Answer = self._answers.popleft() if self._answers else response_class()
            return answer if isinstance(answer, Message) else answer(context)

        return grpc.unary_unary_rpc_method_handler(
            handle,
            request_deserializer=request_class.FromString,
            response_serializer=lambda message: message.SerializeToString(),
        )
