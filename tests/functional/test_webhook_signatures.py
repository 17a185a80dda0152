"""The voice webhook answers the carrier, also behind a proxy, and nobody else."""

import random
import socket
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.functional.server_process import ServerProcess
from tests.functional.webhook_process import (
    ORGANIZATION_NUMBER,
    WEBHOOK,
    WORK_PHONE,
    WebhookProcess,
    set_up,
    webhook_address,
)
from tests.support.tls_proxy import TlsProxy
from tests.support.twilio_caller import Answer, TwilioCaller, parameters

MUTATIONS = 1_000
SEED = 20_261_125
SUBACCOUNT = "AC00000000000000000000000000000002"
SHARED_KEY = "webhooks_sharedkey_00000000000000000000000001"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    settings = {
        **WEBHOOK,
        "LOCALDIAL_WEBHOOK_ACCOUNT_TOKENS": f"{SUBACCOUNT}:other",
        "LOCALDIAL_WEBHOOK_SHARED_KEYS": f"{SHARED_KEY}_old:old,{SHARED_KEY}:key-secret",
    }
    with ServerProcess(tmp_path_factory.mktemp("server"), **settings) as server:
        yield server


@pytest.fixture(scope="module")
def called(server: ServerProcess) -> str:
    return set_up(server.address)


@pytest.fixture
def twilio(server: ServerProcess) -> TwilioCaller:
    return TwilioCaller(webhook_address(server))


@dataclass(frozen=True)
class Sent:
    """A request with its target, its parameters and its signature."""

    path: str
    query: tuple[tuple[str, str], ...]
    form: tuple[tuple[str, str], ...]
    signature: str

    def send(self, twilio: TwilioCaller) -> Answer:
        headers = twilio.signed_headers(self.signature)
        return twilio.send("POST", self.url, urlencode(self.form).encode(), headers)

    @property
    def url(self) -> str:
        return "https://voice.example.com" + self.path + (f"?{urlencode(self.query)}" if self.query else "")


def signed(
    path: str, query: dict[str, str], form: dict[str, str], twilio: TwilioCaller, url: str | None = None
) -> Sent:
    unsigned = Sent(path, tuple(query.items()), tuple(form.items()), "")
    return replace(unsigned, signature=twilio.signature(url or unsigned.url, form))


