"""The numbers that the simulators sell: computed by rule, so the same in every run.

Area codes are written as everywhere in localdial: `415` for a NANP area code, `+4420` for another
country's geographic code. Phone numbers are E.164.

No number has a subscriber. Those of a NANP area code are lines of exchange 555: first the lines
that the numbering plan reserves for fiction, then made-up ones, which are not assignable today.
In other countries they are the numbers that a regulator has set aside for films and plays.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from typing import Final

from localdial_server.domain.area_codes import area_code_of, is_geographic_area_code, region_of
from localdial_server.domain.nanp import AREAS

SOLD_OUT_AREA_CODES: Final = frozenset({"808", "907"})
"""Geographic NANP area codes (Hawaii, Alaska) that never have a number on sale."""

SCARCE_AREA_CODE: Final = "307"
"""The geographic NANP area code (Wyoming) that has only three numbers."""

OWNED_FROM_START_LINE: Final = "0199"
"""The line in exchange 555 of each NANP area code that the simulated carrier's account starts out with."""

TEXT_ONLY_NUMBER: Final = f"+1{SCARCE_AREA_CODE}555{OWNED_FROM_START_LINE}"
"""A number owned from the start that takes no calls. All others do."""

_PRICE: Final = Decimal("1.15")
_PRICES: Final[Mapping[str, Decimal]] = {"AU": Decimal("3.00"), "PR": Decimal("3.25")}

# The lines reserved for fiction, except 0199, which is never on sale.
_FICTIONAL_LINES = range(100, 199)
_SCARCE_LINES = range(100, 103)
# Below 2000 are directory assistance (1212) and former services like it; 4334 is the only other
# line that is still assigned anywhere in the numbering plan.
_MADE_UP_LINES = (range(2000, 4334), range(4335, 10000))


@dataclass(frozen=True, slots=True)
class _Block:
    """The numbers that begin with `prefix` and end in a line of `lines`, written with `digits` digits."""

    prefix: str
    digits: int
    lines: range

    def __iter__(self) -> Iterator[str]:
        return (f"{self.prefix}{line:0{self.digits}}" for line in self.lines)

    def __contains__(self, phone_number: str) -> bool:
        line = phone_number[len(self.prefix) :]
        return (
            phone_number.startswith(self.prefix)
            and len(line) == self.digits
            and line.isascii()
            and line.isdigit()
            and int(line) in self.lines
        )


@dataclass(frozen=True, slots=True)
class _Fiction:
    """The blocks of one area code that a regulator has set aside for fiction.

    `locality` is the town that the regulator names, empty where it names a region. Every number
    that has one of `prefixes` and `digits` more digits is set aside.
    """

    locality: str
    digits: int
    prefixes: Sequence[str]


