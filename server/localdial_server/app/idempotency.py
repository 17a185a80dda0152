"""Calls that spend or delete: once per request_id, with the first answer kept."""

import asyncio
import functools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Generic, Self, TypeVar

from pydantic import TypeAdapter

from localdial_server.app.ports.store import Reader, StoredRequest, Transaction
from localdial_server.domain.errors import CarrierNotAvailable, Reason, RequestIdReused, ServiceError

A = TypeVar("A")

# Kept for each type, because building one takes milliseconds.
_adapter: Any = functools.cache(TypeAdapter)

# Requests of one kind that are under way in this process. Each may wait for the
# carrier; beyond that a caller had better come again.
_MOST_UNDER_WAY = 256


@dataclass(frozen=True, slots=True)
class KeptError:
    """An error's parts, as they are remembered in an answer."""

    reason: Reason
    message: str
    metadata: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, error: ServiceError) -> Self:
        """Take the parts of the error."""
        return cls(error.reason, error.message, dict(error.metadata))


class Requests(Generic[A]):
    """Keeps the answers of one kind of request.

    ``answer_type`` is a dataclass of plain values. ``kind`` tells the requests
    of one kind from those of another that carry the same request_id.
    """

    def __init__(self, kind: str, answer_type: type[A]) -> None:
        self._kind = kind
        self._answers: TypeAdapter[A] = _adapter(answer_type)
        self._running: dict[tuple[str, str], tuple[str, asyncio.Task[A]]] = {}

    async def once(
        self, organization_id: str, request_id: str, arguments: str, run: Callable[[], Awaitable[A]]
    ) -> A:
        """Await the run of this request, starting it unless it is under way.

        The run goes on when the caller gives up. Raises ``RequestIdReused``, and
        ``CarrierNotAvailable`` when too many are under way.
        """
        key = organization_id, request_id
        under_way = self._running.get(key)
        if under_way is not None and under_way[0] != arguments:
            raise RequestIdReused(request_id)
        if under_way is None:
            if len(self._running) >= _MOST_UNDER_WAY:
                raise CarrierNotAvailable
            task = asyncio.ensure_future(_as_coroutine(run()))
            self._running[key] = arguments, task
            task.add_done_callback(lambda _: self._running.pop(key, None))
        else:
            task = under_way[1]
        return await asyncio.shield(task)

    def begin(
        self, transaction: Transaction, organization_id: str, request_id: str, arguments: str, now: int
    ) -> A | None:
        """Store the request unless it is stored; answer its final answer if it has one.

        Raises ``RequestIdReused`` when it is stored with other arguments.
        """
        described = f"{self._kind} {arguments}"
        stored = transaction.request(organization_id, request_id)
        if stored is None:
            transaction.add_request(
                StoredRequest(organization_id, request_id, described, None, is_final=False, create_time=now)
            )
            return None
        if stored.arguments != described:
            raise RequestIdReused(request_id)
        return self._answers.validate_json(stored.answer) if stored.answer and stored.is_final else None

    def so_far(self, reader: Reader, organization_id: str, request_id: str) -> A | None:
        """Answer what is done of the request, be it all or not; None before anything is."""
        stored = reader.request(organization_id, request_id)
        return self._answers.validate_json(stored.answer) if stored and stored.answer else None

    def note(
        self,
        transaction: Transaction,
        organization_id: str,
        request_id: str,
        answer: A,
        *,
        is_final: bool,
    ) -> None:
        """Store what is done of the request; when final, it is what repeats are given."""
        text = self._answers.dump_json(answer).decode("utf-8")
        transaction.set_answer(organization_id, request_id, text, is_final=is_final)


async def _as_coroutine(awaitable: Awaitable[A]) -> A:
    return await awaitable
