"""Which requests the webhook takes for Twilio's."""

import pytest
from twilio.request_validator import RequestValidator

from localdial_server.web.webhook.signed_requests import Signatures

URL = "https://voice.example.com"
FORM = {"AccountSid": "AC1", "CallSid": "CA1", "To": "+14155550100", "FromCity": ""}


def signed(token: str, url: str = f"{URL}/voice", form: dict[str, str] | None = None) -> str:
    return str(RequestValidator(token).compute_signature(url, form or FORM))


def test_the_main_accounts_signature_is_accepted() -> None:
    assert Signatures(URL, "main").is_valid("/voice", "", FORM, signed("main"))


def test_a_signature_that_covers_a_query_needs_exactly_that_query() -> None:
    signatures, signature = Signatures(URL, "main"), signed("main", f"{URL}/voice?a=%26&b=")
    assert signatures.is_valid("/voice", "a=%26&b=", FORM, signature)
    for query in "", "a=&b=", "b=&a=%26", "a=%26":
        assert not signatures.is_valid("/voice", query, FORM, signature)


def test_the_signature_covers_empty_parameters() -> None:
    signatures = Signatures(URL, "main")
    without = {name: value for name, value in FORM.items() if value}
    assert not signatures.is_valid("/voice", "", without, signed("main"))


def test_each_account_has_its_own_tokens() -> None:
    signatures = Signatures(URL, "main", [("AC1", "one"), ("AC2", "two"), ("AC1", "newer")])
    assert signatures.is_valid("/voice", "", FORM, signed("one"))
    assert signatures.is_valid("/voice", "", FORM, signed("newer")), "while a token is replaced"
    assert not signatures.is_valid("/voice", "", FORM, signed("two"))
    of_second = {**FORM, "AccountSid": "AC2"}
    assert signatures.is_valid("/voice", "", of_second, signed("two", form=of_second))
    assert not signatures.is_valid("/voice", "", of_second, signed("one", form=of_second))


@pytest.mark.parametrize("signature", ["", "x", "x" * 28, "\u00e9" * 28])
def test_any_other_text_is_refused(signature: str) -> None:
    assert not Signatures(URL, "main").is_valid("/voice", "", FORM, signature)


def test_without_the_accounts_token_every_request_is_refused() -> None:
    assert not Signatures(URL, "").is_valid("/voice", "", FORM, signed(""))
    assert not Signatures(URL, "", [("AC2", "two")]).is_valid("/voice", "", FORM, signed("two"))


# Computed with OpenSSL: the HMAC-SHA256 of the URL and the sorted parameters, in Base64.
SHARED_KEY_SIGNATURE = "lbje+e/WbUiMkgRbOt7Kz+To4B0AFflt+X09Ac35xGU="
SETTINGS = "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"


def test_a_shared_keys_signature_is_the_hmac_sha256_of_the_url_and_the_sorted_parameters() -> None:
    signatures = Signatures(URL, "main", shared_keys=[("webhooks_sharedkey_1", "shared-secret")])

    def is_valid(form: dict[str, str], signature: str, settings: str | None) -> bool:
        return signatures.is_valid("/voice", "a=%26", form, signature, settings)

    assert is_valid(FORM, SHARED_KEY_SIGNATURE, SETTINGS)
    assert not is_valid(FORM, SHARED_KEY_SIGNATURE, None)
    assert not is_valid(FORM, SHARED_KEY_SIGNATURE.swapcase(), SETTINGS)
    assert not is_valid({**FORM, "To": "+14155550101"}, SHARED_KEY_SIGNATURE, SETTINGS)
    assert not is_valid(FORM, SHARED_KEY_SIGNATURE, SETTINGS.replace("SHA256", "SHA1"))
    assert not is_valid(FORM, SHARED_KEY_SIGNATURE, SETTINGS.replace("_1", "_2"))


def test_two_shared_keys_are_accepted_while_one_replaces_the_other() -> None:
    signatures = Signatures(URL, "", shared_keys=[("old", "one"), ("new", "two")])
    for key, secret in ("old", "one"), ("new", "two"):
        signature = RequestValidator(secret).compute_signature(f"{URL}/voice", FORM, "HMAC_SHA256")
        assert signatures.is_valid("/voice", "", FORM, signature, f"key={key},algorithm=HMAC_SHA256")


def test_without_shared_keys_a_request_that_names_one_is_refused() -> None:
    assert not Signatures(URL, "main").is_valid("/voice", "", FORM, signed("main"), SETTINGS)
    assert not Signatures(URL, "main").is_valid("/voice", "", FORM, signed("main"), "")
