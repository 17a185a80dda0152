"""Reads requests, and accepts only those that Twilio signed."""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Final, NamedTuple
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from twilio.request_validator import (
    HMAC_SHA256,
    SIGNATURE_HEADER,
    SIGNATURE_SETTINGS_HEADER,
    RequestValidator,
)

from localdial_server.observability.log_limit import LimitedLog

_limited_log = LimitedLog(logging.getLogger(__name__))

# Twilio sends some 30 parameters in 1 KiB.
_MAX_BYTES: Final = 64 * 1024
_MAX_PARAMETERS: Final = 256
_BODY_SECONDS: Final = 5.0

_CONTENT_TYPE: Final = "application/x-www-form-urlencoded"


class Signatures:
    """Checks signatures against the auth tokens of Twilio accounts, and against Twilio's SharedKeys.

    Each account and each subaccount has its own token. An account may have several tokens while
    one replaces another, and several accounts may share one. A request that a SharedKey signed
    names it in a header of its own. No token is tried for it, and no SharedKey for other requests.
    """

    def __init__(
        self,
        public_url: str,
        auth_token: str,
        account_tokens: Iterable[tuple[str, str]] = (),
        shared_keys: Iterable[tuple[str, str]] = (),
    ) -> None:
        """Set the tokens and the keys.

        `public_url` is the URL that Twilio was given. The host and scheme that a request names are
        ignored: they are not signed, and a proxy changes them. `auth_token` is that of the main
        account; it may be empty. `account_tokens` are pairs of account SID and token, and
        `shared_keys` pairs of key ID and secret.
        """
        self._public_url = public_url
        self._main = [RequestValidator(auth_token)] if auth_token else []
        self._of_account: dict[str, list[RequestValidator]] = {}
        for account_sid, token in account_tokens:
            self._of_account.setdefault(account_sid, []).append(RequestValidator(token))

        self._shared_keys = {key_id: RequestValidator(secret) for key_id, secret in shared_keys}

    def is_valid(
        self, path: str, query: str, form: Mapping[str, str], signature: str, settings: str | None = None
    ) -> bool:
        """Return whether the signature is Twilio's, for this URL and these parameters.

        `path` is relative to the public URL. `query` is as it arrived, not decoded. `settings` is the
        header that names the SharedKey and the algorithm; None means that an auth token signed.
        """
        url = f"{self._public_url}{path}{f'?{query}' if query else ''}"
        if settings is not None:
            return self._is_signed_with_a_shared_key(url, form, signature, settings)
        validators = [*self._of_account.get(form.get("AccountSid", ""), ()), *self._main]
        return any(validator.validate(url, form, signature) for validator in validators)

    def _is_signed_with_a_shared_key(
        self, url: str, form: Mapping[str, str], signature: str, settings: str
    ) -> bool:
        parts = [part.strip().partition("=") for part in settings.split(",")]
        named = {name: value for name, _, value in parts}
        validator = self._shared_keys.get(named.get("key", ""))
        if validator is None or named.get("algorithm") != HMAC_SHA256 or len(named) != len(parts):
            return False
        return bool(validator.validate(url, form, signature, HMAC_SHA256))


class SignedRequest(NamedTuple):
    """A request that Twilio signed."""

    parameters: Mapping[str, str]
    """The URL's parameters, which an earlier step of ours put there."""
    form: Mapping[str, str]
    """Twilio's own parameters."""


class RequestReader:
    """Reads requests, and refuses those that Twilio did not sign."""

    def __init__(self, signatures: Signatures, path_prefix: str) -> None:
        """`path_prefix` is the path of the public URL, which a proxy may or may not remove."""
        self._signatures = signatures
        self._path_prefix = path_prefix

    async def read(self, request: Request) -> SignedRequest:
        """Return the request.

        Raises `HTTPException` with nothing but a status: the sender has not proved that it is Twilio.
        """
        content_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if content_type != _CONTENT_TYPE:
            raise _refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        signatures = request.headers.getlist(SIGNATURE_HEADER)
        signature_settings = request.headers.getlist(SIGNATURE_SETTINGS_HEADER)
        if len(signatures) != 1 or len(signature_settings) > 1:
            raise self._forbidden()
        form = _pairs(await _body(request))
        # Keep the URL as it arrived: decoding and re-encoding may yield another URL than the signed one.
        path = request.scope["raw_path"].decode("latin-1").removeprefix(self._path_prefix)
        query = request.scope["query_string"].decode("latin-1")
        parameters = _pairs(request.scope["query_string"])
        if form is None or parameters is None:
            raise self._forbidden()
        settings = next(iter(signature_settings), None)
        if not self._signatures.is_valid(path, query, form, signatures[0], settings):
            raise self._forbidden()
        return SignedRequest(parameters, form)

    def _forbidden(self) -> HTTPException:
        _limited_log.warning(
            "requests without Twilio's signature are refused; if Twilio sent them, check "
            "LOCALDIAL_WEBHOOK_PUBLIC_URL, the auth tokens and LOCALDIAL_WEBHOOK_SHARED_KEYS"
        )
        return _refusal(HTTPStatus.FORBIDDEN)


async def _body(request: Request) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > _MAX_BYTES:
                    raise _refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    except TimeoutError:
        raise _refusal(HTTPStatus.REQUEST_TIMEOUT) from None
    except ClientDisconnect:
        # The client is gone, so it never sees this status.
        raise _refusal(HTTPStatus.BAD_REQUEST) from None
    return bytes(body)


def _pairs(encoded: bytes) -> Mapping[str, str] | None:
    """Return the parameters, empty ones too; None if Twilio cannot have sent them."""
    if not encoded:
        return {}
    try:
        pairs = parse_qsl(
            encoded.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=_MAX_PARAMETERS,
        )
    except ValueError:
        return None
    # Reject duplicate names: a dict would keep one value, and the signature would not cover the other.
    return dict(pairs) if len({name for name, _ in pairs}) == len(pairs) else None


def _refusal(status: HTTPStatus) -> HTTPException:
    # Close the connection: the rest of the body is not worth reading.
    return HTTPException(status, headers={"Connection": "close"})
