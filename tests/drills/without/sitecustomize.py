"""Removes protections from the server: Python imports this by itself from its PYTHONPATH.

`DRILL_WITHOUT_HINTS=1` leaves polling alone; `DRILL_WITHOUT_CHECK=1` ignores `min_revision`.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace

from localdial_server.app.call_routing import CallRouting, Leg, ResolvedCallerId
from localdial_server.domain.errors import ServiceError
from localdial_server.storage.snapshots.notify import ChangeHints

_resolve_batch = CallRouting.resolve_batch


async def _resolve_batch_unchecked(
    self: CallRouting, legs: Sequence[Leg]
) -> Sequence[ResolvedCallerId | ServiceError]:
    return await _resolve_batch(self, [replace(leg, min_revision=0) for leg in legs])


async def _listen_to_nothing(self: ChangeHints, on_change: Callable[[str, int], None]) -> None:
    """Return at once: every hint of another process is lost."""


if "DRILL_WITHOUT_CHECK" in os.environ:
    CallRouting.resolve_batch = _resolve_batch_unchecked  # type: ignore[method-assign]
if "DRILL_WITHOUT_HINTS" in os.environ:
    ChangeHints.listen = _listen_to_nothing  # type: ignore[method-assign]
