import http.client
import time
import urllib.error
from pathlib import Path
from typing import Any

import pytest

from localdial_server.carriers.simulator.faults import Fault, Operation
from localdial_server.carriers.twilio_simulator.http_faults import (
    HTTP_FAULTS,
    FaultInjector,
    HttpFault,
    Kind,
    When,
)
from localdial_server.carriers.twilio_simulator.ledger import Ledger
from tests.unit.carriers.twilio_simulator.conftest import MAIN, SUB, TOKEN, Site

_NUMBER = "+14155550100"
_BROKEN = (ConnectionError, http.client.HTTPException, urllib.error.URLError, TimeoutError)


def order(site: Site, *, timeout: float = 5.0) -> int:
    return site.call("POST", f"{site.numbers()}.json", {"PhoneNumber": _NUMBER}, timeout=timeout).status


@pytest.mark.parametrize("name", [name for name, fault in HTTP_FAULTS.items() if fault.kind is Kind.ERROR])
def test_an_error_response_comes_before_or_after_the_request_is_carried_out(site: Site, name: Fault) -> None:
    fault = HTTP_FAULTS[name]
    site.call("POST", "/simulator/faults", document={"operation": "order", "fault": name.value}, user=None)
    answer = site.call("POST", f"{site.numbers()}.json", {"PhoneNumber": _NUMBER})
    assert (answer.status, answer.body["code"]) == (fault.status, fault.code)
    assert answer.headers.get("retry-after") == (f"{fault.retry_after:g}" if fault.retry_after else None)
    assert site.ledger.is_owned(_NUMBER) is (fault.when is When.AFTER)
    assert order(site) == 201


@pytest.mark.parametrize(
    ("fault", "is_done"), [(Fault.RESET_BEFORE, False), (Fault.RESET_AFTER, True), (Fault.CUT_AFTER, True)]
)
def test_a_connection_breaks_before_or_after_the_request_is_carried_out(
    site: Site, fault: Fault, *, is_done: bool
) -> None:
    site.faults.add(Operation.ORDER, fault)
    with pytest.raises(_BROKEN):
        order(site)
    assert site.ledger.is_owned(_NUMBER) is is_done


@pytest.mark.parametrize(("fault", "is_done"), [(Fault.TIMEOUT_BEFORE, False), (Fault.TIMEOUT_AFTER, True)])
def test_a_timeout_comes_before_or_after_the_request_is_carried_out(
    site: Site, fault: Fault, *, is_done: bool
) -> None:
    site.faults.add(Operation.ORDER, fault)
    with pytest.raises(_BROKEN):
        order(site, timeout=0.3)
    assert site.ledger.is_owned(_NUMBER) is is_done


def test_a_timeout_ends_with_a_reset(site: Site) -> None:
    site.faults.add(Operation.ORDER, HttpFault(Kind.TIMEOUT, seconds=0.1))
    began = time.monotonic()
    with pytest.raises(_BROKEN):
        order(site)
    assert 0.1 <= time.monotonic() - began < 3


def test_read_lag_hides_a_new_number_for_a_while() -> None:
    now = [100.0]
    ledger = Ledger(lag_seconds=5, clock=lambda: now[0])
    account = ledger.open_account(MAIN, TOKEN)
    number = ledger.buy(account, {"PhoneNumber": _NUMBER})
    assert ledger.shown_numbers(account) == []
    assert ledger.is_owned(_NUMBER), "hidden, but sold"
    now[0] = 105.0
    assert ledger.shown_numbers(account) == [number]


def test_read_lag_can_be_injected_into_one_list(site: Site) -> None:
    order(site)
    site.faults.add(Operation.LIST_OWNED, Fault.NOT_SEEN)
    path = f"{site.numbers()}.json"
    assert [len(site.call("GET", path).body["incoming_phone_numbers"]) for _ in range(2)] == [0, 1]


def test_random_faults_are_the_same_for_the_same_seed_and_as_frequent_as_the_rate() -> None:
    def drawn(seed: int) -> list[HttpFault | None]:
        faults = FaultInjector()
        faults.fail_by_chance(0.3, seed, 2.0)
        return [faults.next(Operation.ORDER) for _ in range(1000)]

    assert drawn(7) == drawn(7) != drawn(8)
    struck = [fault for fault in drawn(7) if fault is not None]
    assert 250 < len(struck) < 350
    assert {(fault.kind, fault.when) for fault in struck} >= {
        (Kind.TIMEOUT, When.BEFORE),
        (Kind.TIMEOUT, When.AFTER),
        (Kind.RESET, When.BEFORE),
        (Kind.RESET, When.AFTER),
        (Kind.ERROR, When.AFTER),
    }
    assert {fault.seconds for fault in struck if fault.kind is Kind.TIMEOUT} == {2.0}


