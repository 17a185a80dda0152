"""The adapter's settings: the account, how to reach it, and how its numbers are set up."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from localdial_server.app.ports.carrier import CallRoute

NO_CALL_ROUTE: Final = (
    "set LOCALDIAL_WEBHOOK_PUBLIC_URL, LOCALDIAL_TWILIO_VOICE_URL, LOCALDIAL_TWILIO_VOICE_APPLICATION_SID or"
    " LOCALDIAL_TWILIO_TRUNK_SID"
)
"""The cure if no setting says where calls to the numbers go."""

LARGEST_PAGE: Final = 1000
"""The most items that a page of a list may have."""

# Allow any identifier that needs no encoding in a URL's path (RFC 3986), except `.` and `..`: other
# carriers that speak Twilio's API have identifiers of other kinds.
_RESOURCE_ID = re.compile(r"(?!\.\.?\Z)[A-Za-z0-9._~:-]{1,128}")


@dataclass(frozen=True, slots=True)
class NumberSettings:
    """How numbers are set up: where their calls go, and the address and documents to buy them with.

    An empty setting changes nothing. At most one of `voice_url`, `voice_application_sid` and
    `trunk_sid` is set. `bundle_sid` is used outside the NANP, where regulators may require it.
    """

    voice_url: str = ""
    voice_application_sid: str = ""
    trunk_sid: str = ""
    address_sid: str = ""
    bundle_sid: str = ""

    @property
    def call_route(self) -> CallRoute:
        """Where calls to the numbers go; nothing if no setting says so."""
        return CallRoute(
            self.voice_url, "POST" if self.voice_url else "", self.voice_application_sid, self.trunk_sid
        )


@dataclass(frozen=True, slots=True)
class TwilioAccount:
    """An account at Twilio, and how to reach it.

    `username` and `password` are the account's SID and auth token, or an API key's SID and secret.
    `base_url` replaces all of Twilio's hosts; empty means Twilio itself. `timeout` is how many
    seconds one request may take, and `page_size` how many numbers a page of a list has.
    `subaccounts` maps each organization that does not buy in `account_sid` to its subaccount's SID.
    """

    account_sid: str
    username: str
    password: str = field(repr=False)
    base_url: str = ""
    timeout: float = 10.0
    page_size: int = LARGEST_PAGE
    numbers: NumberSettings = NumberSettings()
    subaccounts: Mapping[str, str] = field(default_factory=dict)


def is_resource_id(text: str) -> bool:
    """Return whether the text can be a resource's identifier in a path."""
    return _RESOURCE_ID.fullmatch(text) is not None
