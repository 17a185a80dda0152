"""The stock of the simulators."""

import subprocess
import sys
from itertools import islice

import pytest

from localdial_server.carriers.simulator.stock import (
    AREA_CODES_ABROAD,
    SCARCE_AREA_CODE,
    SOLD_OUT_AREA_CODES,
    area_code_in_stock,
    is_owned_from_start,
    place_of,
    stock_of,
)
from localdial_server.domain.area_codes import area_code_of, is_geographic_area_code, region_of

ALL_THREE_DIGITS = [f"{code:03}" for code in range(1000)]
GEOGRAPHIC = [code for code in ALL_THREE_DIGITS if is_geographic_area_code(code)]
NOT_GEOGRAPHIC = [code for code in ALL_THREE_DIGITS if not is_geographic_area_code(code)]
WELL_STOCKED = [code for code in GEOGRAPHIC if code not in {*SOLD_OUT_AREA_CODES, SCARCE_AREA_CODE}]
PLENTY = 1000
# Each well-stocked area code has the lines 0100 to 0198, and 2000 to 9999 without 4334.
FICTIONAL_LINES = 99
MADE_UP_LINES = 8000 - 1


def test_there_are_area_codes_to_test() -> None:
    assert len(WELL_STOCKED) > 300
    assert {"212", "415", "907", "808", "307"} <= set(GEOGRAPHIC)
    assert {"800", "900", "555", "500", "911"} <= set(NOT_GEOGRAPHIC)


def test_every_remaining_geographic_area_code_is_well_stocked() -> None:
    for area_code in WELL_STOCKED:
        assert len(set(islice(stock_of(area_code), PLENTY))) == PLENTY, area_code


def test_every_number_has_the_area_code_that_it_is_sold_under() -> None:
    for area_code in GEOGRAPHIC:
        # Every 97th number: it covers all blocks and is fast.
        numbers = [*islice(stock_of(area_code), 100), *islice(stock_of(area_code), 100, None, 97)]
        assert {area_code_of(number) for number in numbers} <= {area_code}, area_code


def test_one_area_code_in_full() -> None:
    stock = list(stock_of("415"))
    assert len(stock) == len(set(stock)) == FICTIONAL_LINES + MADE_UP_LINES
    assert all(area_code_in_stock(number) == "415" for number in stock)


def test_numbers_reserved_for_fiction_come_first() -> None:
    stock = list(stock_of("415"))
    assert stock[:FICTIONAL_LINES] == [f"+14155550{line}" for line in range(100, 199)]
    made_up = stock[FICTIONAL_LINES:]
    assert made_up == sorted(made_up)
    assert made_up[0] == "+14155552000"
    assert made_up[-1] == "+14155559999"


@pytest.mark.parametrize("line", ["0000", "0099", "0199", "0200", "1212", "1313", "1999", "4334"])
def test_lines_with_another_purpose_are_never_sold(line: str) -> None:
    assert f"+1415555{line}" not in set(stock_of("415"))
    assert area_code_in_stock(f"+1415555{line}") is None


@pytest.mark.parametrize(
    "phone_number",
    [
        "+14155560100",  # another exchange
        "+14155560",
        "+1415555010",
        "+141555501000",
        "+18005550100",  # toll-free
        "+19075550100",  # sold out
        "+13075550103",  # the fourth of three
        "+442079470000",
        "+4420794600000",
        "+493023125",  # German numbers have many lengths
        "+4930231250001",
        "+447700900000",  # mobile
        "+33639980000",
        "+390612345678",  # a country without a range for fiction
    ],
)
def test_numbers_that_are_not_in_stock(phone_number: str) -> None:
    assert area_code_in_stock(phone_number) is None


@pytest.mark.parametrize("area_code", sorted(SOLD_OUT_AREA_CODES))
def test_sold_out_area_codes_are_geographic_and_have_no_stock(area_code: str) -> None:
    assert is_geographic_area_code(area_code)
    assert list(stock_of(area_code)) == []


def test_the_scarce_area_code_has_three_numbers() -> None:
    assert is_geographic_area_code(SCARCE_AREA_CODE)
    assert list(stock_of(SCARCE_AREA_CODE)) == ["+13075550100", "+13075550101", "+13075550102"]


def test_area_codes_that_are_not_geographic_have_no_stock() -> None:
    for area_code in [*NOT_GEOGRAPHIC, "", "+", "+1", "+1415", "1415", "4155", "+39", "+4477", "abc"]:
        assert list(stock_of(area_code)) == [], area_code


def test_outside_the_nanp_every_number_has_the_area_code_that_it_is_sold_under() -> None:
    for area_code in AREA_CODES_ABROAD:
        stock = list(stock_of(area_code))
        assert len(stock) == len(set(stock)) >= PLENTY, area_code
        assert {area_code_of(number) for number in stock[::97]} == {area_code}
        assert area_code_in_stock(stock[0]) == area_code_in_stock(stock[-1]) == area_code


@pytest.mark.parametrize(
    ("area_code", "first", "last"),
    [
        ("+4420", "+442079460000", "+442079460999"),
        ("+44113", "+441134960000", "+441134960999"),
        ("+4428", "+442896496000", "+442896496999"),
        ("+4930", "+493023125000", "+493023125999"),
        ("+49221", "+492214710000", "+492214710999"),
        ("+612", "+61255500000", "+61270109999"),
        ("+331", "+33199000000", "+33199009999"),
    ],
)
def test_outside_the_nanp_the_stock_is_what_the_regulator_keeps_for_fiction(
    area_code: str, first: str, last: str
) -> None:
    stock = list(stock_of(area_code))
    assert (stock[0], stock[-1]) == (first, last)


def test_one_number_of_each_geographic_area_code_is_owned_from_the_start() -> None:
    for area_code in GEOGRAPHIC:
        number = f"+1{area_code}5550199"
        assert is_owned_from_start(number)
        assert area_code_in_stock(number) is None
        assert not is_owned_from_start(f"+1{area_code}5550198")


@pytest.mark.parametrize("phone_number", ["+18005550199", "+442079460199", "+15550199", "+14155560199"])
def test_no_other_number_is_owned_from_the_start(phone_number: str) -> None:
    assert not is_owned_from_start(phone_number)


def test_the_place_of_an_area_code() -> None:
    assert place_of("415") == ("", "CA")
    assert place_of("+4420")[0] == "London"
    assert place_of("") == ("", "")
    for area_code in GEOGRAPHIC:
        assert place_of(area_code) == ("", region_of(area_code) or "")


def test_the_stock_is_the_same_in_every_process() -> None:
    first = [list(islice(stock_of(code), 150)) for code in ("212", "+4420")]
    program = (
        "from itertools import islice\n"
        "from localdial_server.carriers.simulator.stock import stock_of\n"
        "print([list(islice(stock_of(code), 150)) for code in ('212', '+4420')])"
    )
    for _ in range(2):
        # Each process has its own hash seed.
        output = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)
        assert output.stdout.strip() == str(first)