class Mutator:
    """Changes each request in one place, so that its meaning or its proof changes."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def mutated(self, sent: Sent) -> Sent:
        while True:
            changed = self._random.choice([self._signature, self._form, self._url])(sent)
            # The order of the parameters does not matter.
            if (sorted(changed.form), changed.query, changed.path, changed.signature) != (
                *(sorted(sent.form), sent.query, sent.path, sent.signature),
            ):
                return changed

    def _signature(self, sent: Sent) -> Sent:
        signature = sent.signature
        alphabet = string.ascii_letters + string.digits + "+/="
        position = self._random.randrange(len(signature))
        changes: list[Callable[[], str]] = [
            lambda: signature[:position] + self._random.choice(alphabet) + signature[position + 1 :],
            lambda: signature[:position],
            lambda: signature[:position] + signature[position + 1 :],
            lambda: signature + self._random.choice(alphabet),
            signature.swapcase,
            lambda: signature[::-1],
            lambda: "",
            lambda: f"{signature}, {signature}",
            lambda: TwilioCaller("", token="Secret").signature(sent.url, dict(sent.form)),
            lambda: TwilioCaller("", token="other").signature(sent.url, dict(sent.form)),
            lambda: TwilioCaller("").signature(sent.url.replace("https", "http"), dict(sent.form)),
            lambda: TwilioCaller("").signature(sent.url.replace("voice.", "v."), dict(sent.form)),
            lambda: TwilioCaller("").signature(sent.url, dict(sent.form[1:])),
        ]
        return replace(sent, signature=self._random.choice(changes)())

    def _form(self, sent: Sent) -> Sent:
        return replace(sent, form=self._pairs(sent.form))

    def _url(self, sent: Sent) -> Sent:
        if sent.query and self._random.random() < 0.8:
            return replace(sent, query=self._pairs(sent.query))
        paths = ["/voice", "/dial-ended", "/screen", "/screened", "/voice/", "//voice", "/%76oice", "/Voice"]
        return replace(sent, path=self._random.choice(paths))

    def _pairs(self, pairs: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        changed = list(pairs)
        position = self._random.randrange(len(changed))
        name, value = changed[position]
        match self._random.randrange(7):
            case 0:
                del changed[position]
            case 1:
                changed[position] = name, self._text(value)
            case 2:
                changed[position] = self._text(name), value
            case 3:
                changed[position] = name, ""
            case 4:
                changed.insert(position, (self._text(name), self._text(value)))
            case 5:
                # Repeat a name with another value.
                changed.append((name, self._text(value)))
            case _:
                other = self._random.randrange(len(changed))
                (other_name, other_value) = changed[other]
                changed[position], changed[other] = (name, other_value), (other_name, value)
        return tuple(changed)

    def _text(self, text: str) -> str:
        position = self._random.randrange(len(text) + 1)
        character = self._random.choice(string.ascii_letters + string.digits + "+-&=% ")
        return text[:position] + character + text[position + self._random.randrange(2) :]


@pytest.mark.parametrize(("token", "shared_key"), [("secret", ""), ("key-secret", SHARED_KEY)])
def test_a_thousand_mutated_requests_are_all_refused(
    server: ServerProcess, called: str, token: str, shared_key: str
) -> None:
    twilio = TwilioCaller(webhook_address(server), token=token, shared_key=shared_key)
    dial = {"organization": "acme", "fallback": ORGANIZATION_NUMBER[1:], "screened": "no"}
    ended = parameters(To=called, DialCallStatus="no-answer", DialBridged="false")
    requests = [
        signed("/voice", {}, parameters(To=called), twilio),
        signed("/dial-ended", dial, ended, twilio),
        signed("/screen", dial, parameters(To=WORK_PHONE), twilio),
        signed("/screened", {}, parameters(To=WORK_PHONE, Digits="1"), twilio),
    ]
    assert [request.send(twilio).status for request in requests] == [200] * 4
    mutator = Mutator(SEED)
    accepted = []
    for number in range(MUTATIONS):
        mutated = mutator.mutated(requests[number % 4])
        answer = mutated.send(twilio)
        if answer.status not in {403, 404} or answer.body:
            accepted.append((mutated, answer))
    assert accepted == []
    assert [request.send(twilio).status for request in requests] == [200] * 4


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([f"key={SHARED_KEY},algorithm=HMAC_SHA256"], 200),
        ([f"key={SHARED_KEY}, algorithm=HMAC_SHA256"], 200),
        ([], 403),
        ([""], 403),
        ([f"key={SHARED_KEY}"], 403),
        ([f"key={SHARED_KEY},algorithm=HMAC_SHA1"], 403),
        ([f"key={SHARED_KEY},algorithm=HMAC_SHA512"], 403),
        ([f"key={SHARED_KEY}_old,algorithm=HMAC_SHA256"], 403),
        (["key=,algorithm=HMAC_SHA256"], 403),
        (["algorithm=HMAC_SHA256"], 403),
        ([f"key={SHARED_KEY},key={SHARED_KEY},algorithm=HMAC_SHA256"], 403),
        ([f"key={SHARED_KEY},algorithm=HMAC_SHA256"] * 2, 403),
    ],
    ids=str,
)
def test_only_the_shared_key_and_the_algorithm_that_the_header_names_are_tried(
    server: ServerProcess, called: str, headers: list[str], status: int
) -> None:
    form = parameters(To=called)
    twilio = TwilioCaller(webhook_address(server), token="key-secret", shared_key=SHARED_KEY)
    signature = twilio.signature(f"{twilio.public_url}/voice", form)
    names = ["X-Twilio-Webhooks-Signature-Settings", "x-twilio-webhooks-signature-settings"]
    sent = {"X-Twilio-Signature": signature, **dict(zip(names, headers, strict=False))}
    assert twilio.send("POST", f"{twilio.public_url}/voice", urlencode(form).encode(), sent).status == status


def test_a_shared_keys_secret_is_no_auth_token_and_the_other_way_around(
    server: ServerProcess, called: str
) -> None:
    address = webhook_address(server)
    assert TwilioCaller(address).call(To=called).status == 200
    assert TwilioCaller(address, token="old", shared_key=f"{SHARED_KEY}_old").call(To=called).status == 200
    assert TwilioCaller(address, token="key-secret").call(To=called).status == 403
    assert TwilioCaller(address, token="secret", shared_key=SHARED_KEY).call(To=called).status == 403
    assert TwilioCaller(address, token="secret", shared_key="unknown").call(To=called).status == 403


@pytest.mark.parametrize(
    ("path", "strip"),
    [("", ""), ("/localdial", "/localdial"), ("/localdial", "")],
    ids=["at the root", "below a path that the proxy takes off", "below a path that it leaves"],
)
def test_the_carrier_is_accepted_behind_a_proxy_that_terminates_tls(
    tmp_path: Path, server: ServerProcess, called: str, path: str, strip: str
) -> None:
    public_url = f"https://voice.example.com{path}"
    webhook = WebhookProcess(tmp_path, server.address, LOCALDIAL_WEBHOOK_PUBLIC_URL=f"{public_url}/")
    try:
        with TlsProxy("voice.example.com", webhook.address, strip=strip) as proxy:
            twilio = TwilioCaller("", public_url, proxy=proxy)
            dialed = twilio.call(To=called)
            assert dialed.dialed == WORK_PHONE
            [dial] = dialed.verbs
            assert dial.attrib["action"].startswith(f"{public_url}/dial-ended?")
            assert twilio.dial_ended(dialed, "busy", To=called).verbs[0].tag == "Dial"
            assert f"Host: {webhook.address}".encode() in proxy.forwarded[0]
            assert len(proxy.forwarded) == 2
            # Seen under the name without TLS, the signature is wrong.
            inside = TwilioCaller("", f"http://{webhook.address}")
            form = parameters(To=called)
            stolen = {"X-Twilio-Signature": inside.signature(f"http://{webhook.address}/voice", form)}
            url = f"{public_url}/voice"
            assert twilio.send("POST", url, urlencode(form).encode(), stolen).status == 403
    finally:
        webhook.close()


def test_a_subaccount_is_accepted_with_its_own_token_and_no_other(server: ServerProcess, called: str) -> None:
    address = webhook_address(server)
    subaccount = TwilioCaller(address, token="other")
    assert subaccount.call(To=called, AccountSid=SUBACCOUNT).status == 200
    assert subaccount.call(To=called).status == 403, "the token is another account's"
    assert TwilioCaller(address, token="none").call(To=called, AccountSid=SUBACCOUNT).status == 403


@pytest.mark.parametrize("path", ["/voice", "/dial-ended", "/screen", "/screened"])
def test_unsigned_requests_learn_nothing(twilio: TwilioCaller, called: str, path: str) -> None:
    form = urlencode(parameters(To=called)).encode()
    answer = twilio.send("POST", f"{twilio.public_url}{path}", form, {})
    assert (answer.status, answer.body) == (403, b"")
    assert "server" not in answer.headers
    for method in "GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH":
        assert twilio.send(method, f"{twilio.public_url}{path}", b"", {}).status == 405
    for content_type in "application/json", "multipart/form-data; boundary=x", "":
        headers = {"Content-Type": content_type, "X-Twilio-Signature": "x"}
        assert twilio.send("POST", f"{twilio.public_url}{path}", form, headers).status == 415


@pytest.mark.parametrize(
    "body",
    [b"To=%FF", b"To=\xff", b"To", b"&" * 300, b"a=1&" * 300, b"\x00", b"To=a&To=b"],
    ids=["not UTF-8", "not ASCII", "no pair", "empty pairs", "many pairs", "zero byte", "twice"],
)
def test_a_body_that_is_not_a_form_of_the_carrier_is_refused(twilio: TwilioCaller, body: bytes) -> None:
    signature = {"X-Twilio-Signature": twilio.signature(f"{twilio.public_url}/voice", {})}
    answer = twilio.send("POST", f"{twilio.public_url}/voice", body, signature)
    assert (answer.status, answer.body) == (403, b"")


def test_a_character_moved_between_parameters_makes_no_second_value(
    twilio: TwilioCaller, called: str
) -> None:
    # Moving a character between a name and its value does not change the signature.
    form = parameters(To=called)
    url = f"{twilio.public_url}/voice"
    signature = {"X-Twilio-Signature": twilio.signature(url, form)}
    assert form["ToCity"] == "SAN FRANCISCO"
    moved = [(name, value) for name, value in form.items() if name != "ToCity"] + [
        ("To", "CitySAN FRANCISCO")
    ]
    assert twilio.send("POST", url, urlencode(moved).encode(), signature).status == 403


@pytest.mark.parametrize("at", [0, None], ids=["before", "after"])
def test_a_repeated_parameter_is_refused(twilio: TwilioCaller, called: str, at: int | None) -> None:
    form = parameters(To=called)
    url = f"{twilio.public_url}/voice"
    signature = {"X-Twilio-Signature": twilio.signature(url, form)}
    pairs = list(form.items())
    pairs.insert(len(pairs) if at is None else at, ("To", "+19005550100"))
    assert twilio.send("POST", url, urlencode(pairs).encode(), signature).status == 403


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_size_limit_is_not_read_to_its_end(server: ServerProcess, *, chunked: bool) -> None:
    host, _, port = webhook_address(server).rpartition(":")
    head = (
        "POST /voice HTTP/1.1\r\nHost: voice.example.com\r\nX-Twilio-Signature: x\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"{'Transfer-Encoding: chunked' if chunked else 'Content-Length: 1000000000'}\r\n\r\n"
    )
    with socket.create_connection((host, int(port)), 15) as connection:
        connection.sendall(head.encode())
        part = b"a" * 0x8000
        piece = b"8000\r\n" + part + b"\r\n" if chunked else part
        for _ in range(3):
            connection.sendall(piece)
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")


def test_a_body_that_does_not_arrive_is_given_up(server: ServerProcess) -> None:
    host, _, port = webhook_address(server).rpartition(":")
    head = (
        "POST /voice HTTP/1.1\r\nHost: voice.example.com\r\nX-Twilio-Signature: x\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 10\r\n\r\nTo="
    )
    with socket.create_connection((host, int(port)), 15) as connection:
        connection.sendall(head.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 408 ")


def test_refusals_are_logged_at_a_limited_rate_with_a_hint(server: ServerProcess) -> None:
    refusals = [event for event in server.logged() if "are refused" in str(event["event"])]
    assert len(refusals) <= 3
    for event in refusals:
        assert "LOCALDIAL_WEBHOOK_PUBLIC_URL" in str(event["event"])
