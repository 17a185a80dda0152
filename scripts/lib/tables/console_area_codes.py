"""The console's table of NANP area codes: where each lies, and which others are assigned in the same area.

The places are those of the server's table. The overlays are maintained by hand in
`clients/console/data/nanp_overlays.csv`; they come from the column OVERLAY_COMPLEX of
NANPA's report of all area codes: https://reports.nanpa.com/public/npa_report.csv

Building it fails if an overlay is not an area code of the server's table, or if it holds
in one direction only.
"""

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from scripts.lib.tables import area_codes

CONSOLE = Path(__file__).resolve().parents[3] / "clients/console"
OVERLAYS = CONSOLE / "data/nanp_overlays.csv"
TABLE = CONSOLE / "src/area_codes/area_codes.json"

# The names of the geocoding data that tell a state from a city.
NAMES = {"Washington State": "Washington", "Washington D.C.": "Washington, D.C."}


def rows(file: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file, each by the names of its columns."""
    with file.open(encoding="ascii", newline="") as lines:
        return list(csv.DictReader(lines))


def faults(places: dict[str, dict[str, str]], overlays: dict[str, list[str]]) -> Iterator[str]:
    """Yield the problems that a person has to resolve before the table can be built."""
    for code, others in overlays.items():
        for other in others:
            if code not in places or other not in places:
                yield f"{code}: overlay {other}: one of them is not an area code of {area_codes.TABLE.name}"
            elif code not in overlays.get(other, []):
                yield f"{code}: overlay {other}: {other} does not name {code}"


def build() -> str:
    """Return the table as JSON, one area code a line.

    Raises `ValueError` if the overlays contradict themselves or the server's table.
    """
    places = {row["area_code"]: row for row in rows(area_codes.TABLE)}
    overlays = {row["area_code"]: row["overlays"].split() for row in rows(OVERLAYS)}
    if found := list(faults(places, overlays)):
        raise ValueError("\n".join(found))
    names = {
        f"{country}-{code}": NAMES.get(name, name)
        for country, regions in (("US", area_codes.STATES), ("CA", area_codes.PROVINCES))
        for name, code in regions.items()
        if name != "British Colombia"
    }
    codes = {
        code: {
            "country": place["country"],
            "region": place["region"],
            "overlays": overlays.get(code, []),
        }
        for code, place in places.items()
    }
    return f'{{\n"regions": {_object(names)},\n"areaCodes": {_object(codes)}\n}}\n'


def _object(values: Mapping[str, object]) -> str:
    """Return a JSON object with one member a line, in the order of the names."""
    members = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in sorted(values.items())]
    return "{\n" + ",\n".join(members) + "\n}"
