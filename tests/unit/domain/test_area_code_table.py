"""The committed table of NANP area codes: it is up to date, complete and plausible."""

import csv
import re

import phonenumbers
import pytest
from phonenumbers import PhoneNumberType

from scripts.lib.tables import area_codes
from scripts.lib.tables.area_codes import TABLE

STATES = frozenset(
    {
        *(
            "AL",
            "AK",
            "AZ",
            "AR",
            "CA",
            "CO",
            "CT",
            "DC",
            "DE",
            "FL",
            "GA",
            "HI",
            "IA",
            "ID",
            "IL",
            "IN",
            "KS",
        ),
        *(
            "KY",
            "LA",
            "MA",
            "MD",
            "ME",
            "MI",
            "MN",
            "MO",
            "MS",
            "MT",
            "NC",
            "ND",
            "NE",
            "NH",
            "NJ",
            "NM",
            "NV",
        ),
        *(
            "NY",
            "OH",
            "OK",
            "OR",
            "PA",
            "RI",
            "SC",
            "SD",
            "TN",
            "TX",
            "UT",
            "VA",
            "VT",
            "WA",
            "WI",
            "WV",
            "WY",
        ),
    }
)
# Nova Scotia and Prince Edward Island share their codes, and so do the northern territories.
PROVINCES_WITH_THEIR_OWN_CODES = frozenset({"AB", "BC", "MB", "NB", "NL", "ON", "QC", "SK"})
SHARED = frozenset({"782", "867", "902"})
TERRITORIES = frozenset({"AS", "GU", "MP", "PR", "VI"})
CARIBBEAN = frozenset(
    {
        *("AG", "AI", "BB", "BM", "BS", "DM", "DO", "GD", "JM"),
        *("KN", "KY", "LC", "MS", "SX", "TC", "TT", "VC", "VG"),
    }
)

SERVICES = {
    "toll-free": {"800", "822", "833", "844", "855", "866", "877", "880", "881", "882", "888", "889"},
    "premium": {"900"},
    "personal": {
        *("500", "521", "522", "523", "524", "525", "526", "527", "528", "529"),
        *("532", "533", "538", "542", "544", "566", "577", "588"),
    },
    "government and carriers": {"710", "700"},
    "Canadian services": {"600", "622", "633", "644", "655", "677", "688"},
    "N11": {f"{digit}11" for digit in range(2, 10)},
}


@pytest.fixture(scope="module")
def rows() -> dict[str, dict[str, str]]:
    with TABLE.open(encoding="ascii", newline="") as lines:
        table = list(csv.DictReader(lines))
    assert len({row["area_code"] for row in table}) == len(table), "an area code is there twice"
    return {row["area_code"]: row for row in table}


def test_the_committed_table_is_up_to_date() -> None:
    built = area_codes.build().splitlines()
    committed = TABLE.read_text("ascii").splitlines()
    assert built == committed, f"run scripts/build-tables (phonenumbers is {phonenumbers.__version__})"


@pytest.mark.parametrize(
    ("addition", "fault"),
    [
        (
            ("415", "US", "NV", "a rumour"),
            r"415: the addition says \('US', 'NV'\), phonenumbers \('US', 'CA'\)",
        ),
        (("861", "US", "IL", ""), "861: the addition has no source"),
        (("861", "US", "IL", "a rumour"), "861: added more than once"),
        (("800", "US", "CA", "a rumour"), "800: geographic area codes do not look like this"),
        (("911", "US", "CA", "a rumour"), "911: geographic area codes do not look like this"),
        (("290", "US", "CA", "a rumour"), "290: geographic area codes do not look like this"),
    ],
)
def test_an_invalid_addition_is_refused(addition: tuple[str, str, str, str], fault: str) -> None:
    known = area_codes.rows_of_geodata() | area_codes.rows_of_metadata()
    found = list(area_codes.faults(known, [*area_codes.rows_made_by_hand(), area_codes.Row(*addition)]))
    assert any(re.fullmatch(fault, line) for line in found), found


def test_a_code_that_phonenumbers_learns_later_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    known = area_codes.rows_of_geodata() | {"861": area_codes.Row("861", "US", "IL", "phonenumbers")}
    monkeypatch.setattr(area_codes, "rows_of_geodata", lambda: known)
    assert area_codes.build() == TABLE.read_text("ascii")


