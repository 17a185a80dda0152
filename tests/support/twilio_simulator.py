"""The Twilio simulator, served from a thread of the test's own process."""

import contextlib
from collections.abc import Callable, Iterator

from starlette.types import ASGIApp

from localdial_server.carriers.twilio_simulator.application import application, listen, served
from localdial_server.carriers.twilio_simulator.http_faults import FaultInjector
from localdial_server.carriers.twilio_simulator.ledger import Ledger


@contextlib.contextmanager
def simulator_served(
    ledger: Ledger, faults: FaultInjector, wrap: Callable[[ASGIApp], ASGIApp] = lambda app: app
) -> Iterator[str]:
    """Serve on any loopback port; yield the base URL. `wrap` puts middleware around the application."""
    with listen("127.0.0.1", 0) as listening, served(wrap(application(ledger, faults)), [listening]):
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
