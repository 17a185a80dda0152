"""What is asked of Twilio to find numbers of an area code, and which answers are taken."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from localdial_server.app.ports.carrier import AvailableNumber
from localdial_server.carriers.twilio.account import LARGEST_PAGE
from localdial_server.domain.area_codes import area_code_of, country_of, region_of

# Elsewhere the pattern is matched with numbers of longer area codes too (`+492` with
# `+49201`), which are left out afterwards.
_SURPLUS = 5

# Nothing longer can be stored. Twilio's own region is two letters.
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
    """A number on sale, as the library answers it."""

    @property
    def phone_number(self) -> str | None:
        """In E.164."""

    @property
    def locality(self) -> str | None:
        """The town."""

    @property
    def region(self) -> str | None:
        """The state or province."""

    @property
    def capabilities(self) -> object:
        """A dictionary of what the number can do, such as ``voice``."""


def query(area_code: str, limit: int) -> Query | None:
    """Answer what to search for; None for what is no area code."""
    country = country_of(area_code)
    if country is None or limit < 1:
        return None
    if area_code.startswith("+"):
        # A pattern that begins with a plus is one for the number's beginning.
        return Query(country, "", area_code, min(limit * _SURPLUS, LARGEST_PAGE))
    return Query(country, area_code, "", min(limit, LARGEST_PAGE))


def on_sale(offers: Iterable[Offer], area_code: str) -> Iterator[AvailableNumber]:
    """Pick the numbers that have the area code and take calls, each once."""
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
    # Asked for already; a carrier that does not say is believed.
    if not isinstance(capabilities, dict):
        return True
    return bool({name.lower(): value for name, value in capabilities.items()}.get("voice", True))
