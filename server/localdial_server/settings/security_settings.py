"""The settings for who may call the server, and how connections are protected."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from localdial_server.settings.validators import is_loopback, valid_address_or_empty


class SecuritySettings(BaseSettings):
    """The part of `Settings` for who may call the server, and how connections are protected."""

    # Only `Settings`, which inherits the fields, validates values.
    model_config = SettingsConfigDict(defer_build=True)

    tls_certificate: Path | None = None
    """PEM file with the server's certificate, followed by the intermediate certificates. With it the server
    speaks TLS 1.2 and 1.3 only. It is read again when it changes."""
    tls_key: Path | None = None
    """PEM file with the private key of the certificate, not encrypted. It is read again when it changes."""
    tls_client_ca: Path | None = None
    """PEM file with the certificates of the authorities that issue client certificates. It is read again when
    it changes."""
    tls_client_certificates: Literal["off", "optional", "required"] = "off"
    """Whether callers show a client certificate: off, required, or optional, where those with one call the
    address LOCALDIAL_TLS_CLIENT_LISTEN and those without one the usual address."""
    tls_client_listen: Annotated[str, AfterValidator(valid_address_or_empty)] = ""
    """Second address, host:port, if client certificates are optional: they are required there."""
    require_credentials: bool = False
    """Refuse calls without credentials. Always the case on an address that other machines can reach, unless
    LOCALDIAL_ALLOW_INSECURE is set."""
    allow_insecure: bool = False
    """Listen without TLS, and accept calls without credentials, on an address that other machines can
    reach. Anyone there can then read every call, and buy and delete numbers. Only
    LOCALDIAL_REQUIRE_CREDENTIALS still asks for credentials."""

    @field_validator("tls_key")
    @classmethod
    def _certificate_and_key_go_together(cls, key: Path | None, info: ValidationInfo) -> Path | None:
        if "tls_certificate" in info.data and (key is None) != (info.data["tls_certificate"] is None):
            raise ValueError("set both this and LOCALDIAL_TLS_CERTIFICATE, or neither")
        return key

    @field_validator("tls_client_ca")
    @classmethod
    def _client_certificates_need_tls(cls, authorities: Path | None, info: ValidationInfo) -> Path | None:
        if authorities is not None and info.data.get("tls_certificate", authorities) is None:
            raise ValueError("has no effect without LOCALDIAL_TLS_CERTIFICATE and LOCALDIAL_TLS_KEY")
        return authorities

    @field_validator("tls_client_certificates")
    @classmethod
    def _client_certificates_need_an_authority(cls, wanted: str, info: ValidationInfo) -> str:
        if "tls_client_ca" not in info.data:
            return wanted
        if wanted != "off" and info.data["tls_client_ca"] is None:
            raise ValueError(f"is {wanted}; set LOCALDIAL_TLS_CLIENT_CA too, the authorities to trust")
        if wanted == "off" and info.data["tls_client_ca"] is not None:
            raise ValueError("is off; set it to optional or required, or do not set LOCALDIAL_TLS_CLIENT_CA")
        return wanted

    @field_validator("tls_client_listen")
    @classmethod
    def _only_optional_ones_have_an_address(cls, address: str, info: ValidationInfo) -> str:
        wanted = info.data.get("tls_client_certificates")
        if wanted == "optional" and not address:
            raise ValueError(
                "must be set if client certificates are optional: the address where they are required"
            )
        if wanted in {"off", "required"} and address:
            raise ValueError(f"is set, but LOCALDIAL_TLS_CLIENT_CERTIFICATES is {wanted}, not optional")
        return address

    @property
    def uses_tls(self) -> bool:
        """Whether the server has a certificate, and so speaks TLS."""
        return self.tls_certificate is not None


def safe_to_expose(address: str, info: ValidationInfo) -> str:
    """Accept an empty address, and one that is loopback, has TLS, or is explicitly allowed to have none.

    For fields that are declared after those of `SecuritySettings`.
    """
    # A setting that is wrong itself is absent, and reported already.
    is_safe = not address or is_loopback(address) or info.data.get("tls_certificate", address)
    if not is_safe and not info.data.get("allow_insecure", True):
        raise ValueError(
            f"is {address}, which other machines can reach, but what is sent there would not be encrypted; "
            "set LOCALDIAL_TLS_CERTIFICATE and LOCALDIAL_TLS_KEY, listen on a loopback address such as "
            "127.0.0.1, or set LOCALDIAL_ALLOW_INSECURE to true"
        )
    return address
