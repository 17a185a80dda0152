"""What a carrier's host may do to a request, against sockets that do it."""

import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from localdial_server.carriers.twilio.error_codes import Failure, NoAnswer, NotSent
from localdial_server.carriers.twilio.http_client import CarrierHttp

_API = "https://api.twilio.com"
_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nDate: Wed, 25 Nov 2026 12:00:00 GMT\r\n\r\n{}"


@contextmanager
def host(talk: Callable[[socket.socket], None]) -> Iterator[tuple[str, list[bytes]]]:
    """Serve one connection after the other by ``talk``, once each request's head is there."""
    heads: list[bytes] = []
    stopped = threading.Event()

    def serve() -> None:
        while not stopped.is_set():
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                head = b""
                while b"\r\n\r\n" not in head:
                    part = connection.recv(65536)
                    if not part:
                        break
                    head += part
                if head:
                    heads.append(head)
                    try:
                        talk(connection)
                    except OSError:
                        continue

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}", heads
        finally:
            stopped.set()
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


@contextmanager
def client(base_url: str, timeout: float = 2.0) -> Iterator[CarrierHttp]:
    http = CarrierHttp(base_url, timeout)
    http.deadline = time.monotonic() + 60
    try:
        yield http
    finally:
        http.close()


def says(answer: bytes) -> Callable[[socket.socket], None]:
    return lambda connection: connection.sendall(answer)


@pytest.mark.parametrize(
    ("asked", "base", "path"),
    [
        ("https://api.twilio.com/2010-04-01/Accounts.json", "", "/2010-04-01/Accounts.json"),
        ("https://pricing.twilio.com/v1/PhoneNumbers", "/", "/v1/PhoneNumbers"),
        ("https://api.twilio.com/2010-04-01/A.json", "/api/laml", "/api/laml/2010-04-01/A.json"),
        # A list's next page, as a carrier with a folder names it.
        (
            "https://api.twilio.com/api/laml/2010-04-01/A.json?Page=1",
            "/api/laml/",
            "/api/laml/2010-04-01/A.json?Page=1",
        ),
    ],
)
def test_every_host_of_the_library_is_replaced_by_the_base_url(asked: str, base: str, path: str) -> None:
    with host(says(_OK)) as (url, heads), client(url + base) as http:
        assert http.request("GET", asked).status_code == 200
    assert re.match(rf"GET {re.escape(path)}(\?Page=1)? HTTP/1.1".encode(), heads[0])


@pytest.mark.parametrize(
    "url", ["https://example.com/x", "http://api.twilio.com/x", "https://api.twilio.com.example.com/x"]
)
def test_without_a_base_url_credentials_go_to_twilio_alone(url: str) -> None:
    with client("") as http, pytest.raises(NoAnswer):
        http.request("GET", url, auth=("AC1", "secret"))


def test_a_redirect_is_followed_nowhere() -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    with host(says(moved)) as (url, heads), client(url) as http:
        with pytest.raises(Failure) as failure:
            http.request("GET", f"{_API}/x")
        assert failure.value.status == 302
    assert len(heads) == 1


def test_a_failed_answer_has_its_code_and_the_delay_it_asks_for() -> None:
    body = b'{"code": 20429, "message": "Too many requests"}'
    answer = b"HTTP/1.1 429 Slow\r\nRetry-After: 3\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    with host(says(answer)) as (url, _), client(url) as http:
        with pytest.raises(Failure) as failure:
            http.request("POST", f"{_API}/x", data={"a": "b"})
        assert (failure.value.status, failure.value.code, failure.value.retry_after) == (429, 20429, 3.0)


@pytest.mark.parametrize("status", [b"500 Oops", b"503 Later", b"429 Slow"])
def test_nothing_is_sent_twice(status: bytes) -> None:
    answer = b"HTTP/1.1 %s\r\nRetry-After: 0\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % status
    with host(says(answer)) as (url, heads), client(url) as http:
        with pytest.raises(Failure):
            http.request("POST", f"{_API}/x", data={"a": "b"})
        time.sleep(0.05)
    assert len(heads) == 1


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{", b"garbage\r\n\r\n"]
)
def test_a_connection_that_breaks_is_no_answer_and_nothing_is_sent_again(answer: bytes) -> None:
    with host(says(answer)) as (url, heads), client(url) as http:
        with pytest.raises(NoAnswer):
            http.request("POST", f"{_API}/x", data={"a": "b"})
        time.sleep(0.05)
    assert len(heads) == 1


