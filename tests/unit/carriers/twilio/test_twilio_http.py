"""The HTTP client, against sockets that do what hosts and networks do to requests."""

import email.utils
import re
import socket
import struct
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from localdial_server.carriers.twilio.error_codes import ApiError, NoResponse, NotSent, ProxyRefused
from localdial_server.carriers.twilio.http_client import TwilioHttpClient, retry_after

_API = "https://api.twilio.com"
_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nDate: Wed, 25 Nov 2026 12:00:00 GMT\r\n\r\n{}"


@contextmanager
def host(talk: Callable[[socket.socket], None]) -> Iterator[tuple[str, list[bytes]]]:
    """Serve one connection at a time: read a request's head, then call `talk`."""
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
def client(base_url: str, timeout: float = 2.0) -> Iterator[TwilioHttpClient]:
    http = TwilioHttpClient(base_url, timeout)
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
        # The next page of a list, whose URL already has the folder in it.
        (
            "https://api.twilio.com/api/laml/2010-04-01/A.json?Page=1",
            "/api/laml/",
            "/api/laml/2010-04-01/A.json?Page=1",
        ),
    ],
)
def test_the_base_url_replaces_every_host_of_the_library(asked: str, base: str, path: str) -> None:
    with host(says(_OK)) as (url, heads), client(url + base) as http:
        assert http.request("GET", asked).status_code == 200
    assert re.match(rf"GET {re.escape(path)}(\?Page=1)? HTTP/1.1".encode(), heads[0])


@pytest.mark.parametrize(
    "url", ["https://example.com/x", "http://api.twilio.com/x", "https://api.twilio.com.example.com/x"]
)
def test_without_a_base_url_credentials_are_sent_only_to_twilio(url: str) -> None:
    with client("") as http, pytest.raises(NoResponse):
        http.request("GET", url, auth=("AC1", "secret"))


def test_a_redirect_is_not_followed() -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    with host(says(moved)) as (url, heads), client(url) as http:
        with pytest.raises(ApiError) as failure:
            http.request("GET", f"{_API}/x")
        assert failure.value.status == 302
    assert len(heads) == 1


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b"407 Proxy Authentication Required", 407),
        (b"403 Forbidden", 403),
        (b"503 Service Unavailable", 503),
    ],
)
def test_a_proxy_that_does_not_connect_is_told_apart_from_the_carrier(
    monkeypatch: pytest.MonkeyPatch, answer: bytes, status: int
) -> None:
    says_no = says(b"HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n" % answer)
    with host(says_no) as (url, heads):
        monkeypatch.setenv("HTTPS_PROXY", url)
        for method, data in ("GET", None), ("POST", {"a": "b"}):
            with client("") as http, pytest.raises(ProxyRefused) as failure:
                http.request(method, f"{_API}/x", data=data)
            assert failure.value.status == status
    assert all(head.startswith(b"CONNECT api.twilio.com:443") for head in heads)


def test_an_error_response_keeps_its_code_and_retry_after() -> None:
    body = b'{"code": 20429, "message": "Too many requests"}'
    answer = b"HTTP/1.1 429 Slow\r\nRetry-After: 3\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    with host(says(answer)) as (url, _), client(url) as http:
        with pytest.raises(ApiError) as failure:
            http.request("POST", f"{_API}/x", data={"a": "b"})
        assert (failure.value.status, failure.value.code, failure.value.retry_after) == (429, 20429, 3.0)


@pytest.mark.parametrize("status", [b"500 Oops", b"503 Later", b"429 Slow"])
def test_nothing_is_sent_twice(status: bytes) -> None:
    answer = b"HTTP/1.1 %s\r\nRetry-After: 0\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % status
    with host(says(answer)) as (url, heads), client(url) as http:
        with pytest.raises(ApiError):
            http.request("POST", f"{_API}/x", data={"a": "b"})
        time.sleep(0.05)
    assert len(heads) == 1


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{", b"garbage\r\n\r\n"]
)
def test_a_broken_connection_is_no_response_and_nothing_is_sent_again(answer: bytes) -> None:
    with host(says(answer)) as (url, heads), client(url) as http:
        with pytest.raises(NoResponse):
            http.request("POST", f"{_API}/x", data={"a": "b"})
        time.sleep(0.05)
    assert len(heads) == 1


