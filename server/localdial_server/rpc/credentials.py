"""The chain of credentials: an API key or a token in the metadata, else a client certificate."""

from typing import TYPE_CHECKING, Final

from typing_extensions import override

from localdial_server.domain.api_keys import PREFIX
from localdial_server.domain.principals import ANONYMOUS, Principal
from localdial_server.rpc.api_key_credentials import ApiKeyCredentials
from localdial_server.rpc.authentication import Authenticator, Unauthenticated
from localdial_server.rpc.call_context import CallContext
from localdial_server.rpc.client_certificates import ClientCertificates

# It loads `jwt`, which no server without an issuer of tokens needs.
if TYPE_CHECKING:
    from localdial_server.rpc.tokens import TokenVerifier

_HEADER: Final = "authorization"
_SCHEME: Final = "bearer"


class Credentials(Authenticator):
    """Checks the credential that a call has. A wrong one is refused even where none is required."""

    def __init__(
        self,
        api_keys: ApiKeyCredentials,
        tokens: "TokenVerifier | None" = None,
        certificates: ClientCertificates | None = None,
        *,
        required: bool,
    ) -> None:
        """Unless `required`, a call without a credential is that of an admin."""
        self._api_keys = api_keys
        self._tokens = tokens
        self._certificates = certificates
        self._required = required

    @override
    async def authenticate(self, call: CallContext) -> Principal:
        header = None
        for name, value in call.invocation_metadata():
            if name == _HEADER:
                if header is not None:
                    raise Unauthenticated
                header = value
        if header is None:
            return self._without_bearer(call)
        scheme, _, token = header.partition(" ")
        if scheme.lower() != _SCHEME:
            raise Unauthenticated
        if token.startswith(PREFIX):
            return self._api_keys.principal_of(token)
        if self._tokens is None:
            raise Unauthenticated
        return await self._tokens.principal_of(token)

    def _without_bearer(self, call: CallContext) -> Principal:
        principal = None if self._certificates is None else self._certificates.principal_of(call)
        if principal is not None:
            return principal
        if self._required:
            raise Unauthenticated
        return ANONYMOUS
