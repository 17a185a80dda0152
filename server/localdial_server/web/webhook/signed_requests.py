"""Reading a request so that nothing counts but what the carrier has signed."""

import asyncio
import logging
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final, NamedTuple
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from localdial_server.web.webhook.signature import SIGNATURE_HEADER, Signatures

_log = logging.getLogger(__name__)

# Twilio sends some 30 parameters in 1 KiB.
_MAX_BYTES: Final = 64 * 1024
_MAX_PARAMETERS: Final = 256
_BODY_SECONDS: Final = 5.0

_CONTENT_TYPE: Final = "application/x-www-form-urlencoded"

# Anyone may send what is refused, as often as they like.
_SECONDS_BETWEEN_WARNINGS: Final = 60.0


class SignedRequest(NamedTuple):
    """What the carrier sent."""

    parameters: Mapping[str, str]
    """Those of the URL, which an earlier step of ours put there."""
    form: Mapping[str, str]
    """The carrier's own."""


class RequestReader:
    """Reads requests, and refuses those that are not the carrier's."""

    def __init__(self, signatures: Signatures, path_prefix: str) -> None:
        """``path_prefix`` is the path of the public URL, which a proxy may or may not take off."""
        self._signatures = signatures
        self._path_prefix = path_prefix
        self._refused = 0
        self._warn_from = 0.0

    async def read(self, request: Request) -> SignedRequest:
        """Read a request.

        Raises ``HTTPException``, which says nothing but a status to somebody who has
        not proved to be the carrier.
        """
        content_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if content_type != _CONTENT_TYPE:
            raise _refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        signatures = request.headers.getlist(SIGNATURE_HEADER)
        if len(signatures) != 1:
            raise self._forbidden()
        form = _pairs(await _body(request))
        # As it came: decoding and encoding again may give another URL than was signed.
        path = request.scope["raw_path"].decode("latin-1").removeprefix(self._path_prefix)
        query = request.scope["query_string"].decode("latin-1")
        parameters = _pairs(request.scope["query_string"])
        if form is None or parameters is None:
            raise self._forbidden()
        if not self._signatures.fits(path, query, form, signatures[0]):
            raise self._forbidden()
        return SignedRequest(parameters, form)

    def _forbidden(self) -> HTTPException:
        self._refused += 1
        now = time.monotonic()
        if now >= self._warn_from:
            self._warn_from = now + _SECONDS_BETWEEN_WARNINGS
            _log.warning(
                "requests without the carrier's signature are refused; if they are the carrier's, check "
                "LOCALDIAL_WEBHOOK_PUBLIC_URL and the auth tokens",
                extra={"count": self._refused},
            )
            self._refused = 0
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
        # Nobody reads this.
        raise _refusal(HTTPStatus.BAD_REQUEST) from None
    return bytes(body)


def _pairs(encoded: bytes) -> Mapping[str, str] | None:
    """Read parameters, blank ones too, which are signed as well; None: they are not the carrier's."""
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
    # Of a name that came twice one value would be left, and the other go unsigned.
    return dict(pairs) if len({name for name, _ in pairs}) == len(pairs) else None


def _refusal(status: HTTPStatus) -> HTTPException:
    # The connection ends with it: what is left of the body is not worth reading.
    return HTTPException(status, headers={"Connection": "close"})
