"""Writes down how many tasks the server has: Python imports this by itself from its PYTHONPATH."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

from localdial_server.runtime import serve
from localdial_server.runtime.storage import Background

_SECONDS = 0.1

_running = serve._running


async def _count_tasks() -> None:
    file = Path(os.environ["DRILL_TASKS_FILE"])
    while True:
        # Replaced as a whole, so that nobody reads half of it.
        new = file.with_suffix(".new")
        new.write_text(str(len(asyncio.all_tasks())), "ascii")
        new.replace(file)
        await asyncio.sleep(_SECONDS)


def _running_and_counting(background: Sequence[Background]) -> object:
    return _running([*background, _count_tasks])


serve._running = _running_and_counting  # type: ignore[assignment]
