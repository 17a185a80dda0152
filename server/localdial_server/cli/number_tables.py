"""Numbers as tables and records for people."""

from collections.abc import Iterable

from rich.table import Table

from localdial.v1.number_pb2 import AvailableNumber, CarrierNumber, LocalPresenceNumber, NumberState
from localdial_server.cli.numbers_import import EXTERNAL
from localdial_server.cli.tables import table
from localdial_server.cli.values import enum_name, money, record, utc_time


def place(locality: str, region: str) -> str:
    """Return the place of a number for people, such as `San Francisco, CA`; parts may be empty."""
    return ", ".join(filter(None, (locality, region)))


def price(number: LocalPresenceNumber | AvailableNumber) -> str:
    """Return the price of a number each month, such as `1.15 USD`; empty if it is not known."""
    if not number.HasField("monthly_price"):
        return ""
    monthly = number.monthly_price
    return money(monthly.micros, monthly.currency_code)


def carrier_numbers_table(numbers: Iterable[CarrierNumber]) -> Table:
    """Return a table of numbers of the carrier account."""
    rows = [
        (
            number.phone_number,
            place(number.locality, number.region),
            number.carrier_number_id,
            number.reference,
        )
        for number in numbers
    ]
    return table(("NUMBER", "PLACE", "CARRIER'S ID", "TAG"), rows, may_wrap={"PLACE", "TAG"})


def numbers_table(numbers: Iterable[LocalPresenceNumber]) -> Table:
    """Return a table of numbers of an inventory; with refused releases, a column says why."""
    numbers = list(numbers)
    rows: list[tuple[str, ...]] = [
        (
            number.phone_number,
            number.area_code,
            " ".join(number.mapped_area_codes),
            _state(number),
            place(number.locality, number.region),
            number.carrier,
            utc_time(number, "purchase_time"),
            price(number),
            utc_time(number, "last_shown_time"),
            number.release_status.message,
        )
        for number in numbers
    ]
    columns = [
        *("NUMBER", "AREA CODE", "ALSO FOR", "STATE", "PLACE", "CARRIER"),
        *("SINCE", "A MONTH", "LAST SHOWN", "RELEASE REFUSED"),
    ]
    if not any(number.HasField("release_status") for number in numbers):
        columns, rows = columns[:-1], [row[:-1] for row in rows]
    return table(columns, rows, may_wrap={"ALSO FOR", "PLACE", "RELEASE REFUSED"})


def _state(number: LocalPresenceNumber) -> str:
    if number.carrier == EXTERNAL and number.state == NumberState.NUMBER_STATE_RELEASED:
        return "FORGOTTEN"
    return enum_name(number, "state")


def number_record(number: LocalPresenceNumber) -> str:
    """Return a number of an inventory as a record."""
    return record(
        {
            "number": number.phone_number,
            "organization": number.organization_id,
            "area code": number.area_code,
            "also for": " ".join(number.mapped_area_codes),
            "state": _state(number),
            "place": place(number.locality, number.region),
            "carrier": number.carrier,
            "carrier's id": number.carrier_number_id,
            "since": utc_time(number, "purchase_time"),
            "a month": price(number),
            "by": number.created_by,
            "last shown": utc_time(number, "last_shown_time"),
            "release refused": number.release_status.message,
        }
    )
