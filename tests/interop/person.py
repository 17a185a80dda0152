"""Asks one thing through a driver, as somebody who has just installed the client."""

import time
from pathlib import Path
from typing import Any

from tests.interop.driver import Driver, Failure

KEY = "k3y-of-acme"
METHOD = "localdial.v1.Directory/GetUser"
REQUEST = {"organization_id": "acme", "user_id": "ann"}

# A client that cannot reach its server tries again for about two seconds, machine willing.
GIVEN_UP_SECONDS = 10.0


class Person:
    """A driver's client, made anew for each question."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver

    def connect(self, *addresses: str, **options: object) -> dict[str, Any]:
        """Make a client; an option that is None is left out."""
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
        """Connect and call; it is answered."""
        assert self.connect(*addresses, **options) == {"ok": True}
        answer = self.call()
        self.close()
        assert "response" in answer, answer

    def failed(self, *addresses: str, timeout_ms: int | None = None, **options: object) -> Failure:
        """Connect and call; the error, which comes in time."""
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
        """Connect in vain; what is said."""
        answer = self.connect(*addresses, **options)
        assert "error" in answer, answer
        assert answer["error"]["code"] == "INVALID_ARGUMENT"
        assert KEY not in str(answer)
        return str(answer["error"]["message"])

    def sockets(self, at_most: int | None = None) -> int:
        """Count the driver's sockets once their number stays the same, or is as small as it shall be."""
        deadline = time.monotonic() + GIVEN_UP_SECONDS
        count = self.driver.sockets()
        while time.monotonic() < deadline:
            time.sleep(0.2)
            before, count = count, self.driver.sockets()
            if count <= at_most if at_most is not None else count == before:
                break
        return count
