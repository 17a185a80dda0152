"""Count the server's asyncio tasks in a file. Python imports this module from PYTHONPATH at startup."""

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
        # Replace the file atomically, so that the drill never reads half of it.
        new = file.with_suffix(".new")
        new.write_text(str(len(asyncio.all_tasks())), "ascii")
        new.replace(file)
        await asyncio.sleep(_SECONDS)


def _running_and_counting(background: Sequence[Background]) -> object:
    return _running([*background, _count_tasks])


serve._running = _running_and_counting  # type: ignore[assignment]  # patched
