"""The HTTP client of Twilio's library: it sets the host and the time limit, and sends nothing twice.

The library reports an error response in four ways, and drops its headers in all of them. This client
raises one exception, `ApiError`.
"""

import email.utils
import io
import json
import logging
import math
import re
import ssl
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode, urlsplit, urlunsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from twilio.http import HttpClient
from twilio.http.response import Response
from typing_extensions import override

from localdial_server.carriers.twilio.error_codes import (
    ApiError,
    NoResponse,
    NotFound,
    NotSent,
    ProxyRefused,
    RequestFailed,
)

# Firewalls silently drop connections that have been idle for longer.
_IDLE_SECONDS: Final = 30.0
# Connecting takes milliseconds, so it gets only part of the timeout.
_CONNECT_SECONDS: Final = 3.0
_CONNECT_SHARE: Final = 0.3
_LEAST_SECONDS: Final = 0.05

# A page of 1000 numbers has 1.2 MB.
_LARGEST_RESPONSE: Final = 16 * 1024 * 1024
_CHUNK: Final = 64 * 1024

_LONGEST_RETRY_AFTER: Final = 24 * 3600.0

_TWILIO: Final = ".twilio.com"
_SUCCESS: Final = range(200, 300)

# The error of Python's HTTP client if a proxy does not connect to a host of `https`; it names the status.
_TUNNEL_REFUSED: Final = re.compile("Tunnel connection failed: ([0-9]{3})")

_NOT_CONNECTED: Final = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.ProxyError,
)


