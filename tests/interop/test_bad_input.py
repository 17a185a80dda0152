"""Failures between client and server, in each language: errors are typed, timely, and leak nothing."""

import contextlib
import re
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from localdial.v1 import errors_pb2
from localdial_client import __version__
from tests.functional.server_process import ServerProcess
from tests.interop.client_user import KEY, METHOD, ClientUser
from tests.interop.conftest import StartDriver
from tests.interop.driver import Failure
from tests.interop.proxy import Proxy
from tests.interop.reasons import reasons
from tests.interop.schema import Answered, Violation
from tests.interop.scripted_server import Gatekeeper, ScriptedServer, script_of
from tests.support.certificates import Authority, Identity, server_credentials
from tests.support.fake_server import HANG_SECONDS, Hang, fails_raw


@pytest.fixture
def user(language: str, running_driver: StartDriver) -> ClientUser:
    return ClientUser(running_driver(language))


@pytest.fixture
def script() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"), "right")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"), "wrong")


@pytest.fixture(scope="module")
def client_identity(authority: Authority) -> Identity:
    return authority.issue("client.example")


@pytest.fixture(scope="module")
def gate(authority: Authority) -> Iterator[Gatekeeper]:
    """Yield a TLS server that requires the key."""
    with Gatekeeper(KEY, server_credentials(authority.issue("127.0.0.1"))) as server:
        yield server


@pytest.fixture(scope="module")
def inner_gate(authority: Authority) -> Iterator[Gatekeeper]:
    """Yield a TLS server that requires the key and a client certificate."""
    with Gatekeeper(KEY, server_credentials(authority.issue("127.0.0.1"), authority)) as server:
        yield server


@contextlib.contextmanager
def during(call: Hang, happens: Callable[[], None]) -> Iterator[None]:
    """Run a function as soon as the call has arrived at the server."""

    came = threading.Event()

    def wait() -> None:
        if call.started.wait(HANG_SECONDS):
            came.set()
            happens()

    thread = threading.Thread(target=wait)
    thread.start()
    try:
        yield
    finally:
        thread.join()
    assert came.is_set(), "the call never came"


