"""Twilio's side of the webhook: sends signed requests and follows the TwiML in the responses."""

import http.client
import socket
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Self
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree as ET

from twilio.request_validator import (
    HMAC_SHA1,
    HMAC_SHA256,
    SIGNATURE_HEADER,
    SIGNATURE_SETTINGS_HEADER,
    RequestValidator,
)

from tests.support.tls_proxy import TlsProxy

# As long as Twilio waits.
TWILIO_TIMEOUT_SECONDS = 15.0

ACCOUNT = "AC00000000000000000000000000000001"
CALL = "CA00000000000000000000000000000001"


class Answer(NamedTuple):
    """The response to a request."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def verbs(self) -> Sequence[ET.Element]:
        """The TwiML verbs in order."""
        assert self.status == 200, self
        assert self.headers["content-type"] == "application/xml"
        response = ET.fromstring(self.body)
        assert response.tag == "Response"
        return list(response)

    @property
    def dialed(self) -> str:
        """The only number that is dialed."""
        [dial] = self.verbs
        [number] = dial
        assert (dial.tag, number.tag) == ("Dial", "Number")
        return number.text or ""

    @property
    def said(self) -> str:
        """The text that is spoken before the call ends."""
        say, hang_up = self.verbs
        assert (say.tag, hang_up.tag) == ("Say", "Hangup")
        return say.text or ""


def parameters(**changes: str) -> dict[str, str]:
    """Return the parameters of a request about a call, with blank ones, as Twilio sends them."""
    common = {
        "AccountSid": ACCOUNT,
        "ApiVersion": "2010-04-01",
        "CallSid": CALL,
        "CallStatus": "ringing",
        "CalledCity": "SAN FRANCISCO",
        "CallerCity": "",
        "Direction": "inbound",
        "From": "+16285550155",
        "FromState": "CA",
        "FromZip": "",
        "To": "+14155550100",
        "ToCity": "SAN FRANCISCO",
    }
    form = {**common, **changes}
    return {**form, "Called": form["To"], "Caller": form["From"]}


class TwilioCaller:
    """Calls a webhook by its public URL, connecting to an address or through a proxy.

    `token` signs the requests: an auth token or, if `shared_key` is its ID, a SharedKey's secret.
    """

    def __init__(
        self,
        address: str,
        public_url: str = "https://voice.example.com",
        *,
        token: str = "secret",
        shared_key: str = "",
        proxy: TlsProxy | None = None,
    ) -> None:
        self.address = address
        self.public_url = public_url
        self.proxy = proxy
        self._validator = RequestValidator(token)
        self._algorithm = HMAC_SHA256 if shared_key else HMAC_SHA1
        self._settings = (
            {SIGNATURE_SETTINGS_HEADER: f"key={shared_key},algorithm={HMAC_SHA256}"} if shared_key else {}
        )

    def signature(self, url: str, form: Mapping[str, str]) -> str:
        return str(self._validator.compute_signature(url, form, self._algorithm))

    def signed_headers(self, signature: str) -> Mapping[str, str]:
        """Return the headers with which Twilio sends the signature."""
        return {SIGNATURE_HEADER: signature, **self._settings}

    def ask(self, url: str, form: Mapping[str, str]) -> Answer:
        """Post a signed request to a URL, absolute or relative to the public one."""
        url = url if "://" in url else self.public_url + url
        signature = self.signature(url, form)
        return self.send("POST", url, urlencode(form).encode(), self.signed_headers(signature))

    def call(self, **changes: str) -> Answer:
        """Report an incoming call-back."""
        return self.ask("/voice", parameters(**changes))

    def dial_ended(self, dialed: Answer, status: str, bridged: str = "false", **changes: str) -> Answer:
        """Report how the last dialing ended."""
        [dial] = dialed.verbs
        form = parameters(DialCallStatus=status, DialBridged=bridged, DialCallSid="CA2", **changes)
        return self.ask(dial.attrib["action"], form)

    def send(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send any request to an absolute URL."""
        parts = urlsplit(url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        # Only a proxy removes the prefix of the path.
        with self._connection(parts.netloc) as connection:
            form = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}
            connection.request(method, target, body, {**form, **headers})
            answer = connection.getresponse()
            names = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, names, answer.read())

    def _connection(self, host: str) -> "_Connection":
        if self.proxy is None:
            return _Connection(self._socket(self.address), host)
        plain = self._socket(f"127.0.0.1:{self.proxy.port}")
        return _Connection(self.proxy.client_tls.wrap_socket(plain, server_hostname=host), host)

    def _socket(self, address: str) -> socket.socket:
        name, _, port = address.rpartition(":")
        return socket.create_connection((name, int(port)), TWILIO_TIMEOUT_SECONDS)


class _Connection(http.client.HTTPConnection):
    def __init__(self, connected: socket.socket, host: str) -> None:
        super().__init__(host)
        self.sock = connected

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
