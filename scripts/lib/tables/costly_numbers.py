"""The table of numbers that cost more to call than a landline or a mobile, from phonenumbers.

The table has a row for each country code and kind of costly number, and these columns:

- `country_code`: such as `44`.
- `kind`: one of the values of `CostlyKind` in `localdial_server.domain.costly_numbers`.
- `pattern`: a regular expression for the digits after the country code. It is empty if all numbers of the
  country code are of this kind.
- `longer`: a regular expression for ordinary numbers that begin with the digits of a costly one, such as
  `508 ...` in New Zealand. Empty in nearly all rows.

The rows come from two sources: the patterns of phonenumbers, a port of Google's libphonenumber, and
`costly_additions.csv`, which is maintained by hand and names the source of each row. It has what the
library does not class as costly: pay-per-call exchanges and satellite networks.

Building the table fails if a pattern of the library matches a costly and an ordinary number alike.
"""

import csv
import io
from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

from scripts.lib.tables.country_codes import metadata_of
from scripts.lib.tables.geographic_prefixes import ACCEPTED, DATA, States, after, compiled

TABLE = DATA / "costly_numbers.csv"
ADDITIONS = DATA / "costly_additions.csv"

# The kinds, by the types of the library.
KINDS: Final = {
    "premium_rate": "premium_rate",
    "personal_number": "personal",
    "pager": "pager",
}
# Where callers and called share the cost (1300 in Australia), nobody earns with a call.
ORDINARY: Final = ("fixed_line", "mobile", "toll_free", "voip", "uan", "voicemail", "shared_cost")
# Personal numbers (5XX) cost in country code 1 what others cost.
ORDINARY_HERE: Final = {1: ("personal_number",)}


def patterns_of(country_code: int, types: tuple[str, ...]) -> list[str]:
    """Return the patterns of all countries with the code for numbers of these types."""
    found = {
        description.national_number_pattern
        for metadata in metadata_of(country_code)
        for name in types
        if (description := getattr(metadata, name)) is not None
    }
    return sorted(pattern for pattern in found if pattern)


def begins_like(ordinary: str, costly: str) -> bool:
    """Return whether a number of the ordinary pattern is longer than a costly number that it begins with.

    Raises `ValueError` if a number matches both patterns.
    """
    seen: set[tuple[States, States, bool]] = set()
    left = [(compiled(costly), compiled(ordinary), False)]
    is_found = False
    while left:
        state = left.pop()
        if state in seen:
            continue
        seen.add(state)
        of_costly, of_ordinary, is_longer = state
        if ACCEPTED in of_costly and ACCEPTED in of_ordinary:
            raise ValueError(f"some numbers match both {costly} and {ordinary}")
        is_found |= is_longer and ACCEPTED in of_ordinary
        is_longer |= ACCEPTED in of_costly
        for digit in "0123456789":
            next_costly, next_ordinary = after(of_costly, digit), after(of_ordinary, digit)
            if next_ordinary and (next_costly or is_longer):
                left.append((next_costly, next_ordinary, is_longer))
    return is_found


def rows_of_library() -> Iterator[tuple[str, str, str, str]]:
    """Yield the rows of the library's costly types."""
    for code in COUNTRY_CODE_TO_REGION_CODE:
        here = ORDINARY_HERE.get(code, ())
        ordinary = patterns_of(code, (*ORDINARY, *here))
        for name, kind in KINDS.items():
            if name in here:
                continue
            costly = patterns_of(code, (name,))
            longer = [one for one in ordinary if any(begins_like(one, pattern) for pattern in costly)]
            if costly:
                yield str(code), kind, "|".join(costly), "|".join(longer)


def build() -> str:
    """Return the table as CSV. Raises `ValueError` if the facts contradict each other."""
    patterns: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    longer = {}
    for code, kind, pattern, of_ordinary in rows_of_library():
        patterns[code, kind].append(pattern)
        longer[code, kind] = of_ordinary
    with ADDITIONS.open(encoding="ascii", newline="") as lines:
        for row in csv.DictReader(lines):
            patterns[row["country_code"], row["kind"]].append(row["pattern"])
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["country_code", "kind", "pattern", "longer"])
    for (code, kind), found in sorted(patterns.items()):
        # An empty pattern stands for all numbers of the country code.
        pattern = "|".join(found) if all(found) else ""
        table.writerow([code, kind, pattern, longer.get((code, kind), "")])
    return text.getvalue()
