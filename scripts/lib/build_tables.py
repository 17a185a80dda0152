"""Build the committed tables of numbering plans; run by scripts/build-tables, which says how."""

import argparse
import difflib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from scripts.lib.tables import (
    area_codes,
    console_area_codes,
    costly_numbers,
    country_codes,
    geographic_prefixes,
)

# Each table's file, and the function that returns its content. A table follows those that it is built from.
TABLES: Final[dict[str, tuple[Path, Callable[[], str]]]] = {
    "area-codes": (area_codes.TABLE, area_codes.build),
    "costly-numbers": (costly_numbers.TABLE, costly_numbers.build),
    "country-codes": (country_codes.TABLE, country_codes.build),
    "geographic-prefixes": (geographic_prefixes.TABLE, geographic_prefixes.build),
    "console-area-codes": (console_area_codes.TABLE, console_area_codes.build),
}


def main() -> int:
    """Build the tables, or with `--check` show what building them would change."""
    parser = argparse.ArgumentParser(prog="scripts/build-tables", description="Builds the tables, offline.")
    parser.add_argument(
        "--check", action="store_true", help="show what would change; exit with 1 if anything would"
    )
    parser.add_argument("name", nargs="*", help=f"{', '.join(TABLES)}; all without a name")
    arguments = parser.parse_args()
    if unknown := set(arguments.name) - TABLES.keys():
        parser.error(f"no table is called {', '.join(sorted(unknown))}; there are {', '.join(TABLES)}")
    is_current = True
    for name in arguments.name or TABLES:
        file, build = TABLES[name]
        built = build()
        if arguments.check:
            is_current &= _is_current(file, built)
        else:
            file.write_text(built, encoding="ascii", newline="\n")
    return int(not is_current)


def _is_current(file: Path, built: str) -> bool:
    """Return whether the file holds what was built; if not, print the difference."""
    committed = file.read_text(encoding="ascii")
    sys.stdout.writelines(
        difflib.unified_diff(
            committed.splitlines(keepends=True), built.splitlines(keepends=True), file.name, "built"
        )
    )
    return committed == built


if __name__ == "__main__":
    sys.exit(main())
