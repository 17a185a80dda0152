"""Tokens of an identity provider: which ones are accepted, and as whom."""

import asyncio
import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from localdial_server.domain.principals import Principal, Role
from localdial_server.rpc import signing_keys
from localdial_server.rpc.authentication import Unauthenticated
from localdial_server.rpc.signing_keys import SigningKeys, UnusableKeys
from localdial_server.rpc.tokens import TokenVerifier

ISSUER = "https://login.example.com/"
AUDIENCE = "localdial"
RSA_KEY = rsa.generate_private_key(65537, 2048)
OTHER_KEY = rsa.generate_private_key(65537, 2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
ED_KEY = ed25519.Ed25519PrivateKey.generate()


def public(key: Any, kid: str, **more: str) -> dict[str, Any]:
    algorithm: Any = (
        jwt.algorithms.RSAAlgorithm
        if isinstance(key, rsa.RSAPrivateKey)
        else jwt.algorithms.ECAlgorithm
        if isinstance(key, ec.EllipticCurvePrivateKey)
        else jwt.algorithms.OKPAlgorithm
    )
    return {**algorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid, **more}


def jwks(*keys: Mapping[str, Any]) -> str:
    return json.dumps({"keys": keys})


def publish(file: Path, text: str) -> None:
    file.write_text(text)


def claims(**changed: Any) -> dict[str, Any]:
    given = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "dialer-7",
        "exp": time.time() + 600,
        "localdial_role": "dialer",
        "localdial_organization": "acme",
        **changed,
    }
    return {name: value for name, value in given.items() if value is not None}


def token(key: Any = RSA_KEY, kid: str | None = "k1", algorithm: str = "RS256", **changed: Any) -> str:
    headers = {} if kid is None else {"kid": kid}
    return jwt.encode(claims(**changed), key, algorithm=algorithm, headers=headers)


@pytest.fixture
def jwks_server() -> Iterator[Callable[[str], str]]:
    """Return a function that serves a text from now on, and returns its URL."""
    served = [""]

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = served[0].encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    def serve(text: str) -> str:
        served[0] = text
        return f"http://127.0.0.1:{server.server_port}/jwks.json"

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield serve
        server.shutdown()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "jwks.json"
    path.write_text(jwks(public(RSA_KEY, "k1"), public(EC_KEY, "k2"), public(ED_KEY, "k3")))
    return path


@pytest.fixture
async def keys(file: Path) -> SigningKeys:
    found = SigningKeys(str(file))
    await found.refresh()
    return found


def verifier(keys: SigningKeys) -> TokenVerifier:
    return TokenVerifier(
        keys,
        issuer=ISSUER,
        audience=AUDIENCE,
        role_claim="localdial_role",
        organization_claim="localdial_organization",
        leeway=30,
    )


@pytest.mark.parametrize(
    ("key", "kid", "algorithm"),
    [(RSA_KEY, "k1", "RS256"), (RSA_KEY, "k1", "PS384"), (EC_KEY, "k2", "ES256"), (ED_KEY, "k3", "EdDSA")],
)
async def test_a_token_that_the_issuer_signed_is_its_principal(
    keys: SigningKeys, key: Any, kid: str, algorithm: str
) -> None:
    found = await verifier(keys).principal_of(token(key, kid, algorithm))
    assert found == Principal("jwt:dialer-7", Role.DIALER, "acme")


async def test_an_admin_or_gateway_needs_no_organization(keys: SigningKeys) -> None:
    sent = token(localdial_role="gateway", localdial_organization=None)
    assert await verifier(keys).principal_of(sent) == Principal("jwt:dialer-7", Role.GATEWAY)


async def test_a_list_of_roles_may_have_one_of_ours(keys: SigningKeys) -> None:
    found = await verifier(keys).principal_of(token(localdial_role=["offline_access", "viewer"]))
    assert found.role is Role.VIEWER


def unsigned() -> str:
    return jwt.encode(claims(), "", algorithm="none", headers={"kid": "k1"})