class TwilioHttpClient(HttpClient):
    """Sends the library's requests. Use it from one thread only.

    `base_url` replaces all of Twilio's hosts; empty means Twilio itself. `timeout` is how many
    seconds each request may take. Before each call of the library, set `deadline` (seconds of
    `time.monotonic`), which limits all requests of that call.
    """

    def __init__(self, base_url: str, timeout: float, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(logging.getLogger(__name__), is_async=False)
        self._base_url = base_url
        self._timeout = timeout
        self._clock = clock
        self._session = _session()
        self._used = clock()
        self.deadline = 0.0
        self.last_date = ""
        """The `Date` header of the last response; empty without one."""

    @override
    def request(
        self,
        method: str,
        uri: str,
        params: Mapping[str, object] | None = None,
        data: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        """Send the request once; return a successful response. Raises `RequestFailed`.

        `timeout` and `allow_redirects` are ignored: the library sets neither, and following a redirect
        would send the credentials elsewhere.
        """
        end = min(self.deadline, self._clock() + self._timeout)
        body = _TimedBody(urlencode(data).encode(), lambda: self._clock() > end) if data else None
        session = self._fresh_session()
        request = session.prepare_request(
            requests.Request(method, self._at_base(uri), params=params, data=body, headers=headers, auth=auth)
        )
        settings = session.merge_environment_settings(request.url, {}, True, None, None)  # noqa: FBT003 - positional-only
        left = end - self._clock()
        if left < _LEAST_SECONDS:
            raise NotSent("no time was left to send the request")
        connecting = min(_CONNECT_SECONDS, left * _CONNECT_SHARE)
        try:
            response = session.send(
                request,
                allow_redirects=False,
                timeout=(connecting, left - connecting),
                **settings,
            )
            text = self._read(response, end)
        except RequestFailed:
            raise
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            # Not chained: the library's error quotes the URL, and with it a phone number.
            raise _request_error(error, may_be_sent=body is not None and body.is_begun) from None
        self._used = self._clock()
        self.last_date = response.headers.get("Date", "")
        if response.status_code not in _SUCCESS:
            failure = NotFound if response.status_code == HTTPStatus.NOT_FOUND else ApiError
            raise failure(response.status_code, _code(text), retry_after(response.headers.get("Retry-After")))
        if text or method != "DELETE":
            # The library would raise an error that looks like our bug. A response that is cut off in
            # its headers looks like one without a body.
            _json_object(text)
        return Response(response.status_code, text, response.headers)

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def _fresh_session(self) -> requests.Session:
        now = self._clock()
        if now - self._used > _IDLE_SECONDS:
            self._session.close()
            self._session = _session()
        self._used = now
        return self._session

    def _at_base(self, url: str) -> str:
        requested = urlsplit(url)
        if not self._base_url:
            if not (requested.scheme == "https" and requested.netloc.endswith(_TWILIO)):
                raise NoResponse("the carrier named an address that is not its own")
            return url
        base = urlsplit(self._base_url)
        folder = base.path.rstrip("/")
        # The URL of a list's next page already has the folder in it.
        path = (
            requested.path if requested.path.startswith(f"{folder}/") and folder else folder + requested.path
        )
        return urlunsplit((base.scheme, base.netloc, path, requested.query, ""))

    def _read(self, response: requests.Response, end: float) -> str:
        parts = bytearray()
        with response:
            # `read1` returns what has arrived. `iter_content` waits for a full chunk, which never ends if
            # the response comes byte by byte.
            while part := response.raw.read1(_CHUNK, decode_content=True):
                parts += part
                if len(parts) > _LARGEST_RESPONSE:
                    raise NoResponse("the response is too large")
                if self._clock() > end:
                    raise NoResponse("the response did not come in time")
        return parts.decode("utf-8", "replace")


class _TimedBody(io.BytesIO):
    """A request body that is not sent after the deadline.

    If connecting takes until then, the caller has already been told that no response came. Without the
    body, the carrier does nothing.
    """

    def __init__(self, body: bytes, is_over: Callable[[], bool]) -> None:
        super().__init__(body)
        self._is_over = is_over
        self.is_begun = False
        """Whether any of the body may have been sent."""

    @override
    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() == 0 and self._is_over():
            raise NotSent("connecting took until the deadline")
        self.is_begun = True
        return super().read(size)


def _session() -> requests.Session:
    session = requests.Session()
    # No retries: an order that is sent twice may be made twice.
    for scheme in "https://", "http://":
        session.mount(scheme, HTTPAdapter(max_retries=0, pool_maxsize=1))
    return session


def _request_error(error: Exception, *, may_be_sent: bool) -> RequestFailed:
    """Return `NotSent` only if the request was certainly not sent."""
    cause = _innermost(error)
    if may_be_sent:
        # The error's type proves nothing: a proxy that cuts the response off causes a `ProxyError`, and
        # so does one that cannot be reached.
        return NoResponse(f"no response came: {type(cause).__name__}")
    refused = _TUNNEL_REFUSED.search(str(error))
    if isinstance(error, requests.exceptions.ProxyError) and refused is not None:
        return ProxyRefused(int(refused[1]))
    if isinstance(error, requests.ConnectTimeout) or isinstance(cause, _NOT_CONNECTED):
        return NotSent(f"the carrier cannot be reached: {type(cause).__name__}")
    if isinstance(cause, ssl.SSLCertVerificationError):
        return NotSent(f"the carrier's certificate cannot be verified: {cause.verify_message}")
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema):
        return NotSent("the carrier's address is not a URL: is LOCALDIAL_TWILIO_BASE_URL right?")
    return NoResponse(f"no response came: {type(cause).__name__}")


def _innermost(error: BaseException) -> BaseException:
    """Return the error that requests and urllib3 wrapped."""
    while True:
        wrapped = (getattr(error, "reason", None), *error.args)
        inner = next((each for each in wrapped if isinstance(each, BaseException)), None)
        if inner is None or isinstance(error, _NOT_CONNECTED):
            return error
        error = inner


def _code(text: str) -> int:
    try:
        code = _json_object(text).get("code")
    except NoResponse:
        return 0
    return code if isinstance(code, int) else 0


def _json_object(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except ValueError:
        raise NoResponse("the response is not JSON") from None
    if not isinstance(document, dict):
        raise NoResponse("the response is not a JSON object")
    return document


def retry_after(header: str | None) -> float | None:
    """Return the seconds of a `Retry-After` header, a number or a date; None if it has neither."""
    if not header:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(header).timestamp() - time.time()
        except (ValueError, OverflowError):
            return None
    return min(max(seconds, 0.0), _LONGEST_RETRY_AFTER) if math.isfinite(seconds) else None
