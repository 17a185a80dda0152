"""Requests over HTTP that are made to hurt the server."""

import socket
import time
from collections.abc import Callable

import pytest

from tests.functional.http_caller import HttpCaller
from tests.functional.server_process import ServerProcess

PATH = "/localdial.v1.Directory/GetOrganization"
HEAD = f"POST {PATH} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n".encode()


@pytest.fixture
def http(start_server: Callable[..., ServerProcess]) -> HttpCaller:
    return HttpCaller(start_server(LOCALDIAL_HTTP_LISTEN="127.0.0.1:0").page)


def answered(http: HttpCaller, *parts: bytes, seconds: float = 30) -> bytes:
    """Send the parts, and return all that comes until the server closes the connection."""
    with socket.create_connection(http.address, timeout=seconds) as connection:
        received = b""
        try:
            for part in parts:
                connection.sendall(part)
            while chunk := connection.recv(65536):
                received += chunk
        except (ConnectionResetError, BrokenPipeError):
            pass
        return received


def still_serves(http: HttpCaller) -> bool:
    return http.call("Directory/GetOrganization", {"organizationId": "nobody"}).status == 404


def test_headers_without_end_are_refused(http: HttpCaller) -> None:
    received = answered(http, HEAD, b"x-much: ", b"a" * 200_000)
    assert received.split(b" ")[1:2] in ([], [b"400"], [b"431"])
    received = answered(http, HEAD, b"x-many: 1\r\n" * 20_000)
    assert received.split(b" ")[1:2] in ([], [b"400"], [b"431"])
    assert still_serves(http)


def test_a_body_without_end_is_refused_at_its_limit(http: HttpCaller) -> None:
    chunk = b"4000\r\n" + b" " * 0x4000 + b"\r\n"
    with socket.create_connection(http.address, timeout=30) as connection:
        connection.sendall(HEAD + b"transfer-encoding: chunked\r\n\r\n" + chunk * 4)
        received = b""
        while b"REQUEST_TOO_LARGE" not in received:
            received += connection.recv(65536)
    assert b"\r\nconnection: close\r\n" in received
    assert still_serves(http)


def test_trailers_without_end_are_refused(http: HttpCaller) -> None:
    trailers = [b"x-trailer: " + b"a" * 60_000] * 100
    started = time.monotonic()
    answered(http, HEAD, b"transfer-encoding: chunked\r\n\r\n0\r\n", *trailers)
    assert time.monotonic() - started < 15
    assert still_serves(http)


def test_a_request_with_two_lengths_is_refused(http: HttpCaller) -> None:
    for lengths in (
        b"content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        b"content-length: 2\r\ncontent-length: 3\r\n\r\n{} ",
    ):
        received = answered(http, HEAD, lengths)
        assert b" 400 " in received.split(b"\r\n")[0]
        assert received.count(b"HTTP/1.1 ") == 1
    assert still_serves(http)


def test_an_unread_body_is_no_next_request(http: HttpCaller) -> None:
    inner = b"GET /smuggled HTTP/1.1\r\nhost: localhost\r\n\r\n"
    head = b"GET / HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n" % len(inner)
    received = answered(http, head, inner)
    assert received.count(b"HTTP/1.1 ") == 1


def test_what_is_not_http_is_refused(http: HttpCaller) -> None:
    for rubbish in b"\x16\x03\x01\x02\x00\x01\x00", b"hello\r\n\r\n", b"GET /\xff HTTP/1.1\r\n\r\n":
        received = answered(http, rubbish + b"\r\n\r\n")
        assert received.split(b" ")[1:2] in ([], [b"400"], [b"505"]), received
    assert still_serves(http)


def test_paths_lead_to_no_other_files(http: HttpCaller) -> None:
    for path in (
        "/../pyproject.toml",
        "/%2e%2e/%2e%2e/etc/passwd",
        "//etc/passwd",
        "/assets/../../api/call.py",
    ):
        assert http.send("GET", path).status == 404, path


@pytest.mark.slow
def test_a_slow_request_is_given_up_while_others_are_served(http: HttpCaller) -> None:
    started = time.monotonic()
    with (
        socket.create_connection(http.address, timeout=40) as silent,
        socket.create_connection(http.address, timeout=40) as slow_head,
        socket.create_connection(http.address, timeout=40) as slow_body,
    ):
        slow_head.sendall(HEAD)
        slow_body.sendall(HEAD + b"content-length: 20\r\n\r\n{")
        assert still_serves(http)
        assert silent.recv(1024) == b""
        slow_head.recv(1024)
        assert time.monotonic() - started < 15
        # h2corn closes the connection without an answer.
        received = slow_body.recv(1024)
        assert received == b"" or b" 504 " in received
        assert time.monotonic() - started < 30
    assert still_serves(http)