@contextlib.contextmanager
def answering_every_connection(sent: bytes) -> Iterator[str]:
    """Yield the address of a server that sends these bytes after the client's first ones, then hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            # Closing the listener ends the loop.
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection, contextlib.suppress(OSError):
                        connection.recv(1)
                        connection.sendall(sent)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()


def assert_explained(failure: Failure, address: str) -> None:
    """Check that the message of a call that no server answered says where and how often it was tried."""
    assert address in failure.message
    assert re.search(r", (1 attempt|[2-9] attempts)$", failure.message), failure.message
    assert "\n" not in failure.message


# Valid credentials work, or the tests below would prove nothing.


def test_with_the_right_key_and_certificate_a_call_is_answered(
    user: ClientUser, language: str, gate: Gatekeeper, authority: Authority
) -> None:
    gate.begin([])
    user.answered(gate.address, key=KEY, tls=True, root_certificate=authority.certificate)
    agent = str(gate.seen()[0].metadata["user-agent"])
    assert agent.startswith(f"localdial-client-{language.partition('_')[0]}/{__version__}"), agent


def test_a_client_with_its_own_certificate_is_accepted(
    user: ClientUser, inner_gate: Gatekeeper, authority: Authority, client_identity: Identity
) -> None:
    user.answered(
        inner_gate.address,
        key=KEY,
        tls=True,
        root_certificate=authority.certificate,
        client_certificate=client_identity.certificate,
        client_key=client_identity.key,
    )


def test_several_servers_can_be_reached_over_tls(
    user: ClientUser, gate: Gatekeeper, authority: Authority
) -> None:
    with Gatekeeper(KEY, server_credentials(authority.issue("127.0.0.1"))) as other:
        user.answered(gate.address, other.address, key=KEY, tls=True, root_certificate=authority.certificate)


# Keys.


@pytest.mark.parametrize("key", ["another", None], ids=["wrong", "none"])
def test_a_wrong_key_is_unauthenticated(
    user: ClientUser, gate: Gatekeeper, authority: Authority, key: str | None
) -> None:
    failure = user.failed(gate.address, key=key, tls=True, root_certificate=authority.certificate)
    assert (failure.code, failure.reason) == ("UNAUTHENTICATED", "")
    assert "the key is not known" in failure.message


@pytest.mark.parametrize(
    "addresses", [["192.0.2.1:50051"], ["localdial.example:50051"], ["127.0.0.1:1", "192.0.2.1:1"]]
)
def test_a_key_is_not_sent_to_other_machines_without_tls(user: ClientUser, addresses: list[str]) -> None:
    assert "TLS" in user.refused(*addresses, key=KEY).upper()


# Certificates.


def test_a_server_with_a_certificate_of_an_unknown_authority_is_unavailable(
    user: ClientUser, gate: Gatekeeper, stranger: Authority
) -> None:
    gate.begin([])
    failure = user.failed(gate.address, key=KEY, tls=True, root_certificate=stranger.certificate)
    assert failure.code == "UNAVAILABLE"
    assert not gate.seen()


def test_a_server_whose_authority_the_system_does_not_know_is_unavailable(
    user: ClientUser, gate: Gatekeeper
) -> None:
    gate.begin([])
    assert user.failed(gate.address, key=KEY, tls=True).code == "UNAVAILABLE"
    assert not gate.seen()


def test_a_server_with_a_certificate_for_another_name_is_unavailable(
    user: ClientUser, authority: Authority
) -> None:
    with Gatekeeper(KEY, server_credentials(authority.issue("localdial.example"))) as server:
        failure = user.failed(server.address, key=KEY, tls=True, root_certificate=authority.certificate)
        assert failure.code == "UNAVAILABLE"
        assert_explained(failure, server.address)
        assert not server.seen()


def test_a_client_without_a_certificate_is_refused(
    user: ClientUser, inner_gate: Gatekeeper, authority: Authority
) -> None:
    inner_gate.begin([])
    failure = user.failed(inner_gate.address, key=KEY, tls=True, root_certificate=authority.certificate)
    assert failure.code == "UNAVAILABLE"
    assert not inner_gate.seen()


def test_a_client_with_a_certificate_of_an_unknown_authority_is_refused(
    user: ClientUser, inner_gate: Gatekeeper, authority: Authority, stranger: Authority
) -> None:
    inner_gate.begin([])
    identity = stranger.issue("client.example")
    failure = user.failed(
        inner_gate.address,
        key=KEY,
        tls=True,
        root_certificate=authority.certificate,
        client_certificate=identity.certificate,
        client_key=identity.key,
    )
    assert failure.code == "UNAVAILABLE"
    assert not inner_gate.seen()


def test_a_client_without_tls_cannot_reach_a_server_with_tls(user: ClientUser, gate: Gatekeeper) -> None:
    gate.begin([])
    failure = user.failed(gate.address, key=KEY)
    assert failure.code == "UNAVAILABLE"
    assert_explained(failure, gate.address)
    assert not gate.seen()


def test_a_client_with_tls_cannot_reach_a_server_without_tls(
    user: ClientUser, script: ScriptedServer, authority: Authority
) -> None:
    failure = user.failed(script.address, key=KEY, tls=True, root_certificate=authority.certificate)
    assert failure.code == "UNAVAILABLE"
    assert_explained(failure, script.address)
    assert not script.seen()


def test_unusable_certificates_are_refused(
    user: ClientUser, authority: Authority, client_identity: Identity, tmp_path: Path
) -> None:
    no_pem = tmp_path / "no.pem"
    no_pem.write_text("not a certificate")
    assert user.refused("127.0.0.1:1", tls=True, root_certificate=no_pem)
    known = {"tls": True, "root_certificate": authority.certificate}
    assert user.refused("127.0.0.1:1", client_certificate=client_identity.certificate, **known)
    assert user.refused("127.0.0.1:1", client_key=client_identity.key, **known)


# Addresses.


def test_an_address_without_a_server_is_unavailable(user: ClientUser) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        failure = user.failed(f"127.0.0.1:{bound.getsockname()[1]}")
    assert (failure.code, failure.reason) == ("UNAVAILABLE", "")


def test_an_error_without_an_answer_says_why_and_how_often_it_was_tried(user: ClientUser) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{bound.getsockname()[1]}"
        # The first call of a JVM may take longer than the deadline of the second.
        gone = user.failed(address)
        late = user.failed(address, timeout_ms=500)
    assert (late.code, gone.code) == ("DEADLINE_EXCEEDED", "UNAVAILABLE")
    for failure in (late, gone):
        assert_explained(failure, address)
        assert "REFUSED" in failure.message.upper()


def test_a_late_error_says_that_the_certificate_is_not_trusted(
    user: ClientUser, gate: Gatekeeper, stranger: Authority
) -> None:
    failure = user.failed(
        gate.address, timeout_ms=1000, key=KEY, tls=True, root_certificate=stranger.certificate
    )
    assert failure.code == "DEADLINE_EXCEEDED"
    assert_explained(failure, gate.address)
    assert re.search("certificate|certification", failure.message, re.IGNORECASE), failure.message


def test_an_unknown_host_name_is_unavailable(user: ClientUser) -> None:
    failure = user.failed("localdial.invalid:50051")
    assert failure.code == "UNAVAILABLE"
    assert_explained(failure, "localdial.invalid:50051")
    assert "RESOLV" in failure.message.upper()


@pytest.mark.parametrize("timeout_ms", [None, 700])
@pytest.mark.parametrize(
    "sent", [b"", b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"]
)
def test_an_error_of_a_server_that_hangs_up_or_does_not_speak_http_2_has_its_address(
    user: ClientUser, sent: bytes, timeout_ms: int | None
) -> None:
    with answering_every_connection(sent) as address:
        failure = user.failed(address, timeout_ms=timeout_ms)
    # gRPC for Java does not repeat a call to a server that speaks something else.
    assert failure.code in {"UNAVAILABLE", "DEADLINE_EXCEEDED", "INTERNAL"}
    assert_explained(failure, address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        " ",
        "127.0.0.1",
        "localhost",
        "127.0.0.1:",
        ":50051",
        "127.0.0.1:0",
        "localhost:99999",
        "127.0.0.1:port",
        "127.0.0.1:50051/",
        "127.0.0.1:50051/path",
        " 127.0.0.1:50051",
        "127.0.0.1:50051\n",
        "127.0.0.1: 50051",
        "::1",
        "[::1]",
        "::1:50051",
        "http://127.0.0.1:50051",
        "https://dial.example",
        "grpc://x:1",
        "tcp://127.0.0.1:50051",
        "dns:///localhost",
        "dns:///localhost:99999",
        "DNS://localhost",
        "xds:///localdial",
        "HTTP://127.0.0.1:50051",
        "user:password@127.0.0.1:50051",
        "user@localhost:50051",
        "dns:///user@localhost:50051",
        "127.0.0.1:50051?timeout=1",
        "127.0.0.1:50051#1",
        "127.0.0.1:1,127.0.0.1:2",
        "127.0.0.1:65536",
        "127.0.0.1:+1",
        "127.0.0.1:-1",
        "127.0.0.1:123456",
        "127.0.0.1:\uff15\uff10",
        "local host:50051",
        "localhost\u00a0:50051",
        "localhost\u200b:50051",
        "\ufefflocalhost:50051",
        "local\0host:50051",
        "[localhost]:50051",
        "[::1:50051",
        "[::1]50051",
        "[::1]:0",
        "[]:50051",
        "'localhost':50051",
        '"localhost:50051"',
    ],
)
@pytest.mark.parametrize("others", [[], ["127.0.0.1:1"]], ids=["alone", "among several"])
def test_an_address_that_cannot_work_is_refused_with_the_right_form(
    user: ClientUser, address: str, others: list[str]
) -> None:
    assert "use host:port, such as 127.0.0.1:50051 or [::1]:50051" in user.refused(address, *others)


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1:50051"],
        ["[::1]:50051"],
        ["dial.example:1"],
        ["dns:///localhost:65535"],
        ["127.0.0.1:1", "[::1]:2"],
    ],
)
def test_an_address_that_can_work_is_accepted(user: ClientUser, addresses: list[str]) -> None:
    assert user.connect(*addresses) == {"ok": True}
    user.close()


def test_a_silent_server_is_given_up_at_the_deadline(user: ClientUser) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        failure = user.failed(address, timeout_ms=1000)
    assert failure.code == "DEADLINE_EXCEEDED"
    assert_explained(failure, address)
    assert failure.message.endswith(", 1 attempt")


def test_with_one_of_two_servers_down_every_call_is_answered(
    user: ClientUser, script: ScriptedServer
) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        nobody = f"127.0.0.1:{bound.getsockname()[1]}"
        assert user.connect(nobody, script.address) == {"ok": True}
        answers = [user.call() for _ in range(20)]
        user.close()
    assert [answer for answer in answers if "response" not in answer] == []


# Calls.


def test_a_call_without_a_response_says_from_where(user: ClientUser, script: ScriptedServer) -> None:
    script.begin([Hang()])
    failure = user.failed(script.address, timeout_ms=1000)
    assert failure.code == "DEADLINE_EXCEEDED"
    assert_explained(failure, script.address)
    assert failure.message.endswith(", 1 attempt")


@pytest.mark.parametrize("code", ["UNAVAILABLE", "CANCELLED"])
def test_a_late_error_says_why_the_last_attempt_failed(
    user: ClientUser, script: ScriptedServer, code: str
) -> None:
    script.begin([script_of(METHOD, Answered(code=code, message="no room here")), Hang()])
    failure = user.failed(script.address, timeout_ms=2000)
    assert failure.code == "DEADLINE_EXCEEDED"
    assert_explained(failure, script.address)
    assert "no room here" in failure.message
    assert failure.message.endswith(", 2 attempts")


@pytest.mark.parametrize("timeout_ms", [0, 1])
def test_a_deadline_in_the_past_is_exceeded(
    user: ClientUser, script: ScriptedServer, timeout_ms: int
) -> None:
    script.begin([script_of(METHOD, Answered(after_ms=500))])
    assert user.failed(script.address, timeout_ms=timeout_ms).code == "DEADLINE_EXCEEDED"


def test_a_call_whose_connection_is_cut_is_retried(user: ClientUser, script: ScriptedServer) -> None:
    hang = Hang()
    script.begin([hang])
    with Proxy(script.address) as proxy, during(hang, proxy.cut):
        user.answered(proxy.address)
    first, second = script.seen()
    assert first.request == second.request


def test_a_call_whose_server_stops_is_unavailable(user: ClientUser, script: ScriptedServer) -> None:
    hang = Hang()
    script.begin([hang])
    with Proxy(script.address) as proxy, during(hang, proxy.leave):
        assert user.failed(proxy.address).code == "UNAVAILABLE"
    assert len(script.seen()) == 1


@pytest.mark.parametrize("reason", reasons(), ids=lambda reason: reason.name)
def test_an_error_with_any_reason_has_its_type(user: ClientUser, script: ScriptedServer, reason: Any) -> None:
    told = Answered(
        code=reason.code,
        message=f"{reason.name} for people",
        reason=reason.name,
        metadata={name: f"the {name}" for name in reason.metadata},
        violations=[Violation(field="users[0].caller_id", description="must be E.164: +14155550100")],
        retry_delay_ms=2500,
    )
    script.begin([script_of(METHOD, told)] * 5)
    failure = user.failed(script.address)
    assert failure == Failure(
        type=failure.type,
        code=reason.code,
        reason=reason.name,
        message=f"{reason.name} for people",
        metadata=told.metadata,
        violations=(("users[0].caller_id", "must be E.164: +14155550100"),),
        retry_delay_ms=2500,
    )


def test_every_reason_of_the_contract_is_tested() -> None:
    (enum,) = errors_pb2.DESCRIPTOR.enum_types_by_name.values()
    assert [f"ERROR_REASON_{reason.name}" for reason in reasons()] == [
        value.name for value in enum.values if value.number
    ]


def test_an_error_with_hundreds_of_invalid_fields_lists_the_first_ones_and_their_number(
    user: ClientUser, live_server: ServerProcess
) -> None:
    bad = {"organization_id": "acme", "user_id": "ann", "caller_id": "bad", "work_phone": "bad"}
    request = {"organization_id": "acme", "users": [bad] * 1000, "validate_only": True}
    assert user.connect(live_server.address) == {"ok": True}
    answer = user.call(method="localdial.v1.Directory/BatchSetUsers", request=request)
    user.close()
    failure = Failure.of(answer["error"])
    assert (failure.code, failure.reason) == ("INVALID_ARGUMENT", "INVALID_FIELDS")
    assert failure.metadata == {"violation_count": "2000"}
    assert 20 < len(failure.violations) <= 100
    assert [field for field, _ in failure.violations[:3]] == [
        "users[0].caller_id",
        "users[0].work_phone",
        "users[1].caller_id",
    ]


def test_unreadable_details_do_not_hide_the_error(user: ClientUser, script: ScriptedServer) -> None:
    script.begin([fails_raw(grpc.StatusCode.NOT_FOUND, "no such user", b"\xff\xff\xff")])
    failure = user.failed(script.address)
    assert (failure.code, failure.reason) == ("NOT_FOUND", "")
    assert "no such user" in failure.message


# Leftovers.


def test_no_socket_is_left_behind(user: ClientUser) -> None:
    def a_round(server: ScriptedServer) -> None:
        server.begin([])
        user.answered(server.address)
        server.begin([script_of(METHOD, Answered(code="INTERNAL"))])
        assert user.failed(server.address).code == "INTERNAL"
        server.begin([Hang()])
        assert user.failed(server.address, timeout_ms=50).code == "DEADLINE_EXCEEDED"
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))
            user.failed(f"127.0.0.1:{bound.getsockname()[1]}", timeout_ms=50)

    with contextlib.ExitStack() as exits:
        # Use a new server each time, because clients of one process may share a connection, and keep
        # all of them running, because a server that stops would close leaked connections.
        first, *others = (exits.enter_context(ScriptedServer()) for _ in range(6))
        # Sockets that a language opens once for the whole process do not count.
        a_round(first)
        before = user.sockets()
        for server in others:
            a_round(server)
        assert user.sockets(at_most=before) <= before


def test_the_driver_ends_by_itself_and_prints_no_secret(
    language: str, start_driver: StartDriver, user: ClientUser
) -> None:
    driver = start_driver(language)
    assert driver.ask({"op": "connect", "client": "a", "addresses": ["127.0.0.1:1"], "key": KEY}) == {
        "ok": True
    }
    assert driver.ask({"op": "no-such-thing"}).keys() == {"unsupported"}
    assert driver.end() == 0
    assert KEY not in user.driver.log.read_text("utf-8", errors="replace")
