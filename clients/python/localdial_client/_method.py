"""One RPC as an object that is called, sync and asyncio."""

# grpc's callables are generic in their type stubs only: such annotations must not be evaluated.
from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final, Generic, TypeAlias, TypeVar

import grpc
import grpc.aio
from google.protobuf.message import Message

from localdial_client._ids import with_ids
from localdial_client._revisions import Revisions
from localdial_client.errors import Cancelled, LocaldialError, from_rpc_error

# Further metadata of a call: names in lower case; the values of names that end in `-bin` are bytes.
Metadata: TypeAlias = Sequence[tuple[str, str | bytes]]

_AUTHORIZATION: Final = "authorization"

RequestT = TypeVar("RequestT", bound=Message)
ResponseT = TypeVar("ResponseT", bound=Message)


class Calling:
    """What the calls of a client have in common, sync and asyncio."""

    def __init__(self, timeout: float, key: str | None, revisions: Revisions) -> None:
        """Take the default deadline in seconds, and the key that the server asks for; raises ValueError."""
        # Zero is no way to say "none": every call would fail before it is made.
        if not timeout > 0:
            raise ValueError(f"a timeout of a client is more than 0 seconds, which {timeout} is not")
        self._timeout = timeout
        self._authorization = () if key is None else ((_AUTHORIZATION, f"Bearer {key}"),)
        self._revisions = revisions

    def deadline(self, timeout: float | None) -> float:
        """Answer the deadline of a call in seconds."""
        return self._timeout if timeout is None else timeout

    def metadata(self, own: Metadata) -> tuple[tuple[str, str | bytes], ...]:
        """Add the key to the metadata of a call, unless the call has one of its own."""
        if any(name == _AUTHORIZATION for name, _ in own):
            return tuple(own)
        return (*self._authorization, *own)

    def prepared(self, request: RequestT) -> RequestT:
        """Make the request that is sent, without changing it: with identifiers and `min_revision`."""
        return self._revisions.carry(with_ids(request))

    def answered(self, request: Message, response: Message) -> None:
        """Take note of the answer to a request, as it was sent."""
        self._revisions.answered(request, response)

    def error(self, error: grpc.RpcError, request: Message) -> LocaldialError:
        """Make the error of a request, as it was sent, and take note of it."""
        failure = from_rpc_error(error, request)
        self._revisions.failed(request, failure)
        return failure


def without_frames(error: BaseException) -> BaseException:
    """Drop the frames of gRPC from an error: they hold the call, and the call its connection.

    Who keeps an error, in a log or in a result, would keep a socket open after the client is closed.
    """
    return error.with_traceback(None)


class Method(Generic[RequestT, ResponseT]):
    """An RPC of a `Client`."""

    def __init__(self, call: grpc.UnaryUnaryMultiCallable[RequestT, ResponseT], calling: Calling) -> None:
        """Take what it has in common with others."""
        self._call = call
        self._calling = calling

    def __call__(
        self, request: RequestT, *, timeout: float | None = None, metadata: Metadata = ()
    ) -> ResponseT:
        """Make the call and wait for its answer.

        `timeout` is the deadline in seconds, over all repeats together; the client's default if None. The
        request is sent with the identifiers that `with_ids` fills in, and with the `min_revision` of what
        this client changed; it is not changed itself.

        Raises `LocaldialError`, its subclass by the status; ValueError when the client is closed.
        """
        calling = self._calling
        sent = calling.prepared(request)
        try:
            response = self._call(
                sent, timeout=calling.deadline(timeout), metadata=calling.metadata(metadata)
            )
        except grpc.RpcError as error:
            raise calling.error(error, sent) from without_frames(error)
        calling.answered(sent, response)
        return response


class AsyncMethod(Generic[RequestT, ResponseT]):
    """An RPC of an `AsyncClient`."""

    def __init__(self, call: grpc.aio.UnaryUnaryMultiCallable[RequestT, ResponseT], calling: Calling) -> None:
        """Take what it has in common with others."""
        self._call = call
        self._calling = calling

    async def __call__(
        self,
        request: RequestT,
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - it goes to the server, as the deadline of the call
        metadata: Metadata = (),
    ) -> ResponseT:
        """Make the call and await its answer.

        `timeout` is the deadline in seconds, over all repeats together; the client's default if None. The
        request is sent with the identifiers that `with_ids` fills in, and with the `min_revision` of what
        this client changed; it is not changed itself.

        Raises `LocaldialError`, its subclass by the status; `asyncio.CancelledError` when the task is
        cancelled, which cancels the call; `grpc.aio.UsageError` when the client is closed.
        """
        calling = self._calling
        sent = calling.prepared(request)
        try:
            response = await self._call(
                sent, timeout=calling.deadline(timeout), metadata=calling.metadata(metadata)
            )
        except grpc.RpcError as error:
            raise calling.error(error, sent) from without_frames(error)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            # Nobody cancelled this task: the channel was closed under the call. Left as it is, the error
            # would end the task as if it had been cancelled, in silence.
            cancelled = Cancelled("the client was closed during the call", request=sent)
            raise cancelled from without_frames(error)
        calling.answered(sent, response)
        return response
