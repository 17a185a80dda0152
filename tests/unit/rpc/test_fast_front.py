"""Calls as ASGI events, without a server."""

import asyncio
import base64
import gzip
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

import grpc
import pytest
import trustme
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from localdial_server.rpc.call_context import CallContext
from localdial_server.rpc.fast_front.application import Application
from localdial_server.rpc.fast_front.certificates import auth_context_of

PATH = "/test.Service/Method"
MOST = 1_000
GRPC = (b"content-type", b"application/grpc")


class Answer:
    """What an application sent in answer to a request."""

    def __init__(self) -> None:
        self.events: list[Mapping[str, Any]] = []

    async def take(self, event: Mapping[str, Any]) -> None:
        self.events.append(event)

    @property
    def is_trailers_only(self) -> bool:
        start, body = self.events
        return not start.get("trailers") and not body.get("body") and not body.get("more_body")

    @property
    def headers(self) -> Mapping[bytes, bytes]:
        """The headers that have the status."""
        last = self.events[-1]
        found = last if last["type"] == "http.response.trailers" else self.events[0]
        return dict(found["headers"])

    @property
    def status(self) -> tuple[grpc.StatusCode, str]:
        number = int(self.headers[b"grpc-status"])
        code = next(each for each in grpc.StatusCode if each.value[0] == number)
        return code, self.headers.get(b"grpc-message", b"").decode()

    @property
    def messages(self) -> list[bytes]:
        body = b"".join(event.get("body", b"") for event in self.events if event["type"].endswith(".body"))
        found = []
        while body:
            assert body[0] == 0
            end = 5 + int.from_bytes(body[1:5])
            found.append(body[5:end])
            body = body[end:]
        return found


def framed(message: bytes, flag: int = 0) -> bytes:
    return bytes([flag]) + len(message).to_bytes(4) + message


async def call(
    application: Application,
    *chunks: bytes,
    path: bytes = PATH.encode(),
    headers: Iterable[tuple[bytes, bytes]] = (),
    **scope: Any,
) -> Answer:
    """Call a method with a body of these chunks, and wait for its end."""
    events = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    events.append({"type": "http.request"})
    answer = Answer()

    async def receive() -> Mapping[str, Any]:
        if events:
            return events.pop(0)
        await asyncio.Event().wait()
        raise AssertionError

    whole = {
        "raw_path": path,
        "method": "POST",
        "http_version": "2",
        "headers": [GRPC, *headers],
        "client": ("192.0.2.1", 50312),
        "extensions": {},
        **scope,
    }
    await asyncio.create_task(_served(application, whole, receive, answer))
    return answer


async def _served(application: Application, scope: Any, receive: Any, answer: Answer) -> None:
    await application(scope, receive, answer.take)


def with_method(method: Any) -> Application:
    application = Application({PATH: MOST})
    application.add({PATH: grpc.unary_unary_rpc_method_handler(method)})
    return application


async def echo(request: bytes, _: CallContext) -> bytes:
    return request


ECHO = with_method(echo)


@pytest.mark.parametrize("size", [1, 2, 4, 5, 6, 100])
async def test_a_request_may_come_in_any_chunks(size: int) -> None:
    whole = framed(b"a request")
    answer = await call(ECHO, *(whole[start : start + size] for start in range(0, len(whole), size)))
    assert answer.messages == [b"a request"]
    assert answer.status == (grpc.StatusCode.OK, "")


async def test_an_empty_request_is_a_message() -> None:
    assert (await call(ECHO, framed(b""))).messages == [b""]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the call has no request; send one message"),
        (b"\0\0", "the request ends within a message"),
        (framed(b"request")[:-1], "the request ends within a message"),
        (framed(b"request", flag=2), "a message begins with 2 instead of 0 or 1"),
    ],
)
async def test_a_body_that_is_no_message_is_refused(body: bytes, message: str) -> None:
    answer = await call(ECHO, body)
    assert answer.status == (grpc.StatusCode.INTERNAL, message)
    assert answer.is_trailers_only


async def test_a_larger_request_is_refused_when_its_size_is_known() -> None:
    # Its bytes do not follow, so the call would wait for them.
    answer = await asyncio.wait_for(call(ECHO, b"\0" + (MOST + 1).to_bytes(4)), 5)
    code, message = answer.status
    assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert message.startswith(f"the request has {MOST + 1} bytes, and the method accepts {MOST};")
    encoded = answer.headers[b"grpc-status-details-bin"]
    details = Status.FromString(base64.b64decode(encoded + b"=" * (-len(encoded) % 4)))
    info = ErrorInfo()
    assert details.details[0].Unpack(info)
    assert info.reason == "REQUEST_TOO_LARGE"


@pytest.mark.parametrize(
    ("encoding", "compressed"),
    [(b"gzip", gzip.compress(b"request" * 9, mtime=0)), (b"deflate", zlib.compress(b"request" * 9))],
)
async def test_a_request_may_be_compressed(encoding: bytes, compressed: bytes) -> None:
    answer = await call(ECHO, framed(compressed, flag=1), headers=[(b"grpc-encoding", encoding)])
    assert answer.messages == [b"request" * 9]


