"""Drives the Python client for the interop suite: commands as lines of JSON, an answer to each.

What the commands are is written down in `tests/interop/README.md`. With `--asyncio` the calls go through
`AsyncClient`, otherwise through `Client`.
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

from localdial.v1 import call_routing_pb2, directory_pb2, number_inventory_pb2
from localdial_client import AsyncClient, Client, LocaldialError, async_pages, from_status, pages

Command = dict[str, Any]
Answer = dict[str, Any]

METHODS: dict[str, MethodDescriptor] = {
    f"{service.full_name}/{method.name}": method
    for file in (call_routing_pb2, directory_pb2, number_inventory_pb2)
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
}


class Connections:
    """The clients that are open, and a loop for those that need one."""

    def __init__(self, *, use_asyncio: bool) -> None:
        self.use_asyncio = use_asyncio
        self.runner = asyncio.Runner()
        self.clients: dict[str, Client | AsyncClient] = {}
        self.arguments: dict[str, tuple[list[str], dict[str, Any]]] = {}

    def open(self, name: str, addresses: list[str], options: dict[str, Any]) -> None:
        """Make a client; one of that name before it is closed."""
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
        """Make one call, as the command says."""
        client = self.clients[command["client"]]
        method = method_of(client, command["method"])
        timeout = command["timeout_ms"] / 1000 if "timeout_ms" in command else None
        if isinstance(client, AsyncClient):
            return self.runner.run(awaited(method(request, timeout=timeout)))
        answer: Message = method(request, timeout=timeout)
        return answer


async def async_client(addresses: list[str], options: dict[str, Any]) -> AsyncClient:
    """Make a client in the loop that runs."""
    return AsyncClient(addresses[0] if len(addresses) == 1 else addresses, **options)


async def awaited(call: Awaitable[Message]) -> Message:
    """Await a call, as a coroutine."""
    return await call


def method_of(client: Client | AsyncClient, name: str) -> Any:
    """Find the client's method for `localdial.v1.Service/Method`."""
    service, _, method = name.rpartition(".")[2].partition("/")
    return getattr(getattr(client, snake_case(service)), snake_case(method))


def snake_case(name: str) -> str:
    """Write `BatchSetUsers` as `batch_set_users`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def request_of(command: Command) -> Message:
    """Make the request of a command."""
    request_class = GetMessageClass(METHODS[command["method"]].input_type)
    return ParseDict(command.get("request", {}), request_class())


def encoded(message: Message) -> str:
    """Write a message as the protocol does."""
    return base64.b64encode(message.SerializeToString(deterministic=True)).decode("ascii")


def error_object(error: LocaldialError) -> Answer:
    """Write an error as the protocol does."""
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
    """Fetch all pages of a list."""
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
    """Make one call, and errors of the statuses in its answer."""
    response: Any = connections.call(command, request_of(command))
    items = getattr(response, command["path"])
    errors = [error_object(from_status(item.status)) if item.HasField("status") else None for item in items]
    return {"response": encoded(response), "errors": errors}


def cancel(connections: Connections, command: Command) -> Answer:
    """Begin a call and cancel it: with asyncio, which is how Python cancels a call."""
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
    """Counts calls, and what went wrong, over threads or tasks."""

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
    """Call in a loop, several at a time, and count what goes wrong."""
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
    """Answer which RPCs the client has a method for."""
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
    """Answer each line of the input with a line of the output."""
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
