"""Building the committed tables of numbering plans. A check shows differences and changes nothing."""

import sys
from pathlib import Path

import pytest

from scripts.lib import build_tables
from scripts.lib.tables import area_codes, console_area_codes, costly_numbers, country_codes


def _run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["build-tables", *arguments])
    return build_tables.main()


def test_the_check_shows_differences_and_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drifted = tmp_path / "nanp_area_codes.csv"
    committed = area_codes.TABLE.read_text("ascii")
    drifted.write_text(committed.replace("415,US,CA", "415,US,NV"), "ascii")
    monkeypatch.setitem(build_tables.TABLES, "area-codes", (drifted, area_codes.build))

    assert _run(monkeypatch, "--check", "country-codes", "area-codes") == 1
    shown = capsys.readouterr().out.splitlines()
    assert "-415,US,NV,phonenumbers" in shown
    assert "+415,US,CA,phonenumbers" in shown
    assert drifted.read_text("ascii") != committed, "a check changes nothing"

    assert _run(monkeypatch, "area-codes") == 0
    assert drifted.read_bytes() == area_codes.TABLE.read_bytes()
    assert _run(monkeypatch, "--check", "area-codes") == 0


def test_the_table_of_country_codes_is_that_of_the_library() -> None:
    assert country_codes.build() == country_codes.TABLE.read_text("ascii"), "run scripts/build-tables"


def test_the_table_of_costly_numbers_is_that_of_the_library_and_the_additions() -> None:
    assert costly_numbers.build() == costly_numbers.TABLE.read_text("ascii"), "run scripts/build-tables"


def test_the_console_knows_the_area_codes_of_the_server() -> None:
    assert console_area_codes.build() == console_area_codes.TABLE.read_text("ascii"), (
        "run scripts/build-tables"
    )


def test_an_overlay_holds_in_both_directions() -> None:
    places: dict[str, dict[str, str]] = {"212": {}, "646": {}}
    assert not list(console_area_codes.faults(places, {"212": ["646"], "646": ["212"]}))
    assert list(console_area_codes.faults(places, {"212": ["646"]})) == [
        "212: overlay 646: 646 does not name 212"
    ]


def test_an_overlay_is_an_area_code_of_the_server() -> None:
    fault, *_ = console_area_codes.faults({"212": {}}, {"212": ["999"], "999": ["212"]})
    assert fault == "212: overlay 999: one of them is not an area code of nanp_area_codes.csv"


def test_an_unknown_table_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        _run(monkeypatch, "area_codes")
    assert (
        "no table is called area_codes; there are area-codes, costly-numbers, country-codes"
        in capsys.readouterr().err
    )
