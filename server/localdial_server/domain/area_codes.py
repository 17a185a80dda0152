"""Area codes: which one a phone number has, which ones exist, and where they are.

An area code is written in exactly one of two forms:

- In the North American Numbering Plan (NANP, country code 1: the United States, Canada and much of
  the Caribbean) it is the three digits, `415`. Which of them are geographic is in a table of our own
  (`nanp`), because libraries lag years behind the plan's administrator, NANPA.
- Everywhere else it is an E.164 prefix, `+4420` for London or `+3491` for Madrid, of at most 7 digits.
  They are in another table of our own (`geographic_prefixes`).

Only geographic codes are area codes. Toll-free, premium, personal (5XX) and service (N11) codes are not.
Neither are the prefixes of other countries' mobile numbers, even if they include an area code (Argentina,
Brazil). Countries without area codes, such as Singapore, have none. If mobile and landline numbers look
the same, as in the NANP and in Mexico, the area code counts.

The country decides, never the number of digits: `+4930123456` is in Berlin.
"""

from localdial_server.domain import geographic_prefixes
from localdial_server.domain.nanp import AREAS
from localdial_server.domain.phone_numbers import is_e164

_NANP = "+1"
_NANP_LENGTH = len("+14155550100")
# Where the exchange (central office code) begins.
_EXCHANGE = len("+1415")


def area_code_of(number: str) -> str | None:
    """Return the geographic area code of an E.164 number, None if it has none.

    A NANP number has the form NXX-NXX-XXXX after `+1`, where N is 2 to 9. `is_geographic_area_code`
    accepts every code that is returned.
    """
    # Every call comes through here, so a NANP number costs a slice and a look-up: 0.2 µs. Callers pass
    # E.164 numbers, so its digits are not checked again. Any other number takes a few microseconds.
    if number.startswith(_NANP):
        code = number[2:5]
        if code in AREAS and len(number) == _NANP_LENGTH and number[_EXCHANGE] >= "2":
            return code
        return None
    return geographic_prefixes.area_code_of(number) if is_e164(number) else None


def is_geographic_area_code(code: str) -> bool:
    """Return whether the text is an area code (`415`, `+4420`) that exists and is geographic.

    True for exactly those texts that `area_code_of` returns for some number, and so not for `+1415`.
    """
    return country_of(code) is not None


def region_of(code: str) -> str | None:
    """Return the postal code of an area code's state, province or US territory (`CA`, `ON`, `PR`).

    None for a code that several of them share (867, 782, 902), for a code of any other country
    (including the Caribbean members of the NANP), and for text that is not an area code. A country code
    is never used as the region, because it would be ambiguous: `KY` is both Kentucky and the Cayman
    Islands, `CA` both California and Canada.
    """
    area = AREAS.get(code)
    return area.region if area else None


def subdivision_of(code: str) -> str | None:
    """Return the ISO 3166-2 code of an area code's state, province or US territory, such as `US-CA`.

    None where `region_of` is None.
    """
    area = AREAS.get(code)
    if area is None or area.region is None:
        return None
    # US territories have a country code of their own, and are subdivisions of the US as well: `US-PR`.
    return f"{'CA' if area.country == 'CA' else 'US'}-{area.region}"


def country_of(code: str) -> str | None:
    """Return the ISO 3166-1 alpha-2 code of an area code's country, None for text that is not an area code.

    `US` for 415, `CA` for 416, `JM` for 876, `GB` for `+4420`. Puerto Rico, Guam and the other
    territories of the United States have their own codes.
    """
    area = AREAS.get(code)
    return area.country if area else geographic_prefixes.country_of(code)
