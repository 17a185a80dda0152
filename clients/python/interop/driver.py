"""Drive the Python client for the interop suite: read commands as lines of JSON and answer each with a line.

`tests/interop/README.md` documents the commands. With `--asyncio`, calls go through `AsyncClient`, otherwise
through `Client`.
"""

import asyncio
import base64
import json
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.json_format import ParseDict
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from localdial.v1 import administration_pb2, call_routing_pb2, directory_pb2, number_inventory_pb2
from localdial_client import AsyncClient, Client, LocaldialError, async_pages, from_status, pages

Command = dict[str, Any]
Answer = dict[str, Any]

METHODS: dict[str, MethodDescriptor] = {
    f"{service.full_name}/{method.name}": method
    for file in (administration_pb2, call_routing_pb2, directory_pb2, number_inventory_pb2)
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
}


class Connections:
    """The open clients, and an event loop for those that need one."""

    def __init__(self, *, use_asyncio: bool) -> None:
        self.use_asyncio = use_asyncio
        self.runner = asyncio.Runner()
        self.clients: dict[str, Client | AsyncClient] = {}
        self.arguments: dict[str, tuple[list[str], dict[str, Any]]] = {}

    def open(self, name: str, addresses: list[str], options: dict[str, Any]) -> None:
        """Make a client, and close an earlier one of that name."""
        self.close(name)
        self.arguments[name] = addresses, options
        self.clients[name] = (
            self.runner.run(async_client(addresses, options))
            if self.use_asyncio
            else Client(addresses[0] if len(addresses) == 1 else addresses, **options)
        )

    def close(self, name: str) -> None:
        """Close the client, if there is one."""
        match self.clients.pop(name, None):
            case AsyncClient() as client:
                self.runner.run(client.close())
            case Client() as client:
                client.close()

    def call(self, command: Command, request: Message) -> Message:
        """Make the call of the command and return its response."""
        client = self.clients[command["client"]]
        method = method_of(client, command["method"])
        timeout = command["timeout_ms"] / 1000 if "timeout_ms" in command else None
        if isinstance(client, AsyncClient):
            return self.runner.run(awaited(method(request, timeout=timeout)))
        answer: Message = method(request, timeout=timeout)
        return answer


async def async_client(addresses: list[str], options: dict[str, Any]) -> AsyncClient:
    """Return a client that belongs to the running event loop."""
    return AsyncClient(addresses[0] if len(addresses) == 1 else addresses, **options)


async def awaited(call: Awaitable[Message]) -> Message:
    """Return the result of a call, as a coroutine."""
    return await call


def method_of(client: Client | AsyncClient, name: str) -> Any:
    """Return the client's method for `localdial.v1.Service/Method`."""
    service, _, method = name.rpartition(".")[2].partition("/")
    return getattr(getattr(client, snake_case(service)), snake_case(method))


