"""Numbers that cost more to call than a landline or a mobile, from a committed table.

Fraudsters earn a share of what calls to such numbers cost (toll fraud). The table is
`data/costly_numbers.csv`, which `scripts/build-tables` takes from libphonenumber and from a list of our own
(`data/costly_additions.csv`). The library itself is not asked: a decision takes about a microsecond.

A number counts as costly if it *begins* with a complete costly number, because exchanges ignore digits that
follow one. Numbers that are not in the table count as ordinary, because numbers go into service before
any library knows them.
"""

import csv
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Final, NamedTuple

from localdial_server.domain.phone_keys import phone_key
from localdial_server.domain.possible_numbers import country_code_of


class CostlyKind(StrEnum):
    """Why calls to a number cost more, as the settings name it."""

    PREMIUM_RATE = "premium_rate"
    """Part of the price goes to whoever is called: 900 in North America, 09 in the United Kingdom."""
    SATELLITE = "satellite"
    """Satellite phones and the networks of no country, such as those of ships and planes."""
    PERSONAL = "personal"
    """Numbers that follow a person from phone to phone: 070 in the United Kingdom."""
    PAGER = "pager"


class _Row(NamedTuple):
    kind: CostlyKind
    pattern: str
    """A regular expression for the digits after the country code. An empty one matches all."""
    longer: str
    """A regular expression for ordinary numbers that begin with the digits of a costly one, or empty."""


def _load() -> dict[str, list[_Row]]:
    table = resources.files(__package__).joinpath("data", "costly_numbers.csv").read_text("ascii")
    rows: dict[str, list[_Row]] = {}
    for row in csv.DictReader(table.splitlines()):
        found = _Row(CostlyKind(row["kind"]), row["pattern"], row["longer"])
        rows.setdefault(row["country_code"], []).append(found)
    return rows


_ROWS: Final[Mapping[str, Sequence[_Row]]] = _load()


@cache
def _compiled(country_code: str) -> Sequence[tuple[CostlyKind, re.Pattern[str], re.Pattern[str] | None]]:
    """Return the rows of a country code. They are compiled when a number first needs them: at most 2 ms."""
    return [
        (row.kind, re.compile(row.pattern), re.compile(row.longer) if row.longer else None)
        for row in _ROWS.get(country_code, ())
    ]


def costly_kind(number: str) -> CostlyKind | None:
    """Return why calls to a possible number cost more, None if they cost what calls to its country cost."""
    # A network may drop the digits by which the spellings of a phone differ.
    number = phone_key(number)
    country_code = country_code_of(number)
    if country_code is None:
        return None
    digits = number[1 + len(country_code) :]
    for kind, pattern, longer in _compiled(country_code):
        if pattern.match(digits) and not (longer and longer.fullmatch(digits)):
            return kind
    return None
