"""How a server process stops, so that no call is cut off."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from localdial_server.rpc.handlers import RpcHandlers
from localdial_server.rpc.health import HealthServicer
from localdial_server.runtime.front import Front

if TYPE_CHECKING:
    from localdial_server.settings.settings import Settings

# How long the last calls wait for the other workers on the port to close theirs, in seconds. Their clients
# would connect to one of those while it closes.
_OTHER_WORKERS_SECONDS: Final = 0.2

# How long the responses of changes that were cut off may take, in seconds.
_LAST_RESPONSES_SECONDS: Final = 1.0


async def stop_gracefully(
    front: Front,
    rpc: RpcHandlers,
    health: HealthServicer,
    stop_others: Callable[[], Awaitable[None]],
    settings: "Settings",
) -> None:
    """Finish the calls in flight, refuse new ones, and close all connections.

    Calls that a connection brings while it closes end with CANCELLED, which most clients do not retry. So
    clients are first told, with their next call, to go elsewhere.
    """
    await health.enter_graceful_shutdown()
    # The webhook's requests under way make calls to this server. Clients over HTTP do not repeat a call that
    # is refused, so theirs are served for as long as they come.
    await stop_others()
    await rpc.life_cycle.refuse_for(settings.lame_duck_seconds)
    # Each connection closes when its last call has ended.
    closing = asyncio.create_task(front.stop(settings.drain_seconds + _LAST_RESPONSES_SECONDS))
    await asyncio.sleep(_OTHER_WORKERS_SECONDS)
    rpc.life_cycle.connections_are_closing()
    health.end_watches()
    await rpc.drain(settings.drain_seconds)
    await closing
