"""Run the Twilio simulator as a process: `localdial simulator serve`."""

import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from localdial_server.carriers.simulator.faults import Operation
from localdial_server.carriers.twilio_simulator.admin_api import parse_fault
from localdial_server.carriers.twilio_simulator.application import application, listen, served
from localdial_server.carriers.twilio_simulator.http_faults import FaultInjector
from localdial_server.carriers.twilio_simulator.ledger import FULL, TRIAL, Ledger
from localdial_server.concurrency.stop_signals import stop_signals
from localdial_server.observability.logs import configure_logging
from localdial_server.settings.addresses import opened
from localdial_server.settings.errors import StartError
from localdial_server.settings.validators import is_loopback, valid_address


@dataclass(frozen=True, slots=True)
class SimulatorOptions:
    """How the simulator is set up. An account is given as its SID and auth token."""

    listen: str
    account: tuple[str, str]
    subaccounts: Mapping[str, str] = field(default_factory=dict)
    state: Path | None = None
    """The journal's file; with None, nothing survives the process."""
    balance: Decimal = Decimal(1000)
    """In US dollars."""
    is_trial: bool = False
    owned: Sequence[str] = ()
    """Numbers (E.164) that the account owns without having bought them here."""
    lag_seconds: float = 0.0
    """How long the API hides a number that was just bought."""
    faults: Sequence[tuple[str, str, int]] = ()
    """Operation, fault and count."""
    fault_rate: float = 0.0
    """The share of requests that fail by chance, 0 to 1."""
    seed: int = 0
    timeout_seconds: float = 30.0
    """How long a random timeout lasts."""


def serve_simulator(options: SimulatorOptions, on_ready: Callable[[str], None]) -> None:
    """Serve until SIGTERM, SIGINT or SIGHUP; call `on_ready` with the base URL first. Raises `StartError`."""
    _require_loopback(options.listen)
    configure_logging("warning", "console")
    faults = _fault_injector(options)
    ledger = _ledger(options)
    try:
        _open_accounts(ledger, options)
        listening = opened(options.listen, "--listen", lambda _family, host, port: listen(host, port))
        with listening as (address, sockets):
            stop = threading.Event()
            for signal_number in stop_signals():
                signal.signal(signal_number, lambda *_: stop.set())
            with served(application(ledger, faults), sockets):
                on_ready(f"http://{address}")
                stop.wait()
    except OSError as error:
        raise _unusable_journal(options, error) from None
    finally:
        ledger.journal.close()


def _require_loopback(address: str) -> None:
    try:
        valid_address(address)
    except ValueError as error:
        raise StartError(f"the address {error}") from None
    if not is_loopback(address):
        # Anyone who can reach the simulator can make it fail and read what it sold.
        raise StartError(
            f"{address} is not a loopback address, and the simulator listens on no other: "
            "use 127.0.0.1, [::1] or localhost"
        )


def _fault_injector(options: SimulatorOptions) -> FaultInjector:
    faults = FaultInjector()
    for operation, name, count in options.faults:
        try:
            faults.add(Operation(operation), *[parse_fault(name)] * count)
        except ValueError as error:
            raise StartError(f"no such fault: {error}") from None
    if options.fault_rate:
        faults.fail_by_chance(options.fault_rate, options.seed, options.timeout_seconds)
    return faults


def _ledger(options: SimulatorOptions) -> Ledger:
    try:
        return Ledger(options.state, lag_seconds=options.lag_seconds)
    except OSError as error:
        raise _unusable_journal(options, error) from None
    except (ValueError, KeyError, TypeError, ArithmeticError):
        raise StartError(
            f"{options.state} is not a journal of the simulator: name another file with --state"
        ) from None


def _unusable_journal(options: SimulatorOptions, error: OSError) -> StartError:
    return StartError(f"cannot use {options.state}: {error.strerror}")


def _open_accounts(ledger: Ledger, options: SimulatorOptions) -> None:
    sid, token = options.account
    main = ledger.open_account(
        sid, token, account_type=TRIAL if options.is_trial else FULL, balance=options.balance
    )
    for subaccount, subaccount_token in options.subaccounts.items():
        ledger.open_account(subaccount, subaccount_token, owner_sid=sid)
    for phone_number in options.owned:
        ledger.grant(main, phone_number)
