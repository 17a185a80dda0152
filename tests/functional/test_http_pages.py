"""What pages in browsers may do with the API over HTTP, and what the server sends them."""

from collections.abc import Callable

import pytest

from tests.functional.http_caller import Answer, HttpCaller
from tests.functional.server_process import ServerProcess

GET = "Directory/GetOrganization"
NOBODY = {"organizationId": "nobody"}
CRM = "https://crm.example.com"


@pytest.fixture
def http(start_server: Callable[..., ServerProcess]) -> HttpCaller:
    return HttpCaller(start_server(LOCALDIAL_HTTP_LISTEN="127.0.0.1:0").page)


@pytest.fixture
def shared(start_server: Callable[..., ServerProcess]) -> HttpCaller:
    """A server that shares its answers with the pages of `CRM`."""
    server = start_server(LOCALDIAL_HTTP_LISTEN="127.0.0.1:0", LOCALDIAL_HTTP_ORIGINS=CRM)
    return HttpCaller(server.page)


def is_served(answer: Answer) -> bool:
    return answer.status == 404 and answer.reason == "ORGANIZATION_NOT_FOUND"


@pytest.mark.parametrize(
    "host",
    ["evil.example.com", "evil.example.com:80", "localhost.evil.com", "127.0.0.1.evil.com", "evil.com."],
)
def test_a_request_for_a_foreign_host_is_refused_where_anybody_may_call(http: HttpCaller, host: str) -> None:
    answer = http.call(GET, NOBODY, host=host)
    assert answer.status == 403
    assert answer.document["code"] == "permission_denied"
    assert "LOCALDIAL_HTTP_ORIGINS" in answer.document["message"]
    assert http.send("GET", "/", host=host).status == 403


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8080", "127.0.0.1:9", "[::1]:8080", "app.localhost"]
)
def test_a_request_for_a_name_that_only_this_machine_has_is_served(http: HttpCaller, host: str) -> None:
    assert is_served(http.call(GET, NOBODY, host=host))


@pytest.mark.parametrize("origin", ["https://evil.example.com", "null", "http://127.0.0.1", "file://"])
def test_a_request_of_a_foreign_page_is_refused_where_anybody_may_call(http: HttpCaller, origin: str) -> None:
    answer = http.call(GET, NOBODY, origin=origin)
    assert answer.status == 403
    assert origin in answer.document["message"]
    assert "LOCALDIAL_HTTP_ORIGINS" in answer.document["message"]
    assert not any(name.startswith("access-control") for name in answer.headers)


def test_the_page_of_the_server_itself_may_call(http: HttpCaller) -> None:
    host, port = http.address
    assert is_served(http.call(GET, NOBODY, origin=f"http://{host}:{port}"))


def test_pages_of_the_set_origins_may_call_and_read(shared: HttpCaller) -> None:
    answer = shared.call(GET, NOBODY, origin=CRM)
    assert is_served(answer)
    assert answer.headers["access-control-allow-origin"] == CRM
    assert "grpc-status" in answer.headers["access-control-expose-headers"]
    assert "access-control-allow-credentials" not in answer.headers
    preflight = shared.send(
        "OPTIONS", f"/localdial.v1.{GET}", origin=CRM, access_control_request_method="POST"
    )
    assert preflight.status == 204
    assert preflight.headers["access-control-allow-origin"] == CRM
    assert preflight.headers["access-control-allow-methods"] == "POST"
    assert "authorization" in preflight.headers["access-control-allow-headers"]
    assert is_served(shared.call(GET, NOBODY, host="crm.example.com"))


def test_a_preflight_of_another_page_gets_no_permission(shared: HttpCaller) -> None:
    answer = shared.send(
        "OPTIONS",
        f"/localdial.v1.{GET}",
        origin="https://crm.example.com.evil.com",
        access_control_request_method="POST",
    )
    assert not any(name.startswith("access-control") for name in answer.headers)


def test_where_credentials_are_required_a_foreign_page_just_has_none(
    start_server: Callable[..., ServerProcess],
) -> None:
    server = start_server(LOCALDIAL_HTTP_LISTEN="127.0.0.1:0", LOCALDIAL_REQUIRE_CREDENTIALS="true")
    answer = HttpCaller(server.page).call(GET, NOBODY, host="localdial.example.com", origin=CRM)
    assert (answer.status, answer.reason) == (401, "UNAUTHENTICATED")
    assert not any(name.startswith("access-control") for name in answer.headers)


def test_every_answer_has_a_strict_content_policy(http: HttpCaller) -> None:
    answers = [
        http.send("GET", "/"),
        http.send("GET", "/nothing"),
        http.call(GET, NOBODY),
        http.call(GET, NOBODY, host="evil.com"),
        http.send("GET", f"/localdial.v1.{GET}"),
    ]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"


def test_the_health_is_there_for_balancers(http: HttpCaller) -> None:
    answer = http.send("GET", "/health", host="localdial.internal")
    assert (answer.status, answer.body) == (200, b"SERVING\n")
