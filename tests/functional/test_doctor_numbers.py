"""`localdial doctor` reports stored numbers that no phone can have."""

import contextlib
import shlex
import sqlite3
import tracemalloc

import pytest
from sqlalchemy import Engine, insert

from localdial.v1 import directory_pb2 as directory
from localdial_client import Client
from localdial_server.admin.doctor_numbers import stored_numbers
from localdial_server.domain.dialing_permissions import DialingPermissions
from localdial_server.storage.sql.schema import numbers, organizations, users
from tests.functional.databases import NewDatabase, document, in_engine, run_on
from tests.functional.server_process import ServerProcess

DATABASES = pytest.mark.parametrize("kind", ["sqlite", "postgres"])


def number_row(phone_number: str) -> dict[str, object]:
    return {
        "organization_id": "acme",
        "phone_number": phone_number,
        "state": "active",
        "carrier": "simulator",
        "carrier_number_id": phone_number,
        "reference": phone_number,
        "locality": "",
        "region": "",
        "purchase_time": 0,
    }


def user_row(user: str, caller_id: str | None, work_phone: str | None, name: str = "") -> dict[str, object]:
    return {
        "organization_id": "acme",
        "user_id": user,
        "display_name": name,
        "caller_id": caller_id,
        "work_phone": work_phone,
    }


def store(engine: Engine, organization_number: str, *rows: dict[str, object]) -> None:
    """Store what the API refuses today, as an older release could."""
    with engine.begin() as connection:
        connection.execute(
            insert(organizations).values(
                organization_id="acme", display_name="", organization_number=organization_number
            )
        )
        for row in rows:
            connection.execute(insert(users if "user_id" in row else numbers).values(row))


def findings(url: str, state: str | None = "warning") -> list[tuple[str, str]]:
    """Return what was checked and the text of the findings on stored numbers, all of this state if given."""
    all_found = document(run_on(url, "doctor", "--json"))["findings"]
    other = {"settings", "database", "files", "webhook", "carrier", "sqlite"}
    found = [one for one in all_found if one["check"] not in other]
    assert state is None or {one["state"] for one in found} == {state}
    return [(one["check"], one["text"]) for one in found]


@DATABASES
def test_each_stored_number_that_is_impossible_is_named_with_its_repair(
    kind: str, new_database: NewDatabase
) -> None:
    url = new_database(
        kind,
        lambda engine: store(
            engine,
            "+9991234567",
            user_row("ann", "+1415555010", "+13125550151", "Ann B."),
            user_row("bob;x", "+1415555", "+4402079460000"),
            user_row("cat", None, None),
            number_row("+14151550100"),
            number_row("+14155550100"),
        ),
    )
    (checked, text), *rest = findings(url)
    assert checked == "stored numbers"
    assert text.startswith("5 of 7 impossible: ")
    assert [check for check, _ in rest] == [
        "organization number of acme",
        "caller ID of ann in acme",
        "caller ID of bob;x in acme",
        "work phone of bob;x in acme",
        "number of acme",
    ]
    users_set = "`localdial users set acme"
    for (_, text), begin, end in zip(
        rest,
        [
            "+9991234567 must begin with a country code that exists",
            "+1415555010 must have ten digits after +1",
            "+1415555 must have ten digits after +1",
            "+4402079460000 must not have a 0 after +44",
            "+14151550100 must have an exchange",
        ],
        [
            "`localdial orgs set acme --number=NUMBER`",
            f"{users_set} ann '--name=Ann B.' --caller-id=NUMBER --work-phone=+13125550151`",
            f"{users_set} 'bob;x' --caller-id=NUMBER --work-phone=NUMBER`",
            f"{users_set} 'bob;x' --caller-id=NUMBER --work-phone=NUMBER`",
            "`localdial numbers delete acme +14151550100`",
        ],
        strict=True,
    ):
        assert text.startswith(begin)
        assert text.endswith(f": run {end}")