# One of Ofcom's ranges is missing, "no area" (01632 960xxx): 1632 is the area code of no place.
_ABROAD: Mapping[str, _Fiction] = {
    # United Kingdom: Ofcom, "telephone numbers for use in TV and radio drama".
    "+44113": _Fiction("Leeds", 3, ["+441134960"]),
    "+44114": _Fiction("Sheffield", 3, ["+441144960"]),
    "+44115": _Fiction("Nottingham", 3, ["+441154960"]),
    "+44116": _Fiction("Leicester", 3, ["+441164960"]),
    "+44117": _Fiction("Bristol", 3, ["+441174960"]),
    "+44118": _Fiction("Reading", 3, ["+441184960"]),
    "+44121": _Fiction("Birmingham", 3, ["+441214960"]),
    "+44131": _Fiction("Edinburgh", 3, ["+441314960"]),
    "+44141": _Fiction("Glasgow", 3, ["+441414960"]),
    "+44151": _Fiction("Liverpool", 3, ["+441514960"]),
    "+44161": _Fiction("Manchester", 3, ["+441614960"]),
    "+44191": _Fiction("", 3, ["+441914980"]),
    "+4420": _Fiction("London", 3, ["+442079460"]),
    "+4428": _Fiction("", 3, ["+442896496"]),
    "+4429": _Fiction("Cardiff", 3, ["+442920180"]),
    # Germany: Bundesnetzagentur, "Rufnummern für Medienproduktionen", notice 148/2021.
    "+4930": _Fiction("Berlin", 3, ["+493023125"]),
    "+4940": _Fiction("Hamburg", 3, ["+494066969"]),
    "+4969": _Fiction("Frankfurt am Main", 3, ["+496990009"]),
    "+4989": _Fiction("Munich", 3, ["+498999998"]),
    "+49221": _Fiction("Cologne", 3, ["+492214710"]),
    # Australia: ACMA, "phone numbers for use in TV shows, films and creative works".
    "+612": _Fiction("", 4, ["+6125550", "+6127010"]),
    "+613": _Fiction("", 4, ["+6135550", "+6137010"]),
    "+617": _Fiction("", 4, ["+6175550", "+6177010"]),
    "+618": _Fiction("", 4, ["+6185550", "+6187010"]),
    # France: Arcep, the six roots for audiovisual works; the sixth is mobile.
    "+331": _Fiction("", 4, ["+3319900"]),
    "+332": _Fiction("", 4, ["+3326191"]),
    "+333": _Fiction("", 4, ["+3335301"]),
    "+334": _Fiction("", 4, ["+3346571"]),
    "+335": _Fiction("", 4, ["+3353649"]),
}

AREA_CODES_ABROAD = frozenset(_ABROAD)
"""Every area code outside the NANP that has stock."""


def stock_of(area_code: str) -> Iterator[str]:
    """Yield every number that is ever on sale in the area code, always in the same order.

    The numbers reserved for fiction come first. Yield nothing for an area code without stock, or a
    text that is not an area code.
    """
    return chain.from_iterable(_blocks(area_code))


def area_code_in_stock(phone_number: str) -> str | None:
    """Return the area code under which the number is ever on sale, or None if it never is."""
    area_code = area_code_of(phone_number)
    if area_code is None or not any(phone_number in block for block in _blocks(area_code)):
        return None
    return area_code


def monthly_price(country: str | None) -> Decimal:
    """Return what a number in the country (ISO 3166, two letters) costs a month, in US dollars."""
    return _PRICES.get(country or "", _PRICE)


def is_owned_from_start(phone_number: str) -> bool:
    """Return whether the simulated carrier's account owns the number without having ordered it."""
    area_code = area_code_of(phone_number)
    return area_code is not None and phone_number == f"+1{area_code}555{OWNED_FROM_START_LINE}"


def numbers_owned_from_start() -> Iterator[str]:
    """Yield every number that the simulated carrier's account owns from the start."""
    return (f"+1{area_code}555{OWNED_FROM_START_LINE}" for area_code in AREAS)


def place_of(area_code: str) -> tuple[str, str]:
    """Return the locality and the region of the area code's numbers, each empty if unknown.

    No town has exchange 555, so a NANP number has a region at most.
    """
    abroad = _ABROAD.get(area_code)
    return abroad.locality if abroad else "", region_of(area_code) or ""


def _blocks(area_code: str) -> Sequence[_Block]:
    abroad = _ABROAD.get(area_code)
    if abroad is not None:
        lines = range(10**abroad.digits)
        return [_Block(prefix, abroad.digits, lines) for prefix in abroad.prefixes]
    is_nanp = not area_code.startswith("+") and is_geographic_area_code(area_code)
    if not is_nanp or area_code in SOLD_OUT_AREA_CODES:
        return []
    ranges = (_SCARCE_LINES,) if area_code == SCARCE_AREA_CODE else (_FICTIONAL_LINES, *_MADE_UP_LINES)
    return [_Block(f"+1{area_code}555", 4, lines) for lines in ranges]
