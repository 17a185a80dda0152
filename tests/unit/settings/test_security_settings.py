import pytest

from localdial_server.settings.errors import SettingsError
from localdial_server.settings.settings import read_settings

TLS = {"tls_certificate": "server.pem", "tls_key": "server.key"}
CLIENT_CA = {**TLS, "tls_client_ca": "clients.pem"}


@pytest.mark.parametrize(
    ("given", "required"),
    [
        ({}, False),
        (TLS, False),
        ({"require_credentials": True}, True),
        ({"listen": "0.0.0.0:1", **TLS}, True),
        ({"listen": "0.0.0.0:1", "allow_insecure": True}, False),
        ({"listen": "0.0.0.0:1", "allow_insecure": True, **TLS}, False),
        ({"listen": "0.0.0.0:1", "allow_insecure": True, "require_credentials": True}, True),
        ({"allow_insecure": True, "require_credentials": True}, True),
    ],
)
def test_credentials_are_required_where_other_machines_call_unless_insecurity_is_allowed(
    given: dict[str, object], *, required: bool
) -> None:
    assert read_settings(None, **given).credentials_required is required


NOT_BOTH = "set both this and LOCALDIAL_TLS_CERTIFICATE, or neither"
NO_TLS = "has no effect without LOCALDIAL_TLS_CERTIFICATE and LOCALDIAL_TLS_KEY"
OFF = "is off; set it to optional or required, or do not set LOCALDIAL_TLS_CLIENT_CA"
NO_CA = "is required; set LOCALDIAL_TLS_CLIENT_CA too, the authorities to trust"
NO_ADDRESS = "must be set if client certificates are optional: the address where they are required"
NOT_OPTIONAL = "is set, but LOCALDIAL_TLS_CLIENT_CERTIFICATES is required, not optional"


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"tls_certificate": "a"}, f"LOCALDIAL_TLS_KEY: {NOT_BOTH}"),
        ({"tls_key": "a"}, f"--tls-key: {NOT_BOTH}"),
        ({"tls_client_ca": "a", "tls_client_certificates": "required"}, f"--tls-client-ca: {NO_TLS}"),
        (CLIENT_CA, f"LOCALDIAL_TLS_CLIENT_CERTIFICATES: {OFF}"),
        ({**TLS, "tls_client_certificates": "required"}, f"--tls-client-certificates: {NO_CA}"),
        ({**CLIENT_CA, "tls_client_certificates": "optional"}, f"LOCALDIAL_TLS_CLIENT_LISTEN: {NO_ADDRESS}"),
        (
            {**CLIENT_CA, "tls_client_certificates": "required", "tls_client_listen": "127.0.0.1:0"},
            f"--tls-client-listen: {NOT_OPTIONAL}",
        ),
    ],
)
def test_settings_of_tls_that_do_not_fit_together_are_refused(given: dict[str, object], problem: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings(None, **given)
    assert str(caught.value) == problem


def test_client_certificates_may_be_required_or_have_an_address_of_their_own() -> None:
    assert read_settings(None, **CLIENT_CA, tls_client_certificates="required").uses_tls
    read_settings(None, **CLIENT_CA, tls_client_certificates="optional", tls_client_listen="127.0.0.1:0")


def test_a_problem_with_one_setting_of_tls_is_reported_once() -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings(None, **{**CLIENT_CA, "tls_certificate": "a\n"}, listen="0.0.0.0:1")
    assert [problem.setting for problem in caught.value.problems] == [
        "--tls-certificate",
        "LOCALDIAL_TLS_CLIENT_CERTIFICATES",
    ]
