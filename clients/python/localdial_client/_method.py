"""One RPC as an object that is called, sync and asyncio."""

# grpc's callables are generic in their type stubs only: such annotations must not be evaluated.
from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Generic, TypeAlias, TypeVar

import grpc
import grpc.aio
from google.protobuf.message import Message

from localdial_client._ids import with_ids
from localdial_client.errors import Cancelled, from_rpc_error

# Further metadata of a call: names in lower case; the values of names that end in `-bin` are bytes.
Metadata: TypeAlias = Sequence[tuple[str, str | bytes]]

RequestT = TypeVar("RequestT", bound=Message)
ResponseT = TypeVar("ResponseT", bound=Message)


class Method(Generic[RequestT, ResponseT]):
    """An RPC of a `Client`."""

    def __init__(self, call: grpc.UnaryUnaryMultiCallable[RequestT, ResponseT], timeout: float) -> None:
        """Take the default deadline of a call, in seconds."""
        self._call = call
        self._timeout = timeout

    def __call__(
        self, request: RequestT, *, timeout: float | None = None, metadata: Metadata = ()
    ) -> ResponseT:
        """Make the call and wait for its answer.

        `timeout` is the deadline in seconds, over all repeats together; the client's default if None. The
        request is sent with the identifiers that `with_ids` fills in, and is not changed.

        Raises `LocaldialError`, its subclass by the status; ValueError when the client is closed.
        """
        sent = with_ids(request)
        deadline = self._timeout if timeout is None else timeout
        try:
            return self._call(sent, timeout=deadline, metadata=tuple(metadata))
        except grpc.RpcError as error:
            raise from_rpc_error(error, sent) from error


class AsyncMethod(Generic[RequestT, ResponseT]):
    """An RPC of an `AsyncClient`."""

    def __init__(self, call: grpc.aio.UnaryUnaryMultiCallable[RequestT, ResponseT], timeout: float) -> None:
        """Take the default deadline of a call, in seconds."""
        self._call = call
        self._timeout = timeout

    async def __call__(
        self,
        request: RequestT,
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - it goes to the server, as the deadline of the call
        metadata: Metadata = (),
    ) -> ResponseT:
        """Make the call and await its answer.

        `timeout` is the deadline in seconds, over all repeats together; the client's default if None. The
        request is sent with the identifiers that `with_ids` fills in, and is not changed.

        Raises `LocaldialError`, its subclass by the status; `asyncio.CancelledError` when the task is
        cancelled, which cancels the call; `grpc.aio.UsageError` when the client is closed.
        """
        sent = with_ids(request)
        deadline = self._timeout if timeout is None else timeout
        try:
            return await self._call(sent, timeout=deadline, metadata=tuple(metadata))
        except grpc.RpcError as error:
            raise from_rpc_error(error, sent) from error
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            # Nobody cancelled this task: the channel was closed under the call. Left as it is, the error
            # would end the task as if it had been cancelled, in silence.
            raise Cancelled("the client was closed during the call", request=sent) from error