def test_random_faults_never_hide_an_owned_number() -> None:
    faults = FaultInjector()
    faults.fail_by_chance(1.0, 1, 1.0)
    kinds = {fault.kind for _ in range(200) if (fault := faults.next(Operation.LIST_OWNED)) is not None}
    assert Kind.NOT_SEEN not in kinds, "beyond the read lag this would break the promise of the carrier port"


def test_the_admin_api_injects_faults_and_changes_accounts(site: Site) -> None:
    def admin(method: str, path: str, document: object = None) -> Any:
        return site.call(method, f"/simulator/{path}", document=document, user=None).body

    assert admin("GET", "health") == {"status": "ok"}
    admin("POST", "faults", {"operation": "list_owned", "fault": "error_503", "count": 3})
    site.call("GET", f"{site.numbers()}.json")
    assert admin("GET", "faults") == {"left": 2, "suffered": {"list_owned error before": 1}}
    admin("DELETE", "faults")
    assert site.call("GET", f"{site.numbers()}.json").status == 200
    admin("POST", "faults", {"operation": "list_owned", "fault": {"kind": "error", "status": 418, "code": 1}})
    assert site.call("GET", f"{site.numbers()}.json").status == 418
    admin("POST", f"accounts/{MAIN}", {"balance": "3", "type": "Trial"})
    assert {"sid": MAIN, "owner_sid": MAIN, "status": "active", "type": "Trial", "balance": "3"} in (
        admin("GET", "accounts")["accounts"]
    )
    admin("POST", "chance", {"rate": 1, "seed": 3, "timeout_seconds": 0.05})
    with pytest.raises((AssertionError, *_BROKEN)):
        assert order(site) == 201


@pytest.mark.parametrize(
    ("path", "document"),
    [
        ("faults", {"operation": "list_owned", "fault": "nonsense"}),
        ("faults", {"operation": "nonsense", "fault": "taken"}),
        ("faults", {"operation": "list_owned", "fault": {"kind": "error", "colour": "red"}}),
        ("faults", {}),
        ("chance", {}),
        ("chance", {"rate": "often"}),
        (f"accounts/{MAIN}", {}),
        (f"accounts/{MAIN}", {"balance": "much"}),
        (f"accounts/{MAIN}", {"sid": "AC"}),
        ("accounts/AC0", {"balance": "1"}),
    ],
    ids=str,
)
def test_the_admin_api_refuses_invalid_documents(site: Site, path: str, document: object) -> None:
    assert site.call("POST", f"/simulator/{path}", document=document, user=None).status == 400


def test_the_journal_restores_the_ledger_after_a_crash(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    first = Ledger(file)
    main = first.open_account(MAIN, TOKEN)
    sub = first.open_account(SUB, "sub-secret", owner_sid=MAIN)
    kept = first.buy(main, {"PhoneNumber": _NUMBER, "FriendlyName": "localdial-1"})
    first.update(main, kept.sid, {"VoiceUrl": "https://a.example/"})
    released = first.buy(sub, {"PhoneNumber": "+14155550101"})
    first.release(sub, released.sid)
    first.change_account(MAIN, {"type": "Trial"})
    first.journal.close()
    # A crash cut this line off before the request got its response.
    with file.open("ab") as journal:
        journal.write(b'{"event": "number_bought", "acc')

    second = Ledger(file)
    assert second.numbers == first.numbers
    assert second.accounts == first.accounts
    assert second.open_account(MAIN, "another-token").secrets == {MAIN: TOKEN}, "an account is opened once"
    second.buy(second.account(SUB), {"PhoneNumber": "+14155550101"})
    second.journal.close()
    assert len(file.read_text("utf-8").splitlines()) == 8


@pytest.mark.parametrize("content", [b"somebody else's\nlast line", b'{"not": "ours"}\n{"cut'])
def test_a_file_that_is_not_a_journal_is_left_alone(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "notes.txt"
    file.write_bytes(content)
    with pytest.raises(ValueError, match="journal"):
        Ledger(file)
    assert file.read_bytes() == content
