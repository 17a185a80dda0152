"""Builds the check of credentials that the settings ask for."""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from localdial_server.rpc.api_key_credentials import ApiKeyCredentials
from localdial_server.rpc.authentication import Authenticator
from localdial_server.rpc.client_certificates import ClientCertificates
from localdial_server.rpc.credentials import Credentials
from localdial_server.rpc.own_webhook import WithOwnWebhook
from localdial_server.runtime.storage import Background, Storage
from localdial_server.settings.errors import StartError
from localdial_server.settings.variables import env_name

# They load `jwt`, which no server without an issuer of tokens needs.
if TYPE_CHECKING:
    from localdial_server.rpc.signing_keys import SigningKeys
    from localdial_server.rpc.tokens import TokenVerifier
    from localdial_server.settings.settings import Settings

_log = logging.getLogger(__name__)


class Authentication(NamedTuple):
    """The check of credentials, and what runs in the background while it is used."""

    authenticator: Authenticator
    background: Sequence[Background]


async def authentication(settings: "Settings", storage: Storage) -> Authentication:
    """Build the check of credentials. Raises `StartError` if the file with the issuer's keys is unusable."""
    keys = await _signing_keys(settings)
    credentials = Credentials(
        ApiKeyCredentials(storage.api_keys),
        None if keys is None else _token_verifier(settings, keys),
        ClientCertificates(settings.certificate_principals),
        required=settings.credentials_required,
    )
    return Authentication(
        WithOwnWebhook(credentials) if settings.webhook_listen else credentials,
        [] if keys is None else [keys.run],
    )


async def _signing_keys(settings: "Settings") -> "SigningKeys | None":
    if not settings.jwt_issuer:
        return None
    from localdial_server.rpc.signing_keys import SigningKeys, UnusableKeys  # noqa: PLC0415 - see above

    keys = SigningKeys(settings.jwt_jwks)
    try:
        await keys.refresh()
    except UnusableKeys as error:
        if not keys.is_url:
            raise StartError(f"{env_name('jwt_jwks')}: {error}") from None
        # API keys work without the issuer, so the server starts; it keeps asking.
        _log.warning(
            "tokens are refused until the keys of their issuer are read", extra={"cause": str(error)}
        )
    return keys


def _token_verifier(settings: "Settings", keys: "SigningKeys") -> "TokenVerifier":
    from localdial_server.rpc.tokens import TokenVerifier  # noqa: PLC0415 - see above

    return TokenVerifier(
        keys,
        issuer=settings.jwt_issuer,
        audience=settings.jwt_audience,
        role_claim=settings.jwt_role_claim,
        organization_claim=settings.jwt_organization_claim,
        leeway=settings.jwt_leeway_seconds,
    )
