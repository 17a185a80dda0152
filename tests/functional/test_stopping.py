"""What clients see of a server that stops: health, refusals that say what to do, and no call cut off."""

import threading
import time
from collections.abc import Callable
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc

from localdial.v1.directory_pb2 import ListOrganizationsRequest
from localdial.v1.directory_pb2_grpc import DirectoryStub
from tests.functional.server_process import ServerProcess
from tests.functional.webhook_process import WEBHOOK, WORK_PHONE, set_up, webhook_address
from tests.support.raw_clients import raw_clients, set_up_caller
from tests.support.twilio_caller import TwilioCaller
from tests.support.waiting import wait_until

StartServer = Callable[..., ServerProcess]

NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
SERVING = health_pb2.HealthCheckResponse.SERVING

STOPS = 3
CLIENTS = 12

# Long enough to look around while the server refuses calls, and much shorter than the drain of 10 s.
LAME_DUCK_SECONDS = 3.0


def stop_in_background(server: ServerProcess) -> threading.Thread:
    """Send SIGTERM; return the thread that waits for the end of the server."""
    stopping = threading.Thread(target=server.stop)
    stopping.start()
    wait_until(lambda: "stopping" in events(server))
    return stopping


def events(server: ServerProcess) -> list[object]:
    return [logged["event"] for logged in server.logged()]


@pytest.mark.parametrize("workers", [1, 2])
def test_clients_without_retries_see_no_call_cancelled_when_the_server_stops(
    start_server: StartServer, migrated_url: str, workers: int
) -> None:
    settings = {"LOCALDIAL_DATABASE_URL": migrated_url} if workers > 1 else {}
    for _ in range(STOPS):
        server = start_server(LOCALDIAL_WORKERS=str(workers), **settings)
        # Each worker says that it serves; then the supervisor does.
        wait_until(
            lambda server=server: events(server).count("serving") == (1 if workers == 1 else 1 + workers)
        )
        set_up_caller(server.address)
        with raw_clients(server.address, CLIENTS) as seen:
            time.sleep(0.3)
            assert server.stop() == 0
        assert set(seen) == {"OK", "UNAVAILABLE"}


def _call_until_refused(channel: grpc.Channel) -> None:
    # A call that arrives before the HTTP face has stopped is served.
    while True:
        DirectoryStub(channel).ListOrganizations(ListOrganizationsRequest(), timeout=10)


def test_a_stopping_server_says_so_and_how_long_to_wait(start_server: StartServer) -> None:
    server = start_server(LOCALDIAL_LAME_DUCK_SECONDS=str(LAME_DUCK_SECONDS))
    with grpc.insecure_channel(server.address, [("grpc.enable_retries", 0)]) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        watched = health.Watch(health_pb2.HealthCheckRequest())  # type: ignore[attr-defined]  # the stubs package lacks it
        assert next(watched).status == SERVING
        stopping = stop_in_background(server)
        assert next(watched).status == NOT_SERVING
        with pytest.raises(grpc.RpcError) as raised:
            _call_until_refused(channel)
        with pytest.raises(grpc.RpcError) as hasty:
            DirectoryStub(channel).ListOrganizations(ListOrganizationsRequest(), timeout=1)
        # A watch does not keep the server from stopping, and ends like any other call.
        with pytest.raises(grpc.RpcError) as ended:
            next(watched)
    stopping.join(LAME_DUCK_SECONDS)
    assert not stopping.is_alive()
    assert ended.value.code() == grpc.StatusCode.UNAVAILABLE
    info, delay, pushback = details(raised.value)
    assert (raised.value.code(), info.reason) == (grpc.StatusCode.UNAVAILABLE, "SHUTTING_DOWN")
    assert 1 < delay <= LAME_DUCK_SECONDS + 0.25
    assert pushback == delay * 1000
    # A caller that cannot wait so long tries another server at once.
    assert details(hasty.value)[1] == 0.1


def details(error: grpc.RpcError) -> tuple[error_details_pb2.ErrorInfo, float, int]:
    """Return the error's information, its delay in seconds, and its pushback in milliseconds."""
    metadata: Any = dict(error.trailing_metadata())  # type: ignore[arg-type]  # the stubs know no pairs
    status = status_pb2.Status.FromString(metadata["grpc-status-details-bin"])
    info, retry = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
    assert status.details[0].Unpack(info)
    assert status.details[1].Unpack(retry)
    return info, retry.retry_delay.ToMilliseconds() / 1000, int(metadata["grpc-retry-pushback-ms"])


def test_the_webhook_serves_on_but_keeps_no_connection_before_it_stops(start_server: StartServer) -> None:
    server = start_server(LOCALDIAL_LAME_DUCK_SECONDS=str(LAME_DUCK_SECONDS), **WEBHOOK)
    called = set_up(server.address)
    twilio = TwilioCaller(webhook_address(server))
    assert "connection" not in twilio.call(To=called).headers
    stopping = stop_in_background(server)
    answered = twilio.call(To=called)
    assert answered.dialed == WORK_PHONE
    assert answered.headers["connection"] == "close"
    assert twilio.send("GET", f"{twilio.public_url}/health", b"", {}).status == 503
    stopping.join()
