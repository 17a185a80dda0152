"""How the library's requests go out: to which host, within which time, and never twice.

The library reports a failed answer in four ways and drops its headers in all of
them. Here it is one: ``Failure``.
"""

import io
import json
import logging
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlencode, urlsplit, urlunsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from twilio.http import HttpClient
from twilio.http.response import Response

from localdial_server.carriers.twilio.error_codes import Failure, NoAnswer, NotSent, retry_after

# Something between here and the carrier forgets connections that nobody uses.
_IDLE_SECONDS: Final = 30.0
# To connect is a matter of milliseconds, so not all the time is given to it.
_CONNECT_SECONDS: Final = 3.0
_CONNECT_SHARE: Final = 0.3
_LEAST_SECONDS: Final = 0.05

# A page of 1000 numbers has 1.2 MB.
_LARGEST_ANSWER: Final = 16 * 1024 * 1024
_CHUNK: Final = 64 * 1024

_TWILIO: Final = ".twilio.com"
_SUCCESS: Final = range(200, 300)

_NOT_CONNECTED: Final = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.ProxyError,
)


class CarrierHttp(HttpClient):
    """The library's way to the carrier, for one thread.

    ``base_url`` goes in the place of every host of Twilio's; empty is Twilio
    itself. ``deadline`` (of ``time.monotonic``) is to be set before each call of
    the library, and holds for all requests that it makes; ``timeout`` is how many
    seconds each may take.

    Raises ``Failure``, ``NotSent`` and ``NoAnswer``.
    """

    def __init__(self, base_url: str, timeout: float, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(logging.getLogger(__name__), is_async=False)
        self._base_url = base_url
        self._timeout = timeout
        self._clock = clock
        self._session = _session()
        self._used = clock()
        self.deadline = 0.0
        self.answered_at = ""
        """The carrier's own time of its last answer, as in the header ``Date``."""

    def request(  # noqa: PLR0917 - the library gives the first two by position
        self,
        method: str,
        uri: str,
        params: Mapping[str, object] | None = None,
        data: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ARG002 - the library never gives one
        allow_redirects: bool = False,  # noqa: ARG002, FBT001, FBT002 - credentials follow nobody elsewhere
    ) -> Response:
        """Make the library's request, once."""
        end = min(self.deadline, self._clock() + self._timeout)
        body = _Body(urlencode(data).encode(), lambda: self._clock() > end) if data else None
        session = self._fresh_session()
        request = session.prepare_request(
            requests.Request(method, self._at_base(uri), params=params, data=body, headers=headers, auth=auth)
        )
        # The function takes them by position alone.
        settings = session.merge_environment_settings(request.url, {}, True, None, None)  # noqa: FBT003
        left = end - self._clock()
        if left < _LEAST_SECONDS:
            raise NotSent("there was no time left to ask")
        connecting = min(_CONNECT_SECONDS, left * _CONNECT_SHARE)
        try:
            response = session.send(
                request,
                allow_redirects=False,
                timeout=(connecting, left - connecting),
                **settings,
            )
            text = self._read(response, end)
        except (NotSent, NoAnswer):
            raise
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise _not_answered(error, may_be_sent=body is not None and body.is_begun) from error
        self._used = self._clock()
        self.answered_at = response.headers.get("Date", "")
        if response.status_code not in _SUCCESS:
            raise Failure(response.status_code, _code(text), retry_after(response.headers.get("Retry-After")))
        if text or method != "DELETE":
            # Here rather than in the library, where nobody could tell it from a fault of
            # ours. One that broke off within its head looks like one without a body.
            _parse(text)
        return Response(response.status_code, text, response.headers)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _fresh_session(self) -> requests.Session:
        now = self._clock()
        if now - self._used > _IDLE_SECONDS:
            self._session.close()
            self._session = _session()
        self._used = now
        return self._session

    def _at_base(self, url: str) -> str:
        asked = urlsplit(url)
        if not self._base_url:
            if not (asked.scheme == "https" and asked.netloc.endswith(_TWILIO)):
                raise NoAnswer("the carrier named an address that is not its own")
            return url
        base = urlsplit(self._base_url)
        folder = base.path.rstrip("/")
        # The address of a list's next page has the folder in it already.
        path = asked.path if asked.path.startswith(f"{folder}/") and folder else folder + asked.path
        return urlunsplit((base.scheme, base.netloc, path, asked.query, ""))

    def _read(self, response: requests.Response, end: float) -> str:
        parts = bytearray()
        with response:
            for part in _parts(response):
                parts += part
                if len(parts) > _LARGEST_ANSWER:
                    raise NoAnswer("the answer is too large")
                if self._clock() > end:
                    raise NoAnswer("the answer did not come in time")
        return parts.decode("utf-8", "replace")


class _Body(io.BytesIO):
    """A request's body that is not sent any more once its time is up.

    Connecting may take long, and by then whoever asked may have been told that
    there was no answer. A carrier that has no body carries nothing out.
    """

    def __init__(self, body: bytes, is_over: Callable[[], bool]) -> None:
        super().__init__(body)
        self._is_over = is_over
        self.is_begun = False
        """Whether anything of it may have been sent."""

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() == 0 and self._is_over():
            raise NotSent("connecting took all the time there was")
        self.is_begun = True
        return super().read(size)


def _session() -> requests.Session:
    session = requests.Session()
    # An order that is sent again is an order made twice.
    session.mount("https://", HTTPAdapter(max_retries=0, pool_maxsize=1))
    session.mount("http://", HTTPAdapter(max_retries=0, pool_maxsize=1))
    return session


def _parts(response: requests.Response) -> Iterator[bytes]:
    # read1 comes back with what there is; iter_content would wait for a full chunk,
    # and with a carrier that drips, for ever.
    while part := response.raw.read1(_CHUNK, decode_content=True):
        yield part


def _not_answered(error: Exception, *, may_be_sent: bool) -> NotSent | NoAnswer:
    """Tell a request that was surely not sent from one that may have been."""
    cause = _innermost(error)
    if may_be_sent:
        # Whatever the library calls it: behind a proxy, an answer that is cut off is a
        # ProxyError too, as is a proxy that cannot be reached.
        return NoAnswer(f"no answer came: {type(cause).__name__}")
    if isinstance(error, requests.ConnectTimeout) or isinstance(cause, _NOT_CONNECTED):
        return NotSent(f"the carrier cannot be reached: {type(cause).__name__}")
    if isinstance(cause, ssl.SSLCertVerificationError):
        return NotSent(f"the carrier's certificate cannot be verified: {cause.verify_message}")
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema):
        return NotSent("the carrier's address is none: is LOCALDIAL_TWILIO_BASE_URL right?")
    return NoAnswer(f"no answer came: {type(cause).__name__}")


def _innermost(error: BaseException) -> BaseException:
    """Unwrap what requests and urllib3 put around what happened."""
    while True:
        inner = getattr(error, "reason", None)
        if not isinstance(inner, BaseException):
            inner = next((argument for argument in error.args if isinstance(argument, BaseException)), None)
        if inner is None:
            return error
        if isinstance(error, _NOT_CONNECTED):
            return error
        error = inner


def _code(text: str) -> int:
    try:
        body = json.loads(text)
    except ValueError:
        return 0
    code = body.get("code") if isinstance(body, dict) else None
    return code if isinstance(code, int) else 0


def _parse(text: str) -> dict[str, Any]:
    try:
        parsed = json.loads(text)
    except ValueError:
        raise NoAnswer("the answer is not JSON") from None
    if not isinstance(parsed, dict):
        raise NoAnswer("the answer is no JSON object")
    return parsed
