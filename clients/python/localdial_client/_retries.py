"""Retry calls by the rules of gRPC (proposal A6).

gRPC for Python can do that itself, but then tells neither why the attempts of a call failed nor how many
there were.
"""

from __future__ import annotations

import json
import pkgutil
import random
import re
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple, cast

import grpc
from google.protobuf.message import Message

from localdial.v1 import administration_pb2, call_routing_pb2, directory_pb2, number_inventory_pb2
from localdial_client.errors import overload_of

_PUSHBACK: Final = "grpc-retry-pushback-ms"
_JITTER: Final = 0.2


class RetryPolicy(NamedTuple):
    """How the calls of a method are retried. Times are in seconds."""

    max_attempts: int
    initial_backoff: float
    max_backoff: float
    multiplier: float
    codes: frozenset[grpc.StatusCode]


def _policies(config: Mapping[str, Any]) -> Iterator[tuple[str, RetryPolicy]]:
    """Yield the name of each request type, and the policy of its method."""
    services = {
        service.full_name: service
        for file in (administration_pb2, call_routing_pb2, directory_pb2, number_inventory_pb2)
        for service in file.DESCRIPTOR.services_by_name.values()
    }
    for group in config["methodConfig"]:
        told = group["retryPolicy"]
        policy = RetryPolicy(
            told["maxAttempts"],
            float(told["initialBackoff"].removesuffix("s")),
            float(told["maxBackoff"].removesuffix("s")),
            told["backoffMultiplier"],
            frozenset(grpc.StatusCode[code] for code in told["retryableStatusCodes"]),
        )
        for name in group["name"]:
            method = services[name["service"]].methods_by_name[name["method"]]
            yield method.input_type.full_name, policy


# Generated from the contract; the clients in all languages have the same one.
_CONFIG: Final = json.loads(pkgutil.get_data(__package__, "service_config.json") or b"")
_POLICY_OF: Final = dict(_policies(_CONFIG))

# The policy of a method that is not safe to repeat. A server that is overloaded did nothing, so then any is.
_ONLY_OVERLOAD: Final = next(iter(_POLICY_OF.values()))._replace(codes=frozenset())


class Retries:
    """The retries of one client. Thread-safe.

    They stop while more calls fail than succeed, so that they do not keep a service down: a failure takes a
    token, a success returns one, and nothing is retried unless more than half of the tokens are left.
    """

    def __init__(self, addresses: str, *, enabled: bool = True) -> None:
        """`addresses` are those of the servers, for messages. Unless `enabled`, nothing is retried."""
        self.addresses = addresses
        self._enabled = enabled
        self._max_tokens = float(_CONFIG["retryThrottling"]["maxTokens"])
        self._token_ratio = float(_CONFIG["retryThrottling"]["tokenRatio"])
        self._tokens = self._max_tokens
        self._lock = threading.Lock()

    def attempts(self, request_type: type[Message], timeout: float) -> Attempts:
        """Return the attempts of a new call, which has `timeout` seconds."""
        name = request_type.DESCRIPTOR.full_name
        policy = _POLICY_OF.get(name, _ONLY_OVERLOAD) if self._enabled else None
        return Attempts(self, policy, timeout)

    def succeeded(self) -> None:
        """Add a token."""
        # Usually none was taken, and the lock is not needed.
        if self._tokens == self._max_tokens:
            return
        with self._lock:
            self._tokens = min(self._max_tokens, self._tokens + self._token_ratio)

    def failed(self) -> bool:
        """Remove a token; return whether the call may be retried."""
        with self._lock:
            self._tokens = max(0.0, self._tokens - 1)
            return self._tokens > self._max_tokens / 2


class Attempts:
    """The attempts of one call."""

    def __init__(self, retries: Retries, policy: RetryPolicy | None, timeout: float) -> None:
        """Begin the call, which has `timeout` seconds. It is not retried if `policy` is None."""
        self._retries = retries
        self._policy = policy
        self._timeout = timeout
        self._deadline = time.monotonic() + timeout
        self._backoff = 0.0 if policy is None else policy.initial_backoff
        self._count = 0
        self._last_failure = ""

    def begin(self) -> float:
        """Return how many seconds a new attempt has. If it has none, it must not be made."""
        left = self._deadline - time.monotonic() if self._count else self._timeout
        self._count += left > 0
        return left

    def succeeded(self) -> None:
        """Record that the call succeeded."""
        self._retries.succeeded()

    def pause_after(self, error: grpc.RpcError) -> float | None:
        """Return how many seconds to wait after the failed attempt; None if the call has failed."""
        policy = self._policy
        if policy is None:
            return None
        # Not all of RESOURCE_EXHAUSTED: a repeat does not help against the limits on numbers and purchases.
        overload = overload_of(error)
        if overload is None and error.code() not in policy.codes:
            return None
        pushback = _pushback_of(error)
        if not self._retries.failed() or pushback == "never" or self._count >= policy.max_attempts:
            return None
        self._last_failure = self._located(error.details() or error.code().name)
        left = self._deadline - time.monotonic()
        if overload is not None and overload.retry_delay is not None:
            # Calls that were refused together must not come back together.
            pause = overload.retry_delay * random.uniform(1, 1 + _JITTER)  # noqa: S311 - as below
            return pause if pause < left else None
        if pushback is None:
            pause = self._backoff * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - spreads clients out
            self._backoff = min(self._backoff * policy.multiplier, policy.max_backoff)
        else:
            pause = int(pushback) / 1000
            self._backoff = policy.initial_backoff
        return max(0.0, min(pause, left))

    def explained(self, code: grpc.StatusCode, message: str) -> str:
        """Return the message of a call that no server answered, with why, the address and the attempts."""
        tried = "1 attempt" if self._count == 1 else f"{self._count} attempts"
        if code is grpc.StatusCode.DEADLINE_EXCEEDED and self._count:
            why = self._last_failure or f"no response from {self._retries.addresses}"
            return f"{message}; {why}, {tried}"
        if code is grpc.StatusCode.UNAVAILABLE:
            return f"{self._located(message)}, {tried}"
        return message

    def _located(self, message: str) -> str:
        addresses = self._retries.addresses
        return message if addresses in message else f"{addresses}: {message}"


def _pushback_of(error: grpc.RpcError) -> str | None:
    """Return the milliseconds that the server asks to wait, "never" for no retry, or None."""
    # The type stubs know neither that these are pairs nor that None is possible, as without a connection.
    trailing = cast("Iterable[tuple[str, str | bytes]] | None", error.trailing_metadata())
    for name, value in trailing or ():
        if name == _PUSHBACK:
            text = value if isinstance(value, str) else ""
            return text if re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) else "never"
    return None
