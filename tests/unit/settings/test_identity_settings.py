"""Which settings say who callers are."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from localdial_server.domain.principals import Principal, Role
from localdial_server.settings.settings import Settings

TOKENS: dict[str, Any] = {
    "jwt_issuer": "https://i.example/",
    "jwt_audience": "localdial",
    "jwt_jwks": "/etc/jwks.json",
}
TLS: dict[str, Any] = {
    "tls_certificate": Path("/c.pem"),
    "tls_key": Path("/k.pem"),
    "tls_client_ca": Path("/ca.pem"),
    "tls_client_certificates": "required",
}
DIALER: Any = {"role": "dialer", "organization_id": "acme"}


def problems(**values: Any) -> list[str]:
    with pytest.raises(ValidationError) as raised:
        Settings(**values)
    # Defaults that depend on other settings are reported too, and `read_settings` leaves them out.
    own = [error for error in raised.value.errors() if error["type"] == "value_error"]
    return [f"{error['loc'][0]}: {error['msg']}" for error in own or raised.value.errors()]


@pytest.mark.parametrize("missing", TOKENS)
def test_the_settings_of_tokens_go_together(missing: str) -> None:
    found = problems(**{name: value for name, value in TOKENS.items() if name != missing})
    assert all("LOCALDIAL_JWT_ISSUER" in problem for problem in found)


@pytest.mark.parametrize("url", ["http://login.example.com/keys", "https:///keys", "https://a:b@c.example/k"])
def test_the_keys_of_tokens_come_from_a_url_that_can_be_trusted(url: str) -> None:
    assert problems(**{**TOKENS, "jwt_jwks": url})[0].startswith("jwt_jwks")


def test_callers_with_tokens_or_certificates_make_credentials_required_on_loopback_too() -> None:
    assert not Settings.model_validate({}).credentials_required
    assert Settings(**TOKENS).credentials_required
    assert Settings(**TLS, tls_client_principals={"CN:a": DIALER}).credentials_required


def test_client_certificates_stand_for_principals() -> None:
    given: Any = json.dumps({"DNS:dialer.example": DIALER, "CN:pbx": {"role": "gateway"}})
    assert Settings(**TLS, tls_client_principals=given).certificate_principals == {
        "DNS:dialer.example": Principal("certificate:DNS:dialer.example", Role.DIALER, "acme"),
        "CN:pbx": Principal("certificate:CN:pbx", Role.GATEWAY),
    }


@pytest.mark.parametrize(
    ("principals", "problem"),
    [
        ("{", "must be a JSON object"),
        ({"dialer.example": DIALER}, "write CN:, DNS:, URI:, EMAIL: or IP:"),
        ({"CN:a": {"role": "dialer"}}, "needs an organization_id"),
        ({"CN:a": {"role": "admin", "organization_id": "acme"}}, "leave out organization_id"),
        ({"CN:a": {"role": "root"}}, "'dialer', 'viewer', 'manager', 'gateway' or 'admin'"),
    ],
)
def test_principals_that_cannot_be_are_refused(principals: Any, problem: str) -> None:
    assert problem in problems(**TLS, tls_client_principals=principals)[0]


def test_principals_without_an_authority_are_refused() -> None:
    assert problems(tls_client_principals={"CN:a": DIALER}) == [
        "tls_client_principals: Value error, has no effect without LOCALDIAL_TLS_CLIENT_CA"
    ]
