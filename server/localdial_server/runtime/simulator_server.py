"""The simulated company as a process: ``localdial simulator serve``."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from localdial_server.carriers.twilio_simulator.admin_api import fault_of
from localdial_server.carriers.twilio_simulator.faults import NAMED, Faults, Operation
from localdial_server.carriers.twilio_simulator.http_server import listen, serve
from localdial_server.carriers.twilio_simulator.journal import FileJournal, MemoryJournal
from localdial_server.carriers.twilio_simulator.ledger import FULL, TRIAL, Company
from localdial_server.settings.addresses import opened
from localdial_server.settings.errors import StartError
from localdial_server.settings.validators import is_loopback, valid_address

FAULT_NAMES = tuple(NAMED)
OPERATIONS = tuple(operation.value for operation in Operation)


@dataclass(frozen=True, slots=True)
class SimulatorOptions:
    """What the simulated company is like. Accounts are SID and token."""

    listen: str
    account: tuple[str, str]
    subaccounts: Mapping[str, str] = field(default_factory=dict)
    state: Path | None = None
    """The file of the journal; without it all is forgotten in the end."""
    balance: Decimal = Decimal(1000)
    is_trial: bool = False
    owned: Sequence[str] = ()
    """Numbers that the account owns without having bought them here."""
    lag_seconds: float = 0.0
    faults: Sequence[tuple[str, str, int]] = ()
    """Operation, fault and how often."""
    rate: float = 0.0
    seed: int = 0
    hang_seconds: float = 30.0


def serve_simulator(options: SimulatorOptions, on_ready: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; ``on_ready`` is given the base URL. Raises ``StartError``."""
    _require_loopback(options.listen)
    faults = _faults(options)
    try:
        journal = FileJournal(options.state) if options.state is not None else MemoryJournal()
        company = Company(journal, lag_seconds=options.lag_seconds)
    except OSError as error:
        raise StartError(f"cannot use {options.state}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, ArithmeticError):
        raise StartError(f"{options.state} is no journal of a simulator") from None
    try:
        _open_accounts(company, options)
        with opened(options.listen, lambda _family, host, port: listen(host, port)) as (address, sockets):
            if not sockets:
                raise StartError(f"cannot listen on {options.listen}: this machine has no such address")
            on_ready(f"http://{address}")
            serve(company, faults, sockets)
    except OSError as error:
        raise StartError(f"cannot listen on {options.listen}: {error.strerror}") from None
    finally:
        company.close()


def _require_loopback(address: str) -> None:
    try:
        valid_address(address)
    except ValueError as error:
        raise StartError(f"the address {error}") from None
    if not is_loopback(address):
        # Anyone may tell it to fail, and read what it knows.
        raise StartError(f"the simulator listens on loopback addresses only, and {address} is none")


def _faults(options: SimulatorOptions) -> Faults:
    faults = Faults()
    for operation, name, count in options.faults:
        try:
            faults.add(Operation(operation), *[fault_of(name)] * count)
        except ValueError as error:
            raise StartError(f"no such fault: {error}") from None
    if options.rate:
        faults.by_chance(options.rate, options.seed, options.hang_seconds)
    return faults


def _open_accounts(company: Company, options: SimulatorOptions) -> None:
    sid, token = options.account
    main = company.open_account(
        sid, token, account_type=TRIAL if options.is_trial else FULL, balance=options.balance
    )
    for subaccount, subaccount_token in options.subaccounts.items():
        company.open_account(subaccount, subaccount_token, owner_sid=sid)
    for phone_number in options.owned:
        company.put_in(main, phone_number, "")
