"""``localdial simulator serve``: the simulated carrier as a server that speaks Twilio's API."""

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Final

import typer

from localdial_server.cli.command import JsonOption, errors_shown, output_of
from localdial_server.cli.output import CliError

simulator = typer.Typer(no_args_is_help=True, help="A carrier to try and to test with.")

_SID: Final = "AC00000000000000000000000000000000"
_TOKEN: Final = "simulator"  # noqa: S105 - opens nothing but a simulation on this machine


@simulator.command("serve")
def serve(
    context: typer.Context,
    *,
    listen: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="A loopback address; port 0 takes any.")
    ] = "127.0.0.1:8090",
    state: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Where to keep what was sold, so that it outlives the server. Default: nowhere.",
            show_default=False,
        ),
    ] = None,
    account: Annotated[
        str, typer.Option(metavar="SID:TOKEN", help="The account and its auth token.")
    ] = f"{_SID}:{_TOKEN}",
    subaccounts: Annotated[
        list[str] | None,
        typer.Option(
            "--subaccount", metavar="SID:TOKEN", help="A subaccount; may be repeated.", show_default=False
        ),
    ] = None,
    owned: Annotated[
        list[str] | None,
        typer.Option(
            "--owned",
            metavar="NUMBER",
            help="A number that the account has already; may be repeated.",
            show_default=False,
        ),
    ] = None,
    balance: Annotated[str, typer.Option(metavar="AMOUNT", help="What the account has to spend.")] = "1000",
    trial: Annotated[bool, typer.Option("--trial", help="Make it a trial account.")] = False,
    read_lag: Annotated[
        float,
        typer.Option(metavar="SECONDS", min=0, max=600, help="How long a number just bought is not shown."),
    ] = 0.0,
    faults: Annotated[
        list[str] | None,
        typer.Option(
            "--fault",
            metavar="REQUEST:FAULT[:COUNT]",
            help="What the next requests suffer, such as create:timeout_after; may be repeated.",
            show_default=False,
        ),
    ] = None,
    fault_rate: Annotated[
        float, typer.Option(metavar="SHARE", min=0, max=1, help="Which share of requests fails by chance.")
    ] = 0.0,
    seed: Annotated[int, typer.Option(help="What chance is made from.")] = 0,
    hang_seconds: Annotated[
        float,
        typer.Option(metavar="SECONDS", min=0, max=3600, help="How long what hangs by chance does so."),
    ] = 30.0,
    as_json: JsonOption = False,
) -> None:
    """Sell fictional numbers over Twilio's number API, and fail on demand.

    What it can be told while it runs is in the documentation of the simulator.
    """
    # Only this command needs a web server.
    from localdial_server.runtime.simulator_server import SimulatorOptions, serve_simulator  # noqa: PLC0415

    out = output_of(context, as_json=as_json)
    with errors_shown(out):
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
            rate=fault_rate,
            seed=seed,
            hang_seconds=hang_seconds,
        )
        sid, token = options.account

        def ready(url: str) -> None:
            out.announce(
                {"url": url, "account_sid": sid},
                f"the simulated carrier is ready on {url}\n\n"
                "To have a localdial buy there, set\n\n"
                f"  export LOCALDIAL_CARRIER=twilio LOCALDIAL_TWILIO_BASE_URL={url}\n"
                f"  export LOCALDIAL_TWILIO_ACCOUNT_SID={sid} LOCALDIAL_TWILIO_AUTH_TOKEN={token}\n",
            )

        serve_simulator(options, ready)


def _pair(text: str) -> tuple[str, str]:
    sid, _, token = text.partition(":")
    if not (sid and token):
        raise CliError("an account is its SID and its token, SID:TOKEN")
    return sid, token


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("nan")
    if not amount.is_finite():
        raise CliError("--balance must be an amount, such as 12.50")
    return amount


def _fault(text: str) -> tuple[str, str, int]:
    operation, _, rest = text.partition(":")
    name, _, count = rest.partition(":")
    if not name or (count and not count.isdigit()):
        raise CliError("--fault must be REQUEST:FAULT or REQUEST:FAULT:COUNT, such as create:timeout_after")
    return operation, name, int(count or 1)
