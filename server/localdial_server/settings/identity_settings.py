"""The settings for callers whose identity is known elsewhere: tokens and client certificates."""

import json
import re
from collections.abc import Mapping
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from localdial_server.domain.formats import IDENTIFIER
from localdial_server.domain.principals import Principal, Role
from localdial_server.settings.validators import is_loopback

# The kinds of names in a certificate that gRPC tells apart: the common name of the subject, and those of the
# subject alternative names.
_CERTIFICATE_NAME: Final = re.compile(r"(CN|DNS|URI|EMAIL|IP):[ -~]{1,200}", re.ASCII)


class CertificatePrincipal(BaseModel):
    """What the holder of a client certificate may do."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Role
    organization_id: str | None = Field(None, pattern=IDENTIFIER.pattern)

    @model_validator(mode="after")
    def _role_and_organization_go_together(self) -> "CertificatePrincipal":
        if self.role.has_organization and self.organization_id is None:
            raise ValueError(f"the role {self.role} needs an organization_id")
        if not self.role.has_organization and self.organization_id is not None:
            raise ValueError(f"the role {self.role} is for all organizations; leave out organization_id")
        return self


def _read_json(value: object) -> object:
    """Parse JSON from a variable; a table of the TOML file is an object already."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise ValueError('must be a JSON object such as {"DNS:dialer.example.com": {"role": …}}') from None


def _named_as_in_certificates(
    principals: Mapping[str, CertificatePrincipal],
) -> Mapping[str, CertificatePrincipal]:
    for name in principals:
        if _CERTIFICATE_NAME.fullmatch(name) is None:
            raise ValueError(
                f"has the name {name}; write CN:, DNS:, URI:, EMAIL: or IP: and the name in the certificate, "
                "such as DNS:dialer.example.com"
            )
    return principals


def _valid_jwks(source: str) -> str:
    parts = urlsplit(source)
    if parts.scheme in {"http", "https"}:
        if not parts.hostname or parts.username is not None or parts.fragment:
            raise ValueError("must be the URL of a JWKS, without credentials or fragment (#)")
        if parts.scheme == "http" and not is_loopback(f"{parts.hostname}:0"):
            raise ValueError("must begin with https:// unless it is on this machine")
    return source


class IdentitySettings(BaseSettings):
    """The part of `Settings` for callers whose identity is known elsewhere."""

    # Only `Settings`, which inherits the fields, validates values.
    model_config = SettingsConfigDict(defer_build=True)

    jwt_issuer: str = ""
    """Issuer (`iss`) of the tokens (JWTs) that callers may send instead of an API key. With it, calls
    need credentials on every address."""
    jwt_audience: str = ""
    """Audience (`aud`) that tokens must be meant for."""
    jwt_jwks: Annotated[str, AfterValidator(_valid_jwks)] = ""
    """The issuer's public keys (JWKS): an https:// URL or a file. They are read again every few minutes, when
    the file changes, and when a token names a key that is not among them."""
    jwt_role_claim: str = "localdial_role"
    """Claim with the caller's role: dialer, viewer, manager, gateway or admin. In a list, exactly one entry
    must be such a role."""
    jwt_organization_claim: str = "localdial_organization"
    """Claim with the organization of a dialer, viewer or manager."""
    jwt_leeway_seconds: float = Field(30.0, ge=0, le=300)
    """How far the issuer's clock and this one may be apart, in seconds."""
    tls_client_principals: Annotated[
        Mapping[str, CertificatePrincipal],
        NoDecode,
        BeforeValidator(_read_json),
        AfterValidator(_named_as_in_certificates),
    ] = {}
    """Who the holders of client certificates are, by a name in the certificate: a JSON object such as
    {"DNS:dialer.example.com": {"role": "dialer", "organization_id": "acme"}}. Names begin with CN, DNS, URI,
    EMAIL or IP."""

    @field_validator("jwt_audience", "jwt_jwks")
    @classmethod
    def _a_token_is_checked_as_a_whole(cls, value: str, info: ValidationInfo) -> str:
        issuer = info.data.get("jwt_issuer")
        if issuer is not None and bool(value) != bool(issuer):
            raise ValueError(
                "set all of LOCALDIAL_JWT_ISSUER, LOCALDIAL_JWT_AUDIENCE and LOCALDIAL_JWT_JWKS, or none"
            )
        return value

    @field_validator("tls_client_principals")
    @classmethod
    def _certificates_need_an_authority(
        cls, principals: Mapping[str, CertificatePrincipal], info: ValidationInfo
    ) -> Mapping[str, CertificatePrincipal]:
        # Absent if it is wrong itself.
        if principals and info.data.get("tls_client_ca", principals) is None:
            raise ValueError("has no effect without LOCALDIAL_TLS_CLIENT_CA")
        return principals

    @property
    def certificate_principals(self) -> Mapping[str, Principal]:
        """The principals of client certificates, by a name in the certificate such as `DNS:a.example`."""
        return {
            name: Principal(f"certificate:{name}", each.role, each.organization_id)
            for name, each in self.tls_client_principals.items()
        }