def snake_case(name: str) -> str:
    """Return the name in snake case: `batch_set_users` for `BatchSetUsers`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def request_of(command: Command) -> Message:
    """Return the request of a command."""
    request_class = GetMessageClass(METHODS[command["method"]].input_type)
    return ParseDict(command.get("request", {}), request_class())


def encoded(message: Message) -> str:
    """Return a message in the encoding of the protocol."""
    return base64.b64encode(message.SerializeToString(deterministic=True)).decode("ascii")


def error_object(error: LocaldialError) -> Answer:
    """Return an error in the encoding of the protocol."""
    return {
        "type": type(error).__name__,
        "code": error.code.name,
        "reason": error.reason,
        "message": error.message,
        "metadata": error.metadata,
        "violations": [each._asdict() for each in error.field_violations],
        "retry_delay_ms": None if error.retry_delay is None else error.retry_delay * 1000,
    }


def connect(connections: Connections, command: Command) -> Answer:
    """Make a client."""
    options: dict[str, Any] = {
        name: command[name] for name in ("key", "tls", "read_your_writes") if name in command
    }
    for name in ("root_certificate", "client_certificate", "client_key"):
        if name in command:
            options[name] = Path(command[name]).read_bytes()
    for name in ("timeout", "carrier_timeout"):
        if f"{name}_ms" in command:
            options[name] = command[f"{name}_ms"] / 1000
    try:
        connections.open(command["client"], command["addresses"], options)
    except (ValueError, OSError) as error:
        return {"error": {"type": type(error).__name__, "code": "INVALID_ARGUMENT", "message": str(error)}}
    return {"ok": True}


def close(connections: Connections, command: Command) -> Answer:
    """Close a client."""
    connections.close(command["client"])
    return {"ok": True}


def call(connections: Connections, command: Command) -> Answer:
    """Make one call."""
    return {"response": encoded(connections.call(command, request_of(command)))}


def list_pages(connections: Connections, command: Command) -> Answer:
    """Return all pages of a list."""
    client = connections.clients[command["client"]]
    method, request = method_of(client, command["method"]), request_of(command)

    async def all_pages() -> list[Message]:
        return [page async for page in async_pages(method, request)]

    fetched: list[Message] = (
        connections.runner.run(all_pages())
        if isinstance(client, AsyncClient)
        else list(pages(method, request))
    )
    return {"pages": [encoded(page) for page in fetched]}


def statuses(connections: Connections, command: Command) -> Answer:
    """Make one call and return the errors of the statuses in its response."""
    response: Any = connections.call(command, request_of(command))
    items = getattr(response, command["path"])
    errors = [error_object(from_status(item.status)) if item.HasField("status") else None for item in items]
    return {"response": encoded(response), "errors": errors}


def cancel(connections: Connections, command: Command) -> Answer:
    """Start a call and cancel it, with asyncio, because only that can cancel a call in Python."""
    addresses, options = connections.arguments[command["client"]]

    async def begin_and_cancel() -> Answer:
        async with await async_client(addresses, options) as client:
            begun = asyncio.ensure_future(method_of(client, command["method"])(request_of(command)))
            await asyncio.wait([begun], timeout=command["after_ms"] / 1000)
            begun.cancel()
            try:
                return {"response": encoded(await begun)}
            except asyncio.CancelledError as error:
                return {"error": {"type": type(error).__name__, "code": "CANCELLED", "message": "cancelled"}}

    return connections.runner.run(begin_and_cancel())


class Tally:
    """Count calls and errors over threads or tasks."""

    def __init__(self) -> None:
        self.calls = 0
        self.errors = Counter[str]()
        self.samples: list[Answer] = []
        self._lock = threading.Lock()

    @contextmanager
    def one(self) -> Iterator[None]:
        """Count the call inside."""
        error: LocaldialError | None = None
        try:
            yield
        except LocaldialError as raised:
            error = raised
        with self._lock:
            self.calls += 1
            if error is not None:
                self.errors[error.code.name] += 1
                self.samples = [*self.samples, error_object(error)][:5]


def load(connections: Connections, command: Command) -> Answer:
    """Make calls in a loop, several at a time, and count the errors."""
    client = connections.clients[command["client"]]
    method, request = method_of(client, command["method"]), request_of(command)
    until, tally = time.monotonic() + command["seconds"], Tally()
    workers = range(command["concurrency"])

    def in_thread(_: int) -> None:
        while time.monotonic() < until:
            with tally.one():
                method(request)

    async def in_task(_: int) -> None:
        while time.monotonic() < until:
            with tally.one():
                await method(request)

    async def in_tasks() -> None:
        await asyncio.gather(*map(in_task, workers))

    if isinstance(client, AsyncClient):
        connections.runner.run(in_tasks())
    else:
        with ThreadPoolExecutor(len(workers)) as threads:
            list(threads.map(in_thread, workers))
    return {"calls": tally.calls, "errors": dict(tally.errors), "samples": tally.samples}


def methods(connections: Connections, command: Command) -> Answer:
    """Return the RPCs that the client has a method for."""
    client = connections.clients[command["client"]]
    found = []
    for name in METHODS:
        try:
            method_of(client, name)
        except AttributeError:
            continue
        found.append(name)
    return {"methods": found}


OPERATIONS: dict[str, Callable[[Connections, Command], Answer]] = {
    "connect": connect,
    "close": close,
    "call": call,
    "pages": list_pages,
    "statuses": statuses,
    "cancel": cancel,
    "load": load,
    "methods": methods,
}


def main() -> None:
    """Respond to each line of the input with a line of output."""
    connections = Connections(use_asyncio="--asyncio" in sys.argv[1:])
    with connections.runner:
        for line in sys.stdin:
            command = json.loads(line)
            operation = OPERATIONS.get(command["op"])
            if operation is None:
                answer: Answer = {"unsupported": command["op"]}
            else:
                try:
                    answer = operation(connections, command)
                except LocaldialError as error:
                    answer = {"error": error_object(error)}
            print(json.dumps(answer), flush=True)
        for name in list(connections.clients):
            connections.close(name)


if __name__ == "__main__":
    main()
