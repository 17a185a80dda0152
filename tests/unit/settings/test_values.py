"""The settings that a child process reads: they are those that this process would read."""

import os
from pathlib import Path

import pytest

from localdial_server.settings import values
from localdial_server.settings.errors import SettingsError, StartError
from localdial_server.settings.settings import read_settings
from localdial_server.settings.values import Secret, read_values

FILE = """
drain_seconds = 3
destination_countries = ["US", "CA"]
webhook_public_url = "https://voice.example.com"
[organization_limits.acme]
max_numbers = 20000
rate_units_per_second = 5
allowed_number_kinds = ["satellite"]
"""


def test_the_values_are_those_of_the_settings_read_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "localdial.toml"
    file.write_text(FILE)
    monkeypatch.setenv("LOCALDIAL_TWILIO_AUTH_TOKEN", "veryS3cret")
    monkeypatch.setenv("LOCALDIAL_TLS_CERTIFICATE", "cert.pem")
    monkeypatch.setenv("LOCALDIAL_TLS_KEY", "key.pem")
    monkeypatch.setenv("LOCALDIAL_TLS_CLIENT_CA", "ca.pem")
    monkeypatch.setenv("LOCALDIAL_TLS_CLIENT_CERTIFICATES", "required")
    monkeypatch.setenv("LOCALDIAL_TLS_CLIENT_PRINCIPALS", '{"DNS:a.example": {"role": "gateway"}}')
    here = read_settings(file, listen="0.0.0.0:5")
    settings = read_values(file, listen="0.0.0.0:5").settings()
    assert "veryS3cret" not in f"{settings} {settings.twilio_auth_token} {settings!r}"
    read = vars(settings)
    assert isinstance(read["twilio_auth_token"], Secret)
    assert read.keys() >= set(type(here).model_fields) | {
        "certificate_principals",
        "rates",
        "spending_limits",
    }
    for name, value in read.items():
        expected = getattr(here, name)
        if isinstance(value, Secret):
            assert value.get_secret_value() == expected.get_secret_value()
        elif name in {"organization_limits", "tls_client_principals"}:
            assert value
            assert {key: vars(each) for key, each in value.items()} == {
                key: dict(each) for key, each in expected.items()
            }
        else:
            assert value == expected, name


def test_settings_that_cannot_be_used_are_reported_as_if_read_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCALDIAL_WORKERS", "many")
    monkeypatch.setenv("LOCALDIAL_LISTEN", "here")
    with pytest.raises(SettingsError) as here:
        read_settings()
    with pytest.raises(SettingsError) as by_the_child:
        read_values().settings()
    assert by_the_child.value.problems == here.value.problems


def test_variables_that_are_not_read_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.upper().startswith("LOCALDIAL_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("LOCALDIAL_WORKRES", "2")
    monkeypatch.setenv("LOCALDIAL_OTHER", "2")
    assert read_values(None, ["LOCALDIAL_OTHER"]).unknown_variables == [
        ("LOCALDIAL_WORKRES", "LOCALDIAL_WORKERS")
    ]


def test_a_child_that_fails_is_a_start_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(values, "_READER", (values._READER[0], "-c", "raise SystemExit(3)"))
    with pytest.raises(StartError, match="failed with exit code 3"):
        read_values()