def signed_with_the_public_key() -> str:
    # The classic confusion: the public key, which everybody has, as the secret of an HMAC.
    secret = json.dumps(public(RSA_KEY, "k1")).encode() + bytes(64)
    return jwt.encode(claims(), secret, algorithm="HS256", headers={"kid": "k1"})


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(unsigned, id="alg none"),
        pytest.param(signed_with_the_public_key, id="HMAC with the public key"),
        pytest.param(lambda: token(OTHER_KEY), id="another key under a known kid"),
        pytest.param(lambda: token(kid="k9"), id="an unknown key"),
        pytest.param(lambda: token(kid=None), id="no kid"),
        pytest.param(lambda: token(EC_KEY, "k1", "ES256"), id="a kind of signature that the key cannot make"),
        pytest.param(lambda: token()[:-4] + "AAAA", id="a broken signature"),
        pytest.param(lambda: token(aud="billing"), id="another audience"),
        pytest.param(lambda: token(aud=None), id="no audience"),
        pytest.param(lambda: token(iss="https://evil.example/"), id="another issuer"),
        pytest.param(lambda: token(iss=None), id="no issuer"),
        pytest.param(lambda: token(exp=time.time() - 31), id="expired"),
        pytest.param(lambda: token(exp=None), id="never expires"),
        pytest.param(lambda: token(nbf=time.time() + 60), id="not valid yet"),
        pytest.param(lambda: token(iat=time.time() + 60), id="issued in the future"),
        pytest.param(lambda: token(sub=None), id="no subject"),
        pytest.param(lambda: token(sub="a b"), id="a subject with a space"),
        pytest.param(lambda: token(sub="x" * 201), id="a long subject"),
        pytest.param(lambda: token(localdial_role=None), id="no role"),
        pytest.param(lambda: token(localdial_role="root"), id="an unknown role"),
        pytest.param(lambda: token(localdial_role=["viewer", "admin"]), id="two roles"),
        pytest.param(lambda: token(localdial_role={"dialer": True}), id="a role that is no text"),
        pytest.param(lambda: token(localdial_organization=None), id="no organization"),
        pytest.param(lambda: token(localdial_organization=""), id="an empty organization"),
        pytest.param(lambda: token(localdial_organization=["acme"]), id="a list of organizations"),
        pytest.param(lambda: token(localdial_organization="a b"), id="an organization with a space"),
        pytest.param(lambda: "", id="nothing"),
        pytest.param(lambda: "a.b.c", id="no token"),
        pytest.param(lambda: "ldk_x_y", id="an API key"),
        pytest.param(lambda: "\x00" * 100, id="zeros"),
        pytest.param(lambda: "é.é.é", id="not ASCII"),
    ],
)
# The tokens are made in the test, because their times are relative to now.
async def test_any_other_token_is_refused(keys: SigningKeys, make: Callable[[], str]) -> None:
    with pytest.raises(Unauthenticated):
        await verifier(keys).principal_of(make())


@pytest.mark.parametrize("difference", [-29, 29])
async def test_clocks_may_differ_by_the_leeway(keys: SigningKeys, difference: float) -> None:
    sent = token(exp=time.time() + (difference if difference < 0 else 600), nbf=time.time() + difference)
    assert (await verifier(keys).principal_of(sent)).organization_id == "acme"


async def test_a_known_token_still_expires(keys: SigningKeys) -> None:
    checked = verifier(keys)
    sent = token(exp=time.time() - 27)
    await checked.principal_of(sent)
    await asyncio.sleep(3.1)
    with pytest.raises(Unauthenticated):
        await checked.principal_of(sent)


async def test_a_token_of_a_withdrawn_key_is_refused_although_it_is_known(
    keys: SigningKeys, file: Path
) -> None:
    checked, sent = verifier(keys), token()
    await checked.principal_of(sent)
    publish(file, jwks(public(EC_KEY, "k2")))
    await keys.refresh()
    with pytest.raises(Unauthenticated):
        await checked.principal_of(sent)


async def test_a_new_key_is_fetched_when_a_token_names_it(keys: SigningKeys, file: Path) -> None:
    checked = verifier(keys)
    publish(file, jwks(public(RSA_KEY, "k1"), public(OTHER_KEY, "new")))
    assert (await checked.principal_of(token(OTHER_KEY, "new"))).role is Role.DIALER


async def test_unknown_keys_do_not_make_the_server_fetch_at_will(
    keys: SigningKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched = []
    read = SigningKeys._read

    def counted(self: SigningKeys) -> Any:
        fetched.append(1)
        return read(self)

    monkeypatch.setattr(SigningKeys, "_read", counted)
    for number in range(50):
        with pytest.raises(Unauthenticated):
            await verifier(keys).principal_of(token(kid=f"unknown{number}"))
    assert len(fetched) == 1


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", '{"keys": []}', '{"keys": 7}', '{"keys": [{"kty": "oct", "kid": "k", "k": "AA"}]}'],
)
async def test_unusable_keys_leave_the_former_ones(keys: SigningKeys, file: Path, content: str) -> None:
    publish(file, content)
    with pytest.raises(UnusableKeys, match=r"jwks\.json"):
        await keys.refresh()
    assert (await verifier(keys).principal_of(token())).role is Role.DIALER


@pytest.mark.parametrize("more", [{"use": "enc"}, {"alg": "RS512"}, {"alg": "HS256"}])
async def test_a_key_is_used_only_for_what_it_is_declared_for(file: Path, more: Mapping[str, str]) -> None:
    publish(file, jwks(public(RSA_KEY, "k1", **more), public(EC_KEY, "k2")))
    keys = SigningKeys(str(file))
    await keys.refresh()
    with pytest.raises(Unauthenticated):
        await verifier(keys).principal_of(token())


async def test_the_number_of_kept_tokens_is_bounded(
    keys: SigningKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("localdial_server.rpc.tokens._KEPT_TOKENS", 3)
    checked = verifier(keys)
    for number in range(5):
        await checked.principal_of(token(sub=f"s{number}"))
    assert len(checked._kept) == 3


async def test_the_keys_of_a_url_are_fetched_and_follow_it(
    jwks_server: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signing_keys, "_COOLDOWN_SECONDS", 0)
    url = jwks_server(jwks(public(RSA_KEY, "k1")))
    keys = SigningKeys(url)
    await keys.refresh()
    checked = verifier(keys)
    assert (await checked.principal_of(token())).role is Role.DIALER
    jwks_server(jwks(public(OTHER_KEY, "k2")))
    assert (await checked.principal_of(token(OTHER_KEY, "k2"))).role is Role.DIALER
    with pytest.raises(Unauthenticated):
        await checked.principal_of(token())
