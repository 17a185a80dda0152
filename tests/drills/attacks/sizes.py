"""Floods of the largest requests, all of them refused. Each function is an attack of a scene."""

import itertools
import time
from collections.abc import Iterator

import grpc

from localdial_server.rpc.contract import Contract
from localdial_server.rpc.request_sizes import max_request_bytes, transport_limit_bytes
from tests.drills.attacks.scene import Report

_AT_ONCE = 40
_TIMEOUT_SECONDS = 60.0

# The server lets go of a request a moment after its caller has the answer.
_PAUSE_SECONDS = 0.2

_BATCH = "localdial.v1.CallRouting", "BatchResolveOutboundCallerIds", b"\x0a\x00"
_USERS = "localdial.v1.Directory", "BatchSetUsers", b"\x12\x00"


def largest(address: str, seconds: float, _number: int) -> Report:
    """Send 40 requests at a time, as large as they may be, of empty items: in memory, those take most.

    Some are a little larger than their method accepts, and some larger than the transport lets through.
    """
    report = Report()
    ends = time.monotonic() + seconds
    for path, data in itertools.cycle(list(largest_requests())):
        send(address, path, data, report)
        time.sleep(_PAUSE_SECONDS)
        if time.monotonic() > ends:
            break
    return report


def send(address: str, path: str, data: bytes, report: Report) -> None:
    """Send 40 requests at once, and wait for their answers."""
    with grpc.insecure_channel(address, [("grpc.enable_retries", 0)]) as channel:
        method: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(path)
        for call in [method.future(data, timeout=_TIMEOUT_SECONDS) for _ in range(_AT_ONCE)]:
            report.add(call.code().name, call.details() or "")


def largest_requests() -> Iterator[tuple[str, bytes]]:
    """Yield the path and the bytes of each kind of request."""
    contract = Contract()
    for service, method, item in _BATCH, _USERS:
        path = f"/{service}/{method}"
        descriptor = contract.service(service.rpartition(".")[2]).methods_by_name[method]
        most = max_request_bytes(contract, descriptor.input_type)
        yield path, item * (most // len(item))
        yield path, item * (most // len(item) + 1)
        yield path, item * (transport_limit_bytes(contract) // len(item) + 1)