def _read_what_comes_yet(connection: socket.socket) -> None:
    """Read the body, which may have come with the head: closed with something unread, it would be reset."""
    connection.settimeout(0.2)
    with suppress(TimeoutError):
        connection.recv(65536)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{"])
def test_an_answer_that_is_no_json_object_is_no_answer(body: bytes) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    with host(says(answer)) as (url, _), client(url) as http, pytest.raises(NoAnswer):
        http.request("GET", f"{_API}/x")


def test_a_deletion_is_answered_without_a_body() -> None:
    answer = b"HTTP/1.1 204 No Content\r\n\r\n"
    with host(says(answer)) as (url, _), client(url) as http:
        assert http.request("DELETE", f"{_API}/x").status_code == 204


def test_nobody_who_listens_was_sent_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with client(f"http://127.0.0.1:{port}") as http, pytest.raises(NotSent):
        http.request("POST", f"{_API}/x", data={"a": "b"})


def test_a_name_that_leads_nowhere_was_sent_nothing() -> None:
    with client("http://localdial.invalid") as http, pytest.raises(NotSent):
        http.request("POST", f"{_API}/x", data={"a": "b"})


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 201 Created\r\nContent-Le"])
def test_a_proxy_that_breaks_the_connection_may_have_passed_the_request_on(
    answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def take_all(connection: socket.socket) -> None:
        _read_what_comes_yet(connection)
        connection.sendall(answer)

    with host(take_all) as (proxy, heads), client("http://carrier.invalid") as http:
        monkeypatch.setenv("http_proxy", proxy)
        with pytest.raises(NoAnswer):
            http.request("POST", f"{_API}/x", data={"a": "b"})
    assert [head.split()[1] for head in heads] == [b"http://carrier.invalid/x"]


def test_a_proxy_that_resets_the_connection_may_have_passed_the_request_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def reset(connection: socket.socket) -> None:
        _read_what_comes_yet(connection)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with host(reset) as (proxy, _), client("http://carrier.invalid") as http:
        monkeypatch.setenv("http_proxy", proxy)
        with pytest.raises(NoAnswer):
            http.request("POST", f"{_API}/x", data={"a": "b"})


def test_through_a_proxy_that_nobody_reaches_nothing_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")
    with client("http://carrier.invalid") as http, pytest.raises(NotSent):
        http.request("POST", f"{_API}/x", data={"a": "b"})


def test_through_a_proxy_that_opens_no_tunnel_nothing_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    with host(says(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")) as (proxy, heads):
        monkeypatch.setenv("https_proxy", proxy)
        with client("https://carrier.invalid") as http, pytest.raises(NotSent):
            http.request("POST", f"{_API}/x", data={"a": "b"})
    assert heads[0].startswith(b"CONNECT carrier.invalid:443 ")


def test_an_answer_that_does_not_come_is_waited_for_no_longer_than_the_timeout() -> None:
    with host(lambda _: time.sleep(1)) as (url, _), client(url, timeout=0.3) as http:
        began = time.monotonic()
        with pytest.raises(NoAnswer):
            http.request("POST", f"{_API}/x", data={"a": "b"})
        assert time.monotonic() - began < 0.9


def test_an_answer_that_drips_is_waited_for_no_longer_either() -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(40):
            connection.sendall(b" ")
            time.sleep(0.05)

    with host(drip) as (url, _), client(url, timeout=0.3) as http:
        began = time.monotonic()
        with pytest.raises(NoAnswer):
            http.request("GET", f"{_API}/x")
        assert time.monotonic() - began < 0.9


def test_the_deadline_goes_before_the_timeout() -> None:
    with host(lambda _: time.sleep(1)) as (url, _), client(url, timeout=30) as http:
        http.deadline = time.monotonic() + 0.3
        began = time.monotonic()
        with pytest.raises(NoAnswer):
            http.request("GET", f"{_API}/x")
        assert time.monotonic() - began < 0.9


def test_after_the_deadline_nothing_is_sent() -> None:
    with host(says(_OK)) as (url, heads), client(url) as http:
        http.deadline = time.monotonic() - 1
        with pytest.raises(NotSent):
            http.request("POST", f"{_API}/x", data={"a": "b"})
    assert heads == []


def test_a_body_is_held_back_when_connecting_took_all_the_time() -> None:
    # A clock on which the connection, and nothing else, takes an hour.
    now = [0.0]
    times = iter([0.0, 0.0, 0.0, 0.0])

    def clock() -> float:
        now[0] = next(times, 3600.0)
        return now[0]

    received: list[bytes] = []

    def keep(connection: socket.socket) -> None:
        connection.settimeout(0.3)
        try:
            received.append(connection.recv(100))
        except TimeoutError:
            received.append(b"nothing")

    with host(keep) as (url, _):
        http = CarrierHttp(url, 10.0, clock)
        http.deadline = 10.0
        try:
            with pytest.raises(NotSent):
                http.request("POST", f"{_API}/x", data={"PhoneNumber": "+14155550100"})
        finally:
            http.close()
        time.sleep(0.4)
    assert received in ([b""], [b"nothing"], [])


def test_an_answer_beyond_all_measure_is_not_read_to_its_end() -> None:
    def flood(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        while True:
            connection.sendall(b" " * 1_000_000)

    with host(flood) as (url, _), client(url, timeout=20) as http, pytest.raises(NoAnswer, match="too large"):
        http.request("GET", f"{_API}/x")


def test_a_connection_is_used_again_while_it_is_fresh() -> None:
    def talk(connection: socket.socket) -> None:
        connection.sendall(_OK)
        head = connection.recv(65536)
        connection.sendall(_OK if head.startswith(b"GET /second") else b"")

    with host(talk) as (url, heads), client(url) as http:
        http.request("GET", f"{_API}/first")
        http.request("GET", f"{_API}/second")
        assert http.answered_at == "Wed, 25 Nov 2026 12:00:00 GMT"
    assert len(heads) == 1


def test_a_connection_that_nobody_used_for_long_is_not_trusted() -> None:
    now = [0.0]

    def talk(connection: socket.socket) -> None:
        connection.sendall(_OK)
        if connection.recv(65536):
            connection.sendall(_OK)

    with host(talk) as (url, heads):
        http = CarrierHttp(url, 10.0, lambda: now[0])
        http.deadline = 1000.0
        http.request("GET", f"{_API}/first")
        now[0] = 31.0
        http.request("GET", f"{_API}/second")
        http.close()
    assert len(heads) == 2
