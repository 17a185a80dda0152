"""Clients without retries, as generated code makes them, and what they see of a server that stops."""

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

import grpc

from localdial.v1.call_routing_pb2 import ResolveOutboundCallerIdRequest
from localdial.v1.call_routing_pb2_grpc import CallRoutingStub
from localdial.v1.directory_pb2 import Organization, SetOrganizationRequest, SetUserRequest, User
from localdial_client import Client

_REQUEST = ResolveOutboundCallerIdRequest(organization_id="acme", user_id="ann", callee_number="+14155550123")

# Longer than any answer takes on a busy machine.
_TIMEOUT_SECONDS = 60.0


def set_up_caller(address: str) -> None:
    """Create the user in whose name the clients call."""
    with Client(address) as client:
        organization = Organization(organization_id="acme")
        client.directory.set_organization(SetOrganizationRequest(organization=organization))
        user = User(organization_id="acme", user_id="ann", caller_id="+14155550142")
        client.directory.set_user(SetUserRequest(user=user))


@contextmanager
def raw_clients(address: str, count: int) -> Iterator[Counter[str]]:
    """Resolve with `count` clients, each call after the last, until each finds that no server listens.

    Yields how many calls ended with each status; it is complete when the block has ended. The clients ignore
    the pause that the server asks for.
    """
    seen: Counter[str] = Counter()
    lock = threading.Lock()

    def run(resolve: Any) -> None:
        is_refused = False
        while not is_refused:
            status = "OK"
            try:
                resolve(_REQUEST, timeout=_TIMEOUT_SECONDS)
            except grpc.RpcError as error:
                status = error.code().name
                is_refused = "failed to connect" in (error.details() or "")
            with lock:
                seen[status] += 1

    options = [("grpc.enable_retries", 0), ("grpc.use_local_subchannel_pool", 1)]
    with ExitStack() as channels, ThreadPoolExecutor(count) as threads:
        calls = []
        for _ in range(count):
            channel = channels.enter_context(grpc.insecure_channel(address, options))
            calls.append(CallRoutingStub(channel).ResolveOutboundCallerId)
            # Connect, so that the server stops in the middle of calls.
            calls[-1](_REQUEST, timeout=_TIMEOUT_SECONDS)
        running = [threads.submit(run, call) for call in calls]
        yield seen
        for each in running:
            each.result()
