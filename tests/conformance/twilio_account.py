"""The Twilio adapter over real HTTP, against the Twilio simulator."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from localdial_server.app.ports.carrier import Carrier
from localdial_server.carriers.simulator.faults import Fault, Operation
from localdial_server.carriers.twilio.account import NumberSettings, TwilioAccount
from localdial_server.carriers.twilio.adapter import TwilioCarriers
from localdial_server.carriers.twilio_simulator.http_faults import HTTP_FAULTS, FaultInjector
from localdial_server.carriers.twilio_simulator.ledger import Ledger
from tests.conformance.carrier_account import Ability, CarrierAccount
from tests.support.twilio_description import Watched, described
from tests.support.twilio_simulator import TwilioSimulators

ACCOUNT_SID = "AC" + "0123456789abcdef" * 2
_TOKEN = "a-secret"
# Long, because the machine may be busy.
_TIMEOUT = 30.0
# Shorter: until it ends, a timeout holds a thread, and the next change of its number.
_TIMEOUT_FAULT_SECONDS = 2.0


@dataclass(frozen=True)
class TwilioSetup:
    """The account to test, and the simulator behind it."""

    account: CarrierAccount
    ledger: Ledger
    faults: FaultInjector
    carriers: TwilioCarriers
    watched: Watched | None


@contextmanager
def twilio_setup(simulators: TwilioSimulators) -> Iterator[TwilioSetup]:
    """Serve a simulator with one account; check the traffic if Twilio's API description is at hand."""
    ledger, faults = Ledger(), FaultInjector()
    opened = ledger.open_account(ACCOUNT_SID, _TOKEN)
    ledger.grant(opened, "+14155550199")
    ledger.grant(opened, "+13075550199", takes_calls=False)
    ledger.grant(opened, "24567")
    description = described()
    watched = Watched(description) if description is not None else None
    adapters: list[TwilioCarriers] = []
    with simulators.serve(ledger, faults, watched.around if watched else lambda app: app) as url:

        def connect() -> TwilioCarriers:
            settings = NumberSettings(voice_url="https://voice.example/twilio/voice")
            adapters.append(
                TwilioCarriers(
                    TwilioAccount(
                        ACCOUNT_SID, ACCOUNT_SID, _TOKEN, base_url=url, timeout=_TIMEOUT, numbers=settings
                    )
                )
            )
            return adapters[-1]

        async def reconnect() -> Carrier:
            return connect().for_organization("any")

        def arrange(operation: Operation, fault: Fault) -> None:
            faults.add(operation, replace(HTTP_FAULTS[fault], seconds=_TIMEOUT_FAULT_SECONDS))

        carriers = connect()
        try:
            account = CarrierAccount(
                carrier=carriers.for_organization("any"),
                reconnect=reconnect,
                stocked_area_code="415",
                sold_out_area_code="907",
                arrange=arrange,
                is_spent=lambda: faults.left() == 0,
                owned_from_start="+14155550199",
                owned_without_voice="+13075550199",
                never_sold="+14155550999",
                unknown_number_id="PN" + "f" * 32,
                lacks={
                    Ability.ONE_WINNER: "a purchase of an owned number succeeds and takes its name; the claim"
                    " in the database keeps two servers' orders of a number apart"
                },
            )
            yield TwilioSetup(account, ledger, faults, carriers, watched)
        finally:
            for adapter in adapters:
                adapter.close()
    ended = [adapter.threads.join(_TIMEOUT) for adapter in adapters]
    assert all(ended), "a thread outlives its time-out"
    assert faults.left() == 0
