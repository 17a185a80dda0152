"""The geographic area codes of the North American Numbering Plan (NANP), from a committed table.

The table is `data/nanp_area_codes.csv`. `scripts/build-tables` writes it. Each row names its source:
libphonenumber's data, or reports of NANPA, the plan's administrator. A code that is not in the table is
not geographic (toll-free, premium, personal (5XX), government or N11) or not in use.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Final


@dataclass(frozen=True, slots=True)
class NanpArea:
    """Where an area code is.

    `country` is an ISO 3166-1 alpha-2 code; territories of the United States have their own (`PR`).
    `region` is the postal code of the state, province or US territory; None for codes that several
    share (867, 782, 902) and for other countries.
    """

    country: str
    region: str | None


def _load() -> dict[str, NanpArea]:
    table = resources.files(__package__).joinpath("data", "nanp_area_codes.csv").read_text("ascii")
    return {
        row["area_code"]: NanpArea(country=row["country"], region=row["region"] or None)
        for row in csv.DictReader(table.splitlines())
    }


AREAS: Final[Mapping[str, NanpArea]] = _load()
"""Every geographic area code of the NANP, such as `415`, and where it is."""
