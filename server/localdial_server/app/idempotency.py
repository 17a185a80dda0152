"""Requests that spend or delete: carried out once per request_id, with the first answer kept."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

from localdial_server.app.ports.store import Reader, StoredRequest, Transaction
from localdial_server.app.stored_answers import from_json, to_json
from localdial_server.domain.errors import RequestIdReused

A = TypeVar("A")


class IdempotentRequests(Generic[A]):
    """The requests of one kind, and the stored answers that repeats get.

    `answer_type` is a dataclass of plain values. `kind` distinguishes requests of different kinds
    that carry the same request_id.
    """

    def __init__(self, kind: str, answer_type: type[A]) -> None:
        self._kind = kind
        self._answer_type = answer_type
        self._running: dict[tuple[str, str], tuple[str, asyncio.Task[A]]] = {}

    async def run_once(
        self, organization_id: str, request_id: str, arguments: str, run: Callable[[], Coroutine[Any, Any, A]]
    ) -> A:
        """Run the request, or join its run in this process, and return its answer.

        The run continues if the caller gives up. Raises `RequestIdReused` if the request is running
        with other arguments.
        """
        key = organization_id, request_id
        running = self._running.get(key)
        if running is None:
            task = asyncio.create_task(run())
            self._running[key] = arguments, task
            task.add_done_callback(lambda _: self._running.pop(key, None))
        else:
            running_arguments, task = running
            if running_arguments != arguments:
                raise RequestIdReused(request_id)
        return await asyncio.shield(task)

    def start(
        self, transaction: Transaction, organization_id: str, request_id: str, arguments: str, now: int
    ) -> A | None:
        """Store the request if it is new. Return its answer; None if it is new or not answered yet.

        Raises `RequestIdReused` if it is stored with other arguments. `now` is in microseconds
        since the epoch.
        """
        stored_arguments = f"{self._kind} {arguments}"
        stored = transaction.request(organization_id, request_id)
        if stored is None:
            transaction.add_request(StoredRequest(organization_id, request_id, stored_arguments, None, now))
            return None
        if stored.arguments != stored_arguments:
            raise RequestIdReused(request_id)
        return self._read(stored)

    def answer(self, reader: Reader, organization_id: str, request_id: str) -> A | None:
        """Return the request's answer; None if it is not answered yet, or not stored."""
        stored = reader.request(organization_id, request_id)
        return self._read(stored) if stored is not None else None

    def finish(self, transaction: Transaction, organization_id: str, request_id: str, answer: A) -> None:
        """Store the answer that repeats of the stored request get from now on."""
        transaction.set_answer(organization_id, request_id, to_json(answer))

    def _read(self, stored: StoredRequest) -> A | None:
        return None if stored.answer is None else from_json(self._answer_type, stored.answer)
