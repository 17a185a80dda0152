import contextlib
import socket
import urllib.request
from collections.abc import Iterator

import pytest
from prometheus_client import CollectorRegistry, Counter

from localdial_server.observability import metrics_server
from tests.support.waiting import wait_until


@pytest.fixture
def port(caplog: pytest.LogCaptureFixture) -> Iterator[int]:
    caplog.set_level("INFO")
    registry = CollectorRegistry()
    Counter("calls", "", registry=registry).inc(3)
    stop = metrics_server.serve("127.0.0.1:0", registry, None)
    yield int(str(vars(caplog.records[0])["address"]).rpartition(":")[2])
    stop()


def scrape(port: int) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
        content: bytes = answer.read()
    return content


def test_metrics_are_served_while_another_client_says_nothing(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)):
        assert b"calls_total 3.0" in scrape(port)


def test_silent_clients_are_limited_and_make_room_when_they_go(port: int) -> None:
    with contextlib.ExitStack() as silent:
        for _ in range(metrics_server._MAX_CONNECTIONS):
            silent.enter_context(socket.create_connection(("127.0.0.1", port)))
        with socket.create_connection(("127.0.0.1", port), timeout=20) as one_too_many:
            assert one_too_many.recv(1) == b""

    def is_served() -> bool:
        with contextlib.suppress(OSError):
            return b"calls_total" in scrape(port)
        return False

    wait_until(is_served)
