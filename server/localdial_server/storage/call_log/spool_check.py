"""The question whether calls wait in a spool, asked off the event loop."""

import contextlib
from typing import Final

from localdial_server.concurrency.thread_pool import NoThread, Overdue, ThreadPool
from localdial_server.domain.errors import StorageUnavailable
from localdial_server.storage.call_log.spool_folder import SpoolFolder


class SpoolCheck:
    """Looks into the spool folder, in a thread of its own. A look takes at most `timeout` seconds."""

    def __init__(self, folder: SpoolFolder, timeout: float) -> None:
        self._folder: Final = folder
        self._timeout: Final = timeout
        self._threads: ThreadPool[None] = ThreadPool("spool-check", 1, contextlib.nullcontext)

    async def is_empty(self) -> bool:
        """Return whether no call waits in any process's spool. Raises `StorageUnavailable`."""
        try:
            return await self._threads.run(
                lambda _: self._folder.is_empty(), turn_seconds=self._timeout, run_seconds=self._timeout
            )
        except (NoThread, Overdue):
            raise StorageUnavailable from None

    def close(self) -> None:
        """Let the thread end."""
        self._threads.close()