async def test_a_compressed_request_that_is_too_large_is_refused_without_unpacking_it() -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    tracemalloc.start()
    try:
        application = with_limit(len(bomb))
        answer = await call(application, framed(bomb, flag=1), headers=[(b"grpc-encoding", b"gzip")])
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert answer.status[0] is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert peak_bytes < 5_000_000


def with_limit(most: int) -> Application:
    application = Application({PATH: most})
    application.add({PATH: grpc.unary_unary_rpc_method_handler(echo)})
    return application


@pytest.mark.parametrize("compressed", [b"no gzip", gzip.compress(b"request", mtime=0)[:-9]])
async def test_a_broken_compressed_request_is_refused(compressed: bytes) -> None:
    answer = await call(ECHO, framed(compressed, flag=1), headers=[(b"grpc-encoding", b"gzip")])
    assert answer.status[0] is grpc.StatusCode.INTERNAL


async def test_an_unknown_compression_is_refused_with_those_that_are_known() -> None:
    answer = await call(ECHO, framed(b"x", flag=1), headers=[(b"grpc-encoding", b"br")])
    assert answer.status[0] is grpc.StatusCode.UNIMPLEMENTED
    assert answer.headers[b"grpc-accept-encoding"] == b"identity, deflate, gzip"


async def test_an_unknown_path_is_refused_unread_even_if_it_is_no_text() -> None:
    async def never() -> Any:
        raise AssertionError

    answer = Answer()
    scope = {"raw_path": b"/\xff", "method": "POST", "http_version": "2", "headers": [GRPC]}
    await ECHO(scope, never, answer.take)
    assert answer.status == (grpc.StatusCode.UNIMPLEMENTED, "Method not found!")
    assert answer.is_trailers_only


@pytest.mark.parametrize(
    "content_type", [b"application/grpc", b"application/grpc+proto", b"application/grpc;charset=utf-8"]
)
async def test_the_content_types_of_grpc_are_served(content_type: bytes) -> None:
    answer = await call(ECHO, framed(b"x"), headers=[(b"content-type", content_type)])
    assert answer.messages == [b"x"]


@pytest.mark.parametrize("content_type", [b"application/json", b"application/grpc-web+proto"])
async def test_another_content_type_is_answered_in_plain_http(content_type: bytes) -> None:
    answer = await call(ECHO, framed(b"x"), headers=[(b"content-type", content_type)])
    assert answer.events[0]["status"] == 415


async def test_an_error_ends_the_call_with_its_headers() -> None:
    async def fail(_: bytes, context: CallContext) -> bytes:
        await context.abort(
            grpc.StatusCode.NOT_FOUND,
            "100 % là\n",
            (("x-bin", b"\xff\xfe"), ("grpc-retry-pushback-ms", "50")),
        )

    answer = await call(with_method(fail), framed(b""))
    assert answer.is_trailers_only
    assert answer.headers == {
        b"content-type": b"application/grpc",
        b"grpc-status": b"5",
        b"grpc-message": b"100 %25 l%C3%A0%0A",
        b"x-bin": b"//4",
        b"grpc-retry-pushback-ms": b"50",
    }


async def test_an_exception_of_a_handler_does_not_leave_the_server() -> None:
    async def fail(_: bytes, __: CallContext) -> bytes:
        raise ValueError("a secret")

    assert (await call(with_method(fail), framed(b""))).status == (grpc.StatusCode.INTERNAL, "internal error")


