"""What the adapter is told: whose numbers it buys, how, and where their calls go."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

LARGEST_PAGE: Final = 1000
"""How many items a page of a list may have at most."""

# Carriers that speak Twilio's API have identifiers of other kinds: what RFC 3986 lets
# stand in a segment of a path as it is, but for what leads to another one.
_RESOURCE_ID = re.compile(r"(?!\.\.?\Z)[A-Za-z0-9._~:-]{1,128}")


@dataclass(frozen=True, slots=True)
class NumberSettings:
    """What a number is set to: where its calls go, and on whose papers it is bought.

    Empty is left as it is. At most one of ``voice_url``, ``voice_application_sid``
    and ``trunk_sid``. The bundle is for numbers outside the North American
    Numbering Plan: within it none is ever asked for.
    """

    voice_url: str = ""
    voice_application_sid: str = ""
    trunk_sid: str = ""
    address_sid: str = ""
    bundle_sid: str = ""


@dataclass(frozen=True, slots=True)
class TwilioAccount:
    """An account at Twilio and how it is reached.

    ``username`` and ``password`` are the account SID and its auth token, or an API
    key's SID and secret. ``base_url`` goes in the place of every host of Twilio's;
    empty is Twilio itself. ``timeout`` is how many seconds one request may take.
    ``subaccounts`` names the account (SID) of each organization that does not buy
    in ``account_sid``.
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
    """Tell whether the text can stand in a path as the identifier of a resource."""
    return _RESOURCE_ID.fullmatch(text) is not None
