"""Makes one call through a driver, like a user who has just installed the client."""

import time
from pathlib import Path
from typing import Any

from tests.interop.driver import Driver, Failure

KEY = "k3y-of-acme"
METHOD = "localdial.v1.Directory/GetUser"
REQUEST = {"organization_id": "acme", "user_id": "ann"}

# A client that cannot reach its server retries for about two seconds, longer on a busy machine.
GIVEN_UP_SECONDS = 10.0


class ClientUser:
    """A driver's client that is created anew for each call."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver

    def connect(self, *addresses: str, **options: object) -> dict[str, Any]:
        """Create a client, without the options that are None."""
        arguments = {
            name: str(value) if isinstance(value, Path) else value
            for name, value in options.items()
            if value is not None
        }
        return self.driver.ask({"op": "connect", "client": "bad", "addresses": list(addresses), **arguments})

    def call(self, **options: object) -> dict[str, Any]:
        return self.driver.ask(
            {"op": "call", "client": "bad", "method": METHOD, "request": REQUEST, **options}
        )

    def close(self) -> None:
        assert self.driver.ask({"op": "close", "client": "bad"}) == {"ok": True}

    def answered(self, *addresses: str, **options: object) -> None:
        """Connect and call, and check that the call is answered."""
        assert self.connect(*addresses, **options) == {"ok": True}
        answer = self.call()
        self.close()
        assert "response" in answer, answer

    def failed(self, *addresses: str, timeout_ms: int | None = None, **options: object) -> Failure:
        """Connect and call; check that it fails in time, and return the error."""
        assert self.connect(*addresses, **options) == {"ok": True}
        begun = time.monotonic()
        answer = self.call(**({} if timeout_ms is None else {"timeout_ms": timeout_ms}))
        took = time.monotonic() - begun
        self.close()
        assert "error" in answer, answer
        assert took < GIVEN_UP_SECONDS
        failure = Failure.of(answer["error"])
        assert failure.message, failure
        assert KEY not in str(answer)
        return failure

    def refused(self, *addresses: str, **options: object) -> str:
        """Check that the options are refused, and return the message."""
        answer = self.connect(*addresses, **options)
        assert "error" in answer, answer
        assert answer["error"]["code"] == "INVALID_ARGUMENT"
        assert KEY not in str(answer)
        return str(answer["error"]["message"])

    def sockets(self, at_most: int | None = None) -> int:
        """Return the number of the driver's sockets once it is stable, or no more than `at_most`."""
        deadline = time.monotonic() + GIVEN_UP_SECONDS
        count = self.driver.sockets()
        while time.monotonic() < deadline:
            time.sleep(0.2)
            before, count = count, self.driver.sockets()
            if count <= at_most if at_most is not None else count == before:
                break
        return count