def test_an_area_code_in_several_states_must_be_added_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    without = [row for row in area_codes.rows_made_by_hand() if row.area_code not in SHARED]
    monkeypatch.setattr(area_codes, "rows_made_by_hand", lambda: without)
    with pytest.raises(ValueError, match="does not name one state") as refusal:
        area_codes.build()
    assert {line.partition(":")[0] for line in str(refusal.value).splitlines()} == SHARED


def test_every_row_is_complete(rows: dict[str, dict[str, str]]) -> None:
    for code, row in rows.items():
        assert list(row) == ["area_code", "country", "region", "source"]
        assert re.fullmatch(r"[2-9][0-8][0-9]", code)
        assert re.fullmatch(r"[A-Z]{2}", row["country"])
        assert row["source"]


@pytest.mark.parametrize("service", SERVICES)
def test_no_service_code_is_in_the_table(service: str, rows: dict[str, dict[str, str]]) -> None:
    assert not SERVICES[service] & rows.keys()


def test_every_region_belongs_to_its_country(rows: dict[str, dict[str, str]]) -> None:
    regions: dict[str, set[str]] = {}
    for row in rows.values():
        regions.setdefault(row["country"], set()).add(row["region"])
    assert regions.pop("US") == STATES
    assert regions.pop("CA") == {*PROVINCES_WITH_THEIR_OWN_CODES, ""}
    for territory in TERRITORIES:
        assert regions.pop(territory) == {territory}
    assert regions == {country: {""} for country in CARIBBEAN}
    assert {code for code, row in rows.items() if row["country"] == "CA" and not row["region"]} == SHARED


@pytest.mark.parametrize(
    ("region", "codes"),
    [
        ("CA", ("209 213 279 310 323 341 350 357 369 408 415 424 442 510 530 559 562 619 626 628 650 657 661 "
                "669 707 714 738 747 760 805 818 820 831 837 840 858 909 916 925 949 951")),
        ("NY", "212 315 329 332 347 363 465 516 518 585 607 624 631 646 680 716 718 838 845 914 917 929 934"),
        ("TX", ("210 214 254 281 325 346 361 409 430 432 469 512 621 682 713 726 737 806 817 830 832 903 915 "
                "936 940 945 956 972 979")),
        ("NJ", "201 551 609 640 732 848 856 862 908 973"),
        ("IL", "217 224 309 312 331 447 464 618 630 708 730 773 779 815 847 861 872"),
        ("DC", "202 771"),
        ("WY", "307"),
        ("ON", "226 249 289 343 365 382 416 437 519 548 613 647 683 705 742 753 807 905 942"),
        ("PR", "787 939"),
    ],
)  # fmt: skip
def test_a_region_has_at_least_these_area_codes(
    region: str, codes: str, rows: dict[str, dict[str, str]]
) -> None:
    assert set(codes.split()) <= {code for code, row in rows.items() if row["region"] == region}


@pytest.mark.parametrize(
    ("country", "codes"),
    [("JM", {"658", "876"}), ("DO", {"809", "829", "849"}), ("BS", {"242"}), ("KY", {"345"})],
)
def test_a_caribbean_country_has_its_own_area_codes(
    country: str, codes: set[str], rows: dict[str, dict[str, str]]
) -> None:
    assert {code for code, row in rows.items() if row["country"] == country} == codes


def test_the_table_has_about_as_many_area_codes_as_nanpa_reports(rows: dict[str, dict[str, str]]) -> None:
    # NANPA reported in September 2026: in service are 378 codes of the United States and its territories,
    # 55 of Canada and 21 of other countries. A few are added each year.
    united_states = sum(row["country"] in {"US", *TERRITORIES} for row in rows.values())
    canada = sum(row["country"] == "CA" for row in rows.values())
    assert 378 <= united_states <= 420
    assert 55 <= canada <= 75
    assert len(rows) - united_states - canada == 21


def test_every_area_code_with_landlines_that_phonenumbers_knows_is_in_the_table(
    rows: dict[str, dict[str, str]],
) -> None:
    landlines = {PhoneNumberType.FIXED_LINE, PhoneNumberType.FIXED_LINE_OR_MOBILE}
    known = {
        code
        for code in map(str, range(200, 1000))
        if phonenumbers.number_type(phonenumbers.parse(f"+1{code}2345678")) in landlines
    }
    assert len(known) > 400
    assert known <= rows.keys()
