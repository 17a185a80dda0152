"""Twilio's signature: whether a request comes from Twilio."""

from collections.abc import Iterable, Mapping
from typing import Final

from twilio.request_validator import RequestValidator

SIGNATURE_HEADER: Final = "X-Twilio-Signature"


class Signatures:
    """Checks signatures against the auth tokens of Twilio accounts.

    Each account has a token of its own, and so has each subaccount. An account may have several
    tokens while one replaces another, and several accounts may share one.
    """

    def __init__(
        self, public_url: str, auth_token: str, account_tokens: Iterable[tuple[str, str]] = ()
    ) -> None:
        """Set the tokens.

        `public_url` is the URL that Twilio was given. The host and scheme that a request names are
        ignored: they are not signed, and a proxy changes them. `auth_token` is that of the main
        account; it may be empty. `account_tokens` are pairs of account SID and token.
        """
        self._public_url = public_url
        self._main = [RequestValidator(auth_token)] if auth_token else []
        self._of_account: dict[str, list[RequestValidator]] = {}
        for account_sid, token in account_tokens:
            self._of_account.setdefault(account_sid, []).append(RequestValidator(token))

    def fits(self, path: str, query: str, form: Mapping[str, str], signature: str) -> bool:
        """Return whether the signature is Twilio's, for this URL and these parameters.

        `path` is relative to the public URL. `query` is as it arrived, not decoded.
        """
        url = f"{self._public_url}{path}{f'?{query}' if query else ''}"
        validators = [*self._of_account.get(form.get("AccountSid", ""), ()), *self._main]
        return any(validator.validate(url, form, signature) for validator in validators)
