"""Searches for numbers of an area code: what to ask Twilio, and which of its offers fit."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from localdial_server.app.ports.carrier import AvailableNumber
from localdial_server.carriers.twilio.account import LARGEST_PAGE
from localdial_server.domain.area_codes import area_code_of, country_of, region_of

# Outside the NANP the pattern also matches numbers of longer area codes (`+492` matches `+49201`),
# which `on_sale` leaves out.
_SURPLUS = 5

# Longer ones cannot be stored. Twilio's own regions have two letters.
_LONGEST_LOCALITY = 200
_LONGEST_REGION = 16


@dataclass(frozen=True, slots=True)
class Query:
    """A search among the local numbers of one country."""

    country: str
    area_code: str
    contains: str
    limit: int


class Offer(Protocol):
    """A number on sale, as Twilio's library returns it."""

    @property
    def phone_number(self) -> str | None:
        """E.164."""

    @property
    def locality(self) -> str | None:
        """The town."""

    @property
    def region(self) -> str | None:
        """The state or province."""

    @property
    def capabilities(self) -> object:
        """A dictionary of what the number can do, such as `voice`."""


def query(area_code: str, limit: int) -> Query | None:
    """Return what to search for, or None if the text is not an area code or the limit is below 1."""
    country = country_of(area_code)
    if country is None or limit < 1:
        return None
    if area_code.startswith("+"):
        # A pattern with a plus matches the beginning of a number.
        return Query(country, "", area_code, min(limit * _SURPLUS, LARGEST_PAGE))
    return Query(country, area_code, "", min(limit, LARGEST_PAGE))


def on_sale(offers: Iterable[Offer], area_code: str) -> Iterator[AvailableNumber]:
    """Yield the numbers that have the area code and take calls, each once."""
    seen: set[str] = set()
    for offer in offers:
        number = offer.phone_number or ""
        if number not in seen and area_code_of(number) == area_code and _takes_calls(offer.capabilities):
            seen.add(number)
            region = offer.region or region_of(area_code) or ""
            yield AvailableNumber(
                number, (offer.locality or "")[:_LONGEST_LOCALITY], region[:_LONGEST_REGION]
            )


def _takes_calls(capabilities: object) -> bool:
    # The search asked for it, so a carrier that does not say is trusted.
    if not isinstance(capabilities, dict):
        return True
    return bool({name.lower(): value for name, value in capabilities.items()}.get("voice", True))