async def test_a_call_ends_at_its_deadline() -> None:
    was_cancelled = asyncio.Event()

    async def hang(_: bytes, context: CallContext) -> bytes:
        left = context.time_remaining()
        assert left is not None
        assert 0 < left <= 0.05
        try:
            await asyncio.Event().wait()
        finally:
            was_cancelled.set()
        raise AssertionError

    answer = await call(with_method(hang), framed(b""), headers=[(b"grpc-timeout", b"50m")])
    assert answer.status == (grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded")
    assert was_cancelled.is_set()


async def test_a_request_that_does_not_come_ends_at_the_deadline() -> None:
    answer = Answer()

    async def receive() -> Any:
        await asyncio.Event().wait()

    scope = {
        "raw_path": PATH.encode(),
        "method": "POST",
        "http_version": "2",
        "headers": [GRPC, (b"grpc-timeout", b"9000u")],
    }
    await asyncio.create_task(_served(ECHO, scope, receive, answer))
    assert answer.status[0] is grpc.StatusCode.DEADLINE_EXCEEDED


async def test_a_call_without_a_deadline_has_no_time_remaining() -> None:
    async def no_deadline(_: bytes, context: CallContext) -> bytes:
        return str(context.time_remaining()).encode()

    assert (await call(with_method(no_deadline), framed(b""))).messages == [b"None"]


@pytest.mark.parametrize("value", [b"", b"S", b"1", b"1s", b"-1S", b"123456789S", b"1.5S", b"1 S"])
async def test_a_deadline_that_cannot_be_read_is_refused(value: bytes) -> None:
    answer = await call(ECHO, framed(b""), headers=[(b"grpc-timeout", value)])
    assert answer.status == (grpc.StatusCode.INTERNAL, "the grpc-timeout of the call cannot be read")


async def test_a_caller_that_hangs_up_before_its_request_is_whole_gets_no_answer() -> None:
    answer = Answer()

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    scope = {"raw_path": PATH.encode(), "method": "POST", "http_version": "2", "headers": [GRPC]}
    await ECHO(scope, receive, answer.take)
    assert answer.events == []


async def test_a_cancelled_call_cancels_its_handler_and_sends_nothing() -> None:
    began = asyncio.Event()

    async def hang(_: bytes, __: CallContext) -> bytes:
        began.set()
        await asyncio.Event().wait()
        raise AssertionError

    running = asyncio.create_task(call(with_method(hang), framed(b"")))
    await began.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_metadata_is_the_callers_own() -> None:
    seen: list[tuple[str, str | bytes]] = []

    async def look(_: bytes, context: CallContext) -> bytes:
        seen.extend(context.invocation_metadata())
        return b""

    binary = base64.b64encode(b"\0\1\2\3")
    headers = [(b"te", b"trailers"), (b"authorization", b"Bearer x"), (b"a-bin", binary)]
    unpadded = (b"b-bin", binary.rstrip(b"="))
    await call(with_method(look), framed(b""), headers=[*headers, unpadded, (b"c-bin", b"!")])
    assert seen == [
        ("authorization", "Bearer x"),
        ("a-bin", b"\0\1\2\3"),
        ("b-bin", b"\0\1\2\3"),
        ("c-bin", b""),
    ]


async def test_metadata_of_more_than_8_kib_is_refused() -> None:
    answer = await call(ECHO, framed(b""), headers=[(b"a", b"x" * 5_000), (b"b", b"x" * 5_000)])
    assert answer.status == (
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "the metadata has 10002 bytes, and the server accepts 8192",
    )


@pytest.mark.parametrize(
    ("client", "peer"),
    [
        (("192.0.2.1", 50312), b"ipv4:192.0.2.1:50312"),
        (("2001:db8::1", 50312), b"ipv6:[2001:db8::1]:50312"),
        (("::ffff:192.0.2.1", 50312), b"ipv4:192.0.2.1:50312"),
        (None, b"unix:"),
    ],
)
async def test_the_peer_is_named_as_grpc_does(client: object, peer: bytes) -> None:
    async def who(_: bytes, context: CallContext) -> bytes:
        return context.peer().encode()

    assert (await call(with_method(who), framed(b""), client=client)).messages == [peer]


def test_a_certificate_names_its_holder_as_grpc_does() -> None:
    issued = trustme.CA().issue_cert(
        "dialer.example.com", "192.0.2.1", "dialer@example.com", common_name="dialer"
    )
    assert auth_context_of(issued.cert_chain_pems[0].bytes().decode()) == {
        "x509_common_name": [b"dialer"],
        "peer_dns": [b"dialer.example.com"],
        "peer_ip": [b"192.0.2.1"],
        "peer_email": [b"dialer@example.com"],
    }


async def test_messages_are_parsed_and_serialized_for_handlers_that_ask_for_it() -> None:
    async def check(request: HealthCheckRequest, _: CallContext) -> HealthCheckResponse:
        return HealthCheckResponse(status=len(request.service))

    application = Application({PATH: MOST})
    parse, serialize = HealthCheckRequest.FromString, HealthCheckResponse.SerializeToString
    application.add({PATH: grpc.unary_unary_rpc_method_handler(check, parse, serialize)})
    answer = await call(application, framed(HealthCheckRequest(service="ab").SerializeToString()))
    assert HealthCheckResponse.FromString(answer.messages[0]).status == 2
    assert (await call(application, framed(b"\xff"))).status == (
        grpc.StatusCode.INTERNAL,
        "a request cannot be parsed",
    )


async def test_a_method_may_write_several_responses() -> None:
    async def watch(request: bytes, context: Any) -> None:
        await context.write(request)
        await context.write(b"again")
        await context.abort(grpc.StatusCode.UNAVAILABLE, "the end")

    application = Application({PATH: MOST})
    application.add({PATH: grpc.unary_stream_rpc_method_handler(watch, bytes, bytes)})
    answer = await call(application, framed(b"once"))
    assert answer.messages == [b"once", b"again"]
    assert answer.status == (grpc.StatusCode.UNAVAILABLE, "the end")


async def test_a_method_may_answer_each_of_several_requests() -> None:
    async def shout(requests: AsyncIterator[bytes], _: CallContext) -> AsyncIterator[bytes]:
        async for request in requests:
            yield request.upper()

    application = Application({PATH: MOST})
    application.add({PATH: grpc.stream_stream_rpc_method_handler(shout, bytes, bytes)})
    answer = await call(application, framed(b"one") + framed(b"two")[:3], framed(b"two")[3:])
    assert answer.messages == [b"ONE", b"TWO"]
    assert answer.status == (grpc.StatusCode.OK, "")
    assert (await call(application)).messages == []
