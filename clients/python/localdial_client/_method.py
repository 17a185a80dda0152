"""An RPC as a callable object, for threads and for asyncio."""

# grpc's callables are generic only in their type stubs, so these annotations must not be evaluated.
from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Sequence
from typing import Final, Generic, TypeAlias, TypeVar

import grpc
import grpc.aio
from google.protobuf.message import Message

from localdial_client._ids import with_ids
from localdial_client._request_type import require_type
from localdial_client._retries import Attempts, Retries
from localdial_client._revisions import Revisions
from localdial_client.errors import Cancelled, DeadlineExceeded, LocaldialError, from_rpc_error

# Additional metadata of a call: names are lower case, and values of names that end in `-bin` are bytes.
Metadata: TypeAlias = Sequence[tuple[str, str | bytes]]

_AUTHORIZATION: Final = "authorization"

RequestT = TypeVar("RequestT", bound=Message)
ResponseT = TypeVar("ResponseT", bound=Message)


# How a client tells its calls that it was closed.
ClosedT = TypeVar("ClosedT", threading.Event, asyncio.Event)


class CallDefaults(Generic[ClosedT]):
    """What the calls of a client share, for threads and for asyncio."""

    def __init__(
        self, timeout: float, key: str | None, revisions: Revisions, retries: Retries, closed: ClosedT
    ) -> None:
        """Set the default deadline in seconds, and the event that is set when the client is closed.

        Raises ValueError for a bad timeout.
        """
        # Zero does not mean "no deadline": every call would fail before it is sent.
        if not timeout > 0:
            raise ValueError(f"the timeouts of a client must be more than 0 seconds, not {timeout}")
        self._timeout = timeout
        self._authorization = () if key is None else ((_AUTHORIZATION, f"Bearer {key}"),)
        self._revisions = revisions
        self._retries = retries
        self.closed: ClosedT = closed

    def attempts(self, request_type: type[Message], timeout: float | None) -> Attempts:
        """Return the attempts of a new call. Its deadline is its own `timeout`, or the default if None."""
        return self._retries.attempts(request_type, self._timeout if timeout is None else timeout)

    def metadata(self, own: Metadata) -> tuple[tuple[str, str | bytes], ...]:
        """Return the metadata of a call with the key added, unless the call has a key of its own."""
        if any(name == _AUTHORIZATION for name, _ in own):
            return tuple(own)
        return (*self._authorization, *own)

    def prepare(self, request: RequestT) -> RequestT:
        """Return the request to send, with identifiers and `min_revision`; never changes `request`."""
        return self._revisions.with_min_revision(with_ids(request))

    def learn(self, sent: Message, response: Message) -> None:
        """Learn the revisions in the response to the request `sent`."""
        self._revisions.learn(sent, response)

    def failure(self, error: grpc.RpcError, sent: Message, attempts: Attempts) -> LocaldialError:
        """Return the exception for the failed request `sent`, and forget the revisions it refutes."""
        failure = from_rpc_error(error, sent, attempts.explained)
        self._revisions.learn_failure(sent, failure)
        return failure


def late(sent: Message, attempts: Attempts) -> DeadlineExceeded:
    """Return the exception for the request `sent`, which has no time left for another attempt."""
    code = grpc.StatusCode.DEADLINE_EXCEEDED
    return DeadlineExceeded(attempts.explained(code, "the deadline has passed"), request=sent)


def closed_during(sent: Message) -> Cancelled:
    """Return the exception for the request `sent` of a client that was closed before the response."""
    return Cancelled("the client was closed during the call", request=sent)


def without_frames(error: BaseException) -> BaseException:
    """Return the error without gRPC's frames, which refer to the call and so to its connection.

    Otherwise, keeping the error, in a log or a result, would keep a socket open after the client is closed.
    """
    return error.with_traceback(None)


