"""The table of country codes, from phonenumbers, a port of Google's libphonenumber.

The table has a row for each country code, and these columns:

- `lengths`: how many digits may follow the code, such as `7 9 10`, in any country that has it.
- `lengths_of_repeated`: likewise, but only for numbers that begin with the code's first digit
  after the code too, such as `10` (India, where toll-free numbers of up to 13 digits begin with 1).
- `zeros`: how a number may begin after the code if it begins with 0, such as `0` (Italy,
  any number) or `001` (Thailand, toll-free numbers). Empty if no number begins with 0.
- `trunk_prefix`: what is dialed before a number inside the country, such as `0` or `06`
  (Hungary). Empty if nothing is.
- `pattern`: a regular expression that matches the digits after the code of every number that the
  library knows, and of many that are not assigned.
"""

import csv
import io
import re
from itertools import product
from pathlib import Path
from typing import Any

from phonenumbers import (
    COUNTRY_CODE_TO_REGION_CODE,
    REGION_CODE_FOR_NON_GEO_ENTITY,
    PhoneMetadata,
)

TABLE = Path(__file__).resolve().parents[3] / "server/localdial_server/domain/data/country_codes.csv"

# Three digits tell every range that begins with 0 from a trunk prefix: Thailand's 001 from 02, Bangkok.
DEPTH = 3

# The first digits of a number, at most `DEPTH`, and how many digits it has.
Shape = tuple[str, int]


def metadata_of(country_code: int) -> list[PhoneMetadata]:
    """Return the metadata of every country, or of the service, with the code. The main country is first."""
    found = [
        PhoneMetadata.metadata_for_nongeo_region(country_code)
        if region == REGION_CODE_FOR_NON_GEO_ENTITY
        else PhoneMetadata.metadata_for_region(region)
        for region in COUNTRY_CODE_TO_REGION_CODE[country_code]
    ]
    return [metadata for metadata in found if metadata is not None]


def shapes(pattern: str) -> set[Shape]:
    """Return the shape of every text that a pattern of the metadata matches."""
    # Python has no public parser of regular expressions, and no other way finds every shape.
    parsed = re._parser.parse(pattern)  # type: ignore[attr-defined]  # noqa: SLF001 - as above
    return _shapes_of_all(parsed)


def _shapes_of_all(parts: Any) -> set[Shape]:
    found = {("", 0)}
    for part in parts:
        found = _joined(found, _shapes_of_one(part))
    return found


def _joined(first: set[Shape], second: set[Shape]) -> set[Shape]:
    # Few shapes are short, and each of the others is joined with the lengths alone.
    lengths = {length for _, length in second}
    full = {(start, length) for start, length in first if len(start) == DEPTH}
    return {(start, length + longer) for (start, length), longer in product(full, lengths)} | {
        ((start + more)[:DEPTH], length + longer)
        for (start, length), (more, longer) in product(first - full, second)
    }


def _shapes_of_one(part: Any) -> set[Shape]:
    operation, value = str(part[0]), part[1]
    if operation == "LITERAL":
        return {(chr(value), 1)}
    if operation == "IN":
        return {(digit, 1) for kind, item in value for digit in _characters(str(kind), item)}
    if operation == "BRANCH":
        return set().union(*map(_shapes_of_all, value[1]))
    if operation == "SUBPATTERN":
        return _shapes_of_all(value[3])
    if operation == "MAX_REPEAT":
        least, most, repeated = value
        once = _shapes_of_all(repeated)
        found, results = {("", 0)}, set()
        for count in range(most + 1):
            if count >= least:
                results |= found
            found = _joined(found, once)
        return results
    raise ValueError(f"the metadata use {operation}, which this module does not know")


def _characters(kind: str, item: Any) -> set[str]:
    if kind == "LITERAL":
        return {chr(item)}
    if kind == "RANGE":
        return {chr(code) for code in range(item[0], item[1] + 1)}
    if kind == "CATEGORY" and str(item) == "CATEGORY_DIGIT":
        return set("0123456789")
    raise ValueError(f"the metadata use the class {kind} {item}, which this module does not know")


def zeros(of_country: set[Shape]) -> list[str]:
    """Return the shortest texts that tell which numbers may begin with 0."""
    found = {start for start, _ in of_country if start.startswith("0")}
    for length in range(DEPTH - 1, 0, -1):
        for shorter in {start[:length] for start in found if len(start) > length}:
            all_longer = {f"{shorter}{digit}" for digit in "0123456789"}
            if all_longer <= found:
                found = (found - all_longer) | {shorter}
    return sorted(found)


def build() -> str:
    """Return the table as CSV."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["country_code", "lengths", "lengths_of_repeated", "zeros", "trunk_prefix", "pattern"])
    for code in sorted(map(str, COUNTRY_CODE_TO_REGION_CODE)):
        metadata = metadata_of(int(code))
        general = [each.general_desc for each in metadata if each.general_desc is not None]
        patterns = sorted({each.national_number_pattern for each in general if each.national_number_pattern})
        of_country = set().union(*map(shapes, patterns))
        lengths = {length for each in general for length in each.possible_length}
        # Only the first digit counts: a country may assign numbers with any others next.
        of_repeated = {length for start, length in of_country if start[0] == code[0]}
        table.writerow(
            [
                code,
                _spaced(lengths),
                _spaced(of_repeated or lengths),
                " ".join(zeros(of_country)),
                metadata[0].national_prefix or "",
                "|".join(patterns),
            ]
        )
    return text.getvalue()


def _spaced(numbers: set[int]) -> str:
    return " ".join(map(str, sorted(numbers)))
