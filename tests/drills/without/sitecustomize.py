"""Remove protections from the server. Python imports this module from PYTHONPATH at startup.

With `DRILL_WITHOUT_HINTS=1` the server only polls; with `DRILL_WITHOUT_CHECK=1` it ignores `min_revision`.
"""

import os
from collections.abc import Callable
from dataclasses import replace

from localdial_server.app.outbound_calls import Leg, OutboundCalls
from localdial_server.app.ports.call_log import RecordedCall
from localdial_server.storage.snapshots.notify import RevisionNotifications

_resolve = OutboundCalls.resolve


async def _resolve_unchecked(self: OutboundCalls, leg: Leg) -> RecordedCall:
    return await _resolve(self, replace(leg, min_revision=0))


async def _listen_to_nothing(self: RevisionNotifications, on_change: Callable[[str, int], None]) -> None:
    """Return at once, so that notifications of other processes are lost."""


if "DRILL_WITHOUT_CHECK" in os.environ:
    OutboundCalls.resolve = _resolve_unchecked  # type: ignore[method-assign]  # patched
if "DRILL_WITHOUT_HINTS" in os.environ:
    RevisionNotifications.listen = _listen_to_nothing  # type: ignore[method-assign]  # patched
