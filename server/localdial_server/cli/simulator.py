"""`localdial simulator serve`: a test server that speaks Twilio's API."""

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Final

import typer

from localdial_server.cli.command import local_command
from localdial_server.cli.exit_codes import CliError
from localdial_server.cli.output import Output

simulator = typer.Typer(no_args_is_help=True, help="Run a simulated carrier to test with.")

_SID: Final = "AC00000000000000000000000000000000"
_TOKEN: Final = "simulator"  # noqa: S105 - only opens a simulation on this machine


@simulator.command("serve")
@local_command
def serve(
    out: Output,
    *,
    listen: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="A loopback address. Port 0 takes any free port.")
    ] = "127.0.0.1:8090",
    state: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A file to keep what was sold in, so that it survives a restart. Default: no file.",
        ),
    ] = None,
    account: Annotated[
        str, typer.Option(metavar="SID:TOKEN", help="The account and its auth token.")
    ] = f"{_SID}:{_TOKEN}",
    subaccounts: Annotated[
        list[str] | None,
        typer.Option("--subaccount", metavar="SID:TOKEN", help="A subaccount. May be repeated."),
    ] = None,
    owned: Annotated[
        list[str] | None,
        typer.Option(
            "--owned",
            metavar="NUMBER",
            help="A number that the account owns from the start. May be repeated.",
        ),
    ] = None,
    balance: Annotated[str, typer.Option(metavar="AMOUNT", help="The balance in US dollars.")] = "1000",
    trial: Annotated[bool, typer.Option("--trial", help="Make it a trial account.")] = False,
    read_lag: Annotated[
        float, typer.Option(metavar="SECONDS", min=0, max=600, help="How long a new number is not shown.")
    ] = 0.0,
    faults: Annotated[
        list[str] | None,
        typer.Option(
            "--fault",
            metavar="OPERATION:FAULT[:COUNT]",
            help="How the next requests fail, such as order:timeout_after. May be repeated.",
        ),
    ] = None,
    fault_rate: Annotated[
        float, typer.Option(metavar="SHARE", min=0, max=1, help="The share of requests that fail by chance.")
    ] = 0.0,
    seed: Annotated[int, typer.Option(help="The seed of the random faults.")] = 0,
    timeout_seconds: Annotated[
        float, typer.Option(metavar="SECONDS", min=0, max=3600, help="How long a random timeout lasts.")
    ] = 30.0,
) -> None:
    """Sell fictional numbers over Twilio's API, and fail on demand.

    `/simulator/` on the same address injects faults while it runs; see the documentation.
    """
    from localdial_server.runtime.simulator_server import SimulatorOptions, serve_simulator  # noqa: PLC0415 - slow to load

    options = SimulatorOptions(
        listen=listen,
        account=_pair(account),
        subaccounts=dict(map(_pair, subaccounts or ())),
        state=state,
        balance=_amount(balance),
        is_trial=trial,
        owned=owned or (),
        lag_seconds=read_lag,
        faults=[_fault(fault) for fault in faults or ()],
        fault_rate=fault_rate,
        seed=seed,
        timeout_seconds=timeout_seconds,
    )
    sid, token = options.account

    def ready(url: str) -> None:
        out.announce(
            {"url": url, "account_sid": sid},
            f"the Twilio simulator is ready on {url}\n\n"
            "To let a localdial server buy there, set\n\n"
            f"  export LOCALDIAL_CARRIER=twilio LOCALDIAL_TWILIO_BASE_URL={url}\n"
            f"  export LOCALDIAL_TWILIO_ACCOUNT_SID={sid} LOCALDIAL_TWILIO_AUTH_TOKEN={token}\n",
        )

    serve_simulator(options, ready)


def _pair(text: str) -> tuple[str, str]:
    sid, _, token = text.partition(":")
    if not (sid and token):
        raise CliError(f"an account is written SID:TOKEN, such as {_SID}:{_TOKEN}")
    return sid, token


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("nan")
    if not amount.is_finite():
        raise CliError(f"--balance {text!r} is not an amount: use a number such as 12.50")
    return amount


def _fault(text: str) -> tuple[str, str, int]:
    operation, _, rest = text.partition(":")
    name, _, count = rest.partition(":")
    if not name or (count and not count.isdigit()):
        raise CliError(
            f"--fault {text!r} is not a fault: use OPERATION:FAULT[:COUNT], such as order:timeout_after:2"
        )
    return operation, name, int(count or 1)
