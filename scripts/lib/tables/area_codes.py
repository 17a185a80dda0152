"""The table of geographic NANP area codes.

The facts come from two sources, and the column `source` names the one used:

- `phonenumbers`: its geocoding data name the state or province behind an area code,
  or behind parts of it; its metadata name the area codes of the smaller countries
  and territories, which the geocoding data mostly leave out.
- `nanp_additions.csv`, maintained by hand: codes that are in service but unknown to
  phonenumbers, and codes that several provinces share. Its rows take precedence over
  phonenumbers. Add a code when NANPA's report of all area codes lists it as
  geographic (USE = G) and in service (IN_SERVICE = Y):
  https://reports.nanpa.com/public/npa_report.csv

Building it fails if the two sources contradict each other, or if phonenumbers does not place
an area code in exactly one state or province and no addition does.
"""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata
from phonenumbers.geodata import GEOCODE_DATA

DATA = Path(__file__).resolve().parents[3] / "server/localdial_server/domain/data"
ADDITIONS = DATA / "nanp_additions.csv"
TABLE = DATA / "nanp_area_codes.csv"

# In a geographic area code the second digit is not 9 (reserved for longer numbers), and
# the last two digits differ (N11 and the easily recognizable codes are for services).
GEOGRAPHIC = re.compile(r"[2-9]([0-8])(?!\1)[0-9]", re.ASCII)

STATES = {
    "Alabama": "AL", "Alaska": "AK", "Arizona": "AZ", "Arkansas": "AR", "California": "CA", "Colorado": "CO",
    "Connecticut": "CT", "Delaware": "DE", "Florida": "FL", "Georgia": "GA", "Hawaii": "HI", "Idaho": "ID",
    "Illinois": "IL", "Indiana": "IN", "Iowa": "IA", "Kansas": "KS", "Kentucky": "KY", "Louisiana": "LA",
    "Maine": "ME", "Maryland": "MD", "Massachusetts": "MA", "Michigan": "MI", "Minnesota": "MN",
    "Mississippi": "MS", "Missouri": "MO", "Montana": "MT", "Nebraska": "NE", "Nevada": "NV",
    "New Hampshire": "NH", "New Jersey": "NJ", "New Mexico": "NM", "New York": "NY", "North Carolina": "NC",
    "North Dakota": "ND", "Ohio": "OH", "Oklahoma": "OK", "Oregon": "OR", "Pennsylvania": "PA",
    "Rhode Island": "RI", "South Carolina": "SC", "South Dakota": "SD", "Tennessee": "TN", "Texas": "TX",
    "Utah": "UT", "Vermont": "VT", "Virginia": "VA", "Washington State": "WA", "Washington D.C.": "DC",
    "West Virginia": "WV", "Wisconsin": "WI", "Wyoming": "WY",
}  # fmt: skip

# The geocoding data spell British Columbia in two ways.
PROVINCES = {
    "Alberta": "AB", "British Columbia": "BC", "British Colombia": "BC", "Manitoba": "MB",
    "New Brunswick": "NB", "Newfoundland and Labrador": "NL", "Nova Scotia": "NS",
    "Northwest Territories": "NT", "Nunavut": "NU", "Ontario": "ON", "Prince Edward Island": "PE",
    "Quebec": "QC", "Saskatchewan": "SK", "Yukon": "YT",
}  # fmt: skip

# The ISO country code of these United States territories is also their postal code.
TERRITORIES = frozenset({"AS", "GU", "MP", "PR", "VI"})

NAMES = STATES | PROVINCES
COUNTRIES = dict.fromkeys(STATES.values(), "US") | dict.fromkeys(PROVINCES.values(), "CA")


class Row(NamedTuple):
    """A line of the table: an area code, its location, and the source of both."""

    area_code: str
    country: str
    region: str
    source: str


def region_in(description: str) -> str | None:
    """Return the postal code in a description such as `California` or `San Antonio, TX`, or None."""
    code = NAMES.get(description) or description.rpartition(", ")[2]
    return code if code in COUNTRIES else None


def rows_of_geodata() -> dict[str, Row]:
    """Return the area codes of the United States and Canada that lie in one state or province.

    A description of a whole area code decides. Without one, the descriptions of all
    its parts must agree.
    """
    regions: dict[str, set[str | None]] = defaultdict(set)
    for prefix, names in GEOCODE_DATA.items():
        if prefix.startswith("1"):
            regions[prefix[1:4]].add(region_in(names.get("en", "")))
    for code in regions:
        if whole := GEOCODE_DATA.get(f"1{code}"):
            regions[code] = {region_in(whole.get("en", ""))}
    return {
        code: Row(code, COUNTRIES[region], region, "phonenumbers")
        for code, found in regions.items()
        if len(found) == 1 and (region := next(iter(found)))
    }


def rows_of_metadata() -> dict[str, Row]:
    """Return the area codes of countries and territories that share none of them with another."""
    rows = {}
    for country in COUNTRY_CODE_TO_REGION_CODE[1]:
        metadata = PhoneMetadata.metadata_for_region(country)
        if metadata is None or metadata.leading_digits is None:
            continue
        for code in map(str, range(200, 1000)):
            if re.fullmatch(metadata.leading_digits, code):
                region = country if country in TERRITORIES else ""
                rows[code] = Row(code, country, region, "phonenumbers")
    return rows


def rows_made_by_hand() -> list[Row]:
    """Return the additions, in the order of the file."""
    with ADDITIONS.open(encoding="ascii", newline="") as lines:
        return [Row(**row) for row in csv.DictReader(lines)]


def faults(known: dict[str, Row], additions: list[Row]) -> Iterator[str]:
    """Yield the problems that a person has to resolve before the table can be built."""
    by_hand = [row.area_code for row in additions]
    for row in additions:
        code = row.area_code
        if not row.source:
            yield f"{code}: the addition has no source"
        if by_hand.count(code) > 1:
            yield f"{code}: added more than once"
        if code in known and row[:3] != known[code][:3]:
            yield f"{code}: the addition says {row[1:3]}, phonenumbers {known[code][1:3]}"
    for code in sorted({*known, *by_hand}):
        if not GEOGRAPHIC.fullmatch(code):
            yield f"{code}: geographic area codes do not look like this"
    described = {prefix[1:4] for prefix in GEOCODE_DATA if prefix.startswith("1")}
    for code in sorted(described - known.keys() - set(by_hand)):
        yield f"{code}: phonenumbers does not name one state or province; add it by hand"


def build() -> str:
    """Return the table as CSV.

    Raises `ValueError` if the facts contradict each other or are incomplete.
    """
    known = rows_of_geodata() | rows_of_metadata()
    additions = rows_made_by_hand()
    if found := list(faults(known, additions)):
        raise ValueError("\n".join(found))
    rows = known | {row.area_code: row for row in additions}
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(Row._fields)
    table.writerows(rows[code] for code in sorted(rows))
    return text.getvalue()
