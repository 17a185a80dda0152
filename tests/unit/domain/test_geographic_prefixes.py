"""The committed table of geographic prefixes: it agrees with the installed phonenumbers."""

import csv
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import phonenumbers
import pytest
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, NumberParseException, PhoneNumberType

from localdial_server.domain import geographic_prefixes
from localdial_server.domain.geographic_prefixes import area_code_of, country_of
from scripts.lib.tables import geographic_prefixes as tables

ROOT = Path(__file__).resolve().parents[3]
DATA = ROOT / "server/localdial_server/domain/data"
REBUILD = f"run scripts/build-tables (phonenumbers is {phonenumbers.__version__})"
LANDLINES = {PhoneNumberType.FIXED_LINE, PhoneNumberType.FIXED_LINE_OR_MOBILE}
TYPES = range(PhoneNumberType.VOICEMAIL + 1)
# Building all countries takes half a minute. These have every kind of row and are quick.
REBUILT = (30, 34, 39, 44, 46, 48, 54, 55, 56, 61, 65, 81, 229, 358, 590, 599, 979, 995)


@pytest.fixture(scope="module")
def ungrouped() -> dict[int, dict[str, str]]:
    with (DATA / "ungrouped_area_codes.csv").open(encoding="ascii", newline="") as lines:
        return {int(row["country_code"]): row for row in csv.DictReader(lines)}


def test_the_committed_table_is_up_to_date() -> None:
    committed = (DATA / "geographic_prefixes.csv").read_text("ascii").splitlines()
    wanted = [line for line in committed[1:] if int(line.partition(",")[0]) in REBUILT]
    assert tables.build(REBUILT).splitlines() == [committed[0], *wanted], REBUILD


def numbers(codes: Sequence[int], count: int) -> Iterator[tuple[str, Any]]:
    """Yield numbers of all types that the library knows in these countries, each also as parsed."""
    random_ = random.Random(1)
    while count:
        code = random_.choice(codes)
        region = random_.choice(COUNTRY_CODE_TO_REGION_CODE[code])
        example = phonenumbers.example_number_for_type(region, random_.choice(TYPES))
        if example is None:
            continue
        digits = list(phonenumbers.national_significant_number(example))
        for index in random_.sample(range(len(digits)), random_.randint(0, len(digits))):
            digits[index] = random_.choice("0123456789")
        number = f"+{code}{''.join(digits)}"
        try:
            parsed = phonenumbers.parse(number)
        except NumberParseException:
            continue
        national = phonenumbers.national_significant_number(parsed)
        if phonenumbers.is_valid_number(parsed) and number == f"+{code}{national}":
            count -= 1
            yield number, parsed


def test_every_number_that_the_library_knows_has_the_area_code_that_the_library_says(
    ungrouped: dict[int, dict[str, str]],
) -> None:
    with_area_code = 0
    codes = [code for code in COUNTRY_CODE_TO_REGION_CODE if code != 1 and code not in ungrouped]
    for number, parsed in numbers(codes, count=8_000):
        length = phonenumbers.length_of_geographical_area_code(parsed)
        is_landline = phonenumbers.number_type(parsed) in LANDLINES
        expected = number[: len(f"+{parsed.country_code}") + length] if length and is_landline else None
        # Mongolia has area codes that are too long for the contract.
        if expected is not None and len(expected) > len("+1234567"):
            expected = None
        assert area_code_of(number) == expected, f"{number}: {REBUILD}"
        with_area_code += expected is not None
    assert with_area_code > 1_000


def test_where_the_library_groups_no_area_code_landlines_have_one_and_other_numbers_none(
    ungrouped: dict[int, dict[str, str]],
) -> None:
    seen = dict.fromkeys(ungrouped, 0)
    for number, parsed in numbers(list(ungrouped), count=2_000):
        row = ungrouped[parsed.country_code]
        area_code = area_code_of(number)
        if phonenumbers.number_type(parsed) not in LANDLINES:
            assert area_code is None, number
        elif area_code is not None:
            assert number.startswith(area_code)
            assert country_of(area_code) == row["country"]
            assert len(area_code) <= len("+") + len(row["country_code"]) + int(row["digits"])
            seen[parsed.country_code] += 1
    assert all(seen.values()), seen


def test_every_country_whose_area_codes_the_library_does_not_group_has_its_example(
    ungrouped: dict[int, dict[str, str]],
) -> None:
    for row in ungrouped.values():
        digits, place = row["example"].split(maxsplit=1)
        assert country_of(f"+{row['country_code']}{digits}") == row["country"], place


def test_every_area_code_fits_the_contract_and_belongs_to_a_country() -> None:
    count = 0
    for country_code in geographic_prefixes._ROWS:
        for code, country in geographic_prefixes._country(country_code).codes.items():
            assert code.startswith(country_code)
            assert len(country_code) < len(code) <= 7, code
            assert country in COUNTRY_CODE_TO_REGION_CODE[int(country_code)]
            assert country_of(f"+{code}") == country
            count += 1
    assert count > 20_000


def test_no_number_is_looked_up_in_the_library() -> None:
    program = """
import sys
from localdial_server.domain.area_codes import area_code_of, country_of, is_geographic_area_code
assert area_code_of("+34911234567") == "+3491"
assert is_geographic_area_code("+4930") and country_of("+4822") == "PL"
assert "phonenumbers" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
