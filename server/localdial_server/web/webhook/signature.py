"""Whether a request comes from the carrier: Twilio signs what it sends."""

from collections.abc import Iterable, Mapping
from typing import Final

from twilio.request_validator import RequestValidator

SIGNATURE_HEADER: Final = "X-Twilio-Signature"


class Signatures:
    """Knows the tokens that requests are signed with.

    Each of the carrier's accounts has its own, a subaccount too. One that is listed
    for several accounts, or several that are listed for one (while a token is
    replaced by another), are all right.
    """

    def __init__(
        self, public_url: str, auth_token: str, account_tokens: Iterable[tuple[str, str]] = ()
    ) -> None:
        """Take the token of the main account, if there is one, and those of further ones.

        ``public_url`` is what the carrier's requests are addressed to, as it is told
        to the carrier. What the request itself says of that is not asked: it is not
        signed, and a proxy changes it.
        """
        self._public_url = public_url
        self._main = [RequestValidator(auth_token)] if auth_token else []
        self._of_account: dict[str, list[RequestValidator]] = {}
        for account_sid, token in account_tokens:
            self._of_account.setdefault(account_sid, []).append(RequestValidator(token))

    def fits(self, path: str, query: str, form: Mapping[str, str], signature: str) -> bool:
        """Answer whether the signature is the carrier's, for this URL and these parameters.

        ``path`` is below the public URL; ``query`` is as it came, not decoded.
        """
        url = f"{self._public_url}{path}{f'?{query}' if query else ''}"
        validators = [*self._of_account.get(form.get("AccountSid", ""), ()), *self._main]
        return any(validator.validate(url, form, signature) for validator in validators)