class Method(Generic[RequestT, ResponseT]):
    """An RPC of a `Client`."""

    def __init__(
        self,
        call: grpc.UnaryUnaryMultiCallable[RequestT, ResponseT],
        request_type: type[RequestT],
        defaults: CallDefaults[threading.Event],
    ) -> None:
        """Wrap `call`, the method of the generated stub, which takes requests of `request_type`."""
        self._call = call
        self._request_type = request_type
        self._defaults = defaults

    def __call__(
        self, request: RequestT, *, timeout: float | None = None, metadata: Metadata = ()
    ) -> ResponseT:
        """Make the call and return its response.

        `timeout` is the deadline in seconds, including all retries; None means the client's default. The
        request is sent with the identifiers that `with_ids` fills in and with a `min_revision` that covers
        the client's own changes; `request` itself is not changed. `metadata` is sent with the call.

        Raises the subclass of `LocaldialError` for the status, TypeError for a request of another type, and
        ValueError if the client is closed.
        """
        require_type(request, self._request_type)
        defaults = self._defaults
        sent = defaults.prepare(request)
        all_metadata = defaults.metadata(metadata)
        attempts = defaults.attempts(self._request_type, timeout)
        failed: BaseException | None = None
        while True:
            left = attempts.begin()
            if left <= 0:
                raise late(sent, attempts) from failed
            try:
                response = self._call(sent, timeout=left, metadata=all_metadata)
            except grpc.RpcError as error:
                failed = without_frames(error)
                pause = attempts.pause_after(error)
                if pause is None:
                    raise defaults.failure(error, sent, attempts) from failed
                if defaults.closed.wait(pause):
                    raise closed_during(sent) from failed
            else:
                attempts.succeeded()
                defaults.learn(sent, response)
                return response


class AsyncMethod(Generic[RequestT, ResponseT]):
    """An RPC of an `AsyncClient`."""

    def __init__(
        self,
        call: grpc.aio.UnaryUnaryMultiCallable[RequestT, ResponseT],
        request_type: type[RequestT],
        defaults: CallDefaults[asyncio.Event],
    ) -> None:
        """Wrap `call`, the method of the generated stub, which takes requests of `request_type`."""
        self._call = call
        self._request_type = request_type
        self._defaults = defaults

    async def __call__(
        self,
        request: RequestT,
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - sent to the server as the deadline of the call
        metadata: Metadata = (),
    ) -> ResponseT:
        """Make the call and return its response.

        `timeout` is the deadline in seconds, including all retries; None means the client's default. The
        request is sent with the identifiers that `with_ids` fills in and with a `min_revision` that covers
        the client's own changes; `request` itself is not changed. `metadata` is sent with the call.

        Raises the subclass of `LocaldialError` for the status; TypeError for a request of another type;
        `asyncio.CancelledError` if the task is cancelled, which cancels the call; and
        `grpc.aio.UsageError` if the client is closed.
        """
        require_type(request, self._request_type)
        defaults = self._defaults
        sent = defaults.prepare(request)
        all_metadata = defaults.metadata(metadata)
        attempts = defaults.attempts(self._request_type, timeout)
        failed: BaseException | None = None
        while True:
            left = attempts.begin()
            if left <= 0:
                raise late(sent, attempts) from failed
            try:
                response = await self._call(sent, timeout=left, metadata=all_metadata)
            except grpc.RpcError as error:
                failed = without_frames(error)
                pause = attempts.pause_after(error)
                if pause is None:
                    raise defaults.failure(error, sent, attempts) from failed
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(defaults.closed.wait(), pause)
                if defaults.closed.is_set():
                    raise closed_during(sent) from failed
            except asyncio.CancelledError as error:
                task = asyncio.current_task()
                if task is not None and task.cancelling():
                    raise
                # This task was not cancelled; closing the channel cancelled the call. Raising CancelledError
                # would end the task silently, as if it had been cancelled.
                raise closed_during(sent) from without_frames(error)
            else:
                attempts.succeeded()
                defaults.learn(sent, response)
                return response