@DATABASES
def test_the_first_few_are_named_and_all_are_counted(kind: str, new_database: NewDatabase) -> None:
    rows = [user_row(f"u{index:04}", "+1415555", "+1415555") for index in range(1200)]
    url = new_database(kind, lambda engine: store(engine, "+18005550150", *rows))
    (_, text), *rest = findings(url)
    assert text.startswith("2,400 of 2,401 impossible: ")
    assert text.endswith("; the first 5 follow")
    assert len(rest) == 5


@DATABASES
def test_possible_numbers_are_no_warning(kind: str, new_database: NewDatabase) -> None:
    url = new_database(
        kind, lambda engine: store(engine, "+18005550150", user_row("ann", "+18615550100", None))
    )
    assert findings(url, state="ok") == [("stored numbers", "2, of which none is impossible")]


@DATABASES
def test_each_stored_number_that_is_not_allowed_is_named_with_its_repair(
    kind: str, new_database: NewDatabase
) -> None:
    external = {**number_row("+19005550101"), "carrier": "external"}
    url = new_database(
        kind,
        lambda engine: store(
            engine,
            "+19005550150",
            user_row("ann", "+449012345678", "+88112345678", "Ann B."),
            user_row("bob", "+14155550100", "+13125550151"),
            number_row("+611300123456"),
            external,
        ),
    )
    _, (checked, text), *rest = findings(url, state=None)
    assert (checked, text) == (
        "toll fraud",
        "4 of 7 stored numbers not allowed: call-backs skip such a work phone or organization number",
    )
    assert [check for check, _ in rest] == [
        "organization number of acme",
        "caller ID of ann in acme",
        "work phone of ann in acme",
        "number of acme",
    ]
    set_ann = "`localdial users set acme ann '--name=Ann B.' --caller-id=NUMBER --work-phone=NUMBER`"
    for (_, text), begin, end in zip(
        rest,
        [
            "+19005550150 must not be a premium-rate number",
            "+449012345678 must not be a premium-rate number",
            "+88112345678 must not be a number of a satellite or international network",
            "+19005550101 must not be a premium-rate number",
        ],
        [
            "`localdial orgs set acme --number=NUMBER`",
            set_ann,
            set_ann,
            "`localdial numbers delete acme +19005550101`",
        ],
        strict=True,
    ):
        assert text.startswith(begin)
        assert text.endswith(f": run {end}")


def test_the_rows_are_not_held_in_memory(new_database: NewDatabase) -> None:
    rows = [user_row(f"u{index:05}", "+14155550100", None, "A" * 200) for index in range(20_000)]
    url = new_database("sqlite", lambda engine: store(engine, "+18005550150", *rows))

    def peak(engine: Engine) -> int:
        list(stored_numbers(engine, DialingPermissions()))
        tracemalloc.start()
        try:
            list(stored_numbers(engine, DialingPermissions()))
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert in_engine(url, peak) < 2_000_000


def test_the_doctor_reads_beside_a_server_and_its_repair_works(server: ServerProcess) -> None:
    url = f"sqlite:///{server.database}"
    with Client(server.address) as client:
        organization = directory.Organization(organization_id="acme", organization_number="+18005550150")
        client.directory.set_organization(directory.SetOrganizationRequest(organization=organization))
        user = directory.User(organization_id="acme", user_id="ann", caller_id="+14155550100")
        client.directory.set_user(directory.SetUserRequest(user=user))
    assert findings(url, state="ok") == [("stored numbers", "2, of which none is impossible")]
    server.stop()
    with contextlib.closing(sqlite3.connect(server.database)) as database, database:
        database.execute("UPDATE users SET caller_id = '+1415555010'")
    server.start()
    _, (_, text) = findings(url)
    _, _, command = text.removesuffix("`").partition("`localdial ")
    words = shlex.split(command.replace("NUMBER", "+14155550100"))
    document(run_on(url, "--server", server.address, "--json", *words))
    assert findings(url, state="ok") == [("stored numbers", "2, of which none is impossible")]