def _read_body(connection: socket.socket) -> None:
    """Read the body unless it came with the head: closing with unread data would reset the connection."""
    connection.settimeout(0.2)
    with suppress(TimeoutError):
        connection.recv(65536)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{"])
def test_a_response_that_is_not_a_json_object_is_no_response(body: bytes) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    with host(says(answer)) as (url, _), client(url) as http, pytest.raises(NoResponse):
        http.request("GET", f"{_API}/x")


def test_the_response_to_a_deletion_has_no_body() -> None:
    answer = b"HTTP/1.1 204 No Content\r\n\r\n"
    with host(says(answer)) as (url, _), client(url) as http:
        assert http.request("DELETE", f"{_API}/x").status_code == 204


def test_without_a_listener_the_request_was_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with client(f"http://127.0.0.1:{port}") as http, pytest.raises(NotSent):
        http.request("POST", f"{_API}/x", data={"a": "b"})


def test_no_phone_number_of_a_failed_request_reaches_a_traceback() -> None:
    phone_number = "+14155550100"
    with client("http://localdial.invalid") as http, pytest.raises(NotSent) as failed:
        http.request("GET", f"{_API}/x", params={"PhoneNumber": phone_number})
    assert phone_number[1:] not in "".join(traceback.format_exception(failed.value))


def test_to_an_unknown_host_the_request_was_not_sent() -> None:
    with client("http://localdial.invalid") as http, pytest.raises(NotSent):
        http.request("POST", f"{_API}/x", data={"a": "b"})


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 201 Created\r\nContent-Le"])
def test_a_proxy_that_closes_the_connection_may_have_forwarded_the_request(
    answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def take_all(connection: socket.socket) -> None:
        _read_body(connection)
        connection.sendall(answer)

    with host(take_all) as (proxy, heads), client("http://carrier.invalid") as http:
        monkeypatch.setenv("http_proxy", proxy)
        with pytest.raises(NoResponse):
            http.request("POST", f"{_API}/x", data={"a": "b"})
    assert [head.split()[1] for head in heads] == [b"http://carrier.invalid/x"]


def test_a_proxy_that_resets_the_connection_may_have_forwarded_the_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def reset(connection: socket.socket) -> None:
        _read_body(connection)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with host(reset) as (proxy, _), client("http://carrier.invalid") as http:
        monkeypatch.setenv("http_proxy", proxy)
        with pytest.raises(NoResponse):
            http.request("POST", f"{_API}/x", data={"a": "b"})


def test_through_an_unreachable_proxy_the_request_was_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")
    with client("http://carrier.invalid") as http, pytest.raises(NotSent):
        http.request("POST", f"{_API}/x", data={"a": "b"})


def test_through_a_proxy_that_refuses_the_tunnel_the_request_was_not_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with host(says(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")) as (proxy, heads):
        monkeypatch.setenv("https_proxy", proxy)
        with client("https://carrier.invalid") as http, pytest.raises(NotSent):
            http.request("POST", f"{_API}/x", data={"a": "b"})
    assert heads[0].startswith(b"CONNECT carrier.invalid:443 ")


def test_the_timeout_limits_the_wait_for_a_response() -> None:
    with host(lambda _: time.sleep(1)) as (url, _), client(url, timeout=0.3) as http:
        began = time.monotonic()
        with pytest.raises(NoResponse):
            http.request("POST", f"{_API}/x", data={"a": "b"})
        assert time.monotonic() - began < 0.9


def test_the_timeout_limits_a_response_that_comes_byte_by_byte() -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(40):
            connection.sendall(b" ")
            time.sleep(0.05)

    with host(drip) as (url, _), client(url, timeout=0.3) as http:
        began = time.monotonic()
        with pytest.raises(NoResponse):
            http.request("GET", f"{_API}/x")
        assert time.monotonic() - began < 0.9


def test_the_deadline_takes_precedence_over_the_timeout() -> None:
    with host(lambda _: time.sleep(1)) as (url, _), client(url, timeout=30) as http:
        http.deadline = time.monotonic() + 0.3
        began = time.monotonic()
        with pytest.raises(NoResponse):
            http.request("GET", f"{_API}/x")
        assert time.monotonic() - began < 0.9


def test_after_the_deadline_nothing_is_sent() -> None:
    with host(says(_OK)) as (url, heads), client(url) as http:
        http.deadline = time.monotonic() - 1
        with pytest.raises(NotSent):
            http.request("POST", f"{_API}/x", data={"a": "b"})
    assert heads == []


def test_the_body_is_not_sent_if_connecting_took_all_the_time() -> None:
    # On this clock connecting takes an hour, and nothing else takes any time.
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
        http = TwilioHttpClient(url, 10.0, clock)
        http.deadline = 10.0
        try:
            with pytest.raises(NotSent):
                http.request("POST", f"{_API}/x", data={"PhoneNumber": "+14155550100"})
        finally:
            http.close()
        time.sleep(0.4)
    assert received in ([b""], [b"nothing"], [])


def test_a_response_that_is_too_large_is_not_read_to_its_end() -> None:
    def flood(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        while True:
            connection.sendall(b" " * 1_000_000)

    with (
        host(flood) as (url, _),
        client(url, timeout=20) as http,
        pytest.raises(NoResponse, match="too large"),
    ):
        http.request("GET", f"{_API}/x")


def test_a_fresh_connection_is_reused() -> None:
    def talk(connection: socket.socket) -> None:
        connection.sendall(_OK)
        head = connection.recv(65536)
        connection.sendall(_OK if head.startswith(b"GET /second") else b"")

    with host(talk) as (url, heads), client(url) as http:
        http.request("GET", f"{_API}/first")
        http.request("GET", f"{_API}/second")
        assert http.last_date == "Wed, 25 Nov 2026 12:00:00 GMT"
    assert len(heads) == 1


def test_a_connection_that_was_idle_for_long_is_not_reused() -> None:
    now = [0.0]

    def talk(connection: socket.socket) -> None:
        connection.sendall(_OK)
        if connection.recv(65536):
            connection.sendall(_OK)

    with host(talk) as (url, heads):
        http = TwilioHttpClient(url, 10.0, lambda: now[0])
        http.deadline = 1000.0
        http.request("GET", f"{_API}/first")
        now[0] = 31.0
        http.request("GET", f"{_API}/second")
        http.close()
    assert len(heads) == 2


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("5", 5.0),
        ("0.25", 0.25),
        ("-3", 0.0),
        ("1e9", 86_400.0),
        ("nan", None),
        ("inf", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_parsed_and_bounded(header: str | None, seconds: float | None) -> None:
    assert retry_after(header) == seconds


def test_retry_after_may_be_a_date() -> None:
    seconds = retry_after(email.utils.formatdate(time.time() + 60, usegmt=True))
    assert seconds is not None
    assert 50 < seconds <= 60
    assert retry_after(email.utils.formatdate(0, usegmt=True)) == 0
