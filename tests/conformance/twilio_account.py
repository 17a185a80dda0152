"""The Twilio adapter over real HTTP, against the simulated company's server."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from localdial_server.app.ports.carrier import Carrier
from localdial_server.carriers.simulator.faults import Fault, Operation
from localdial_server.carriers.twilio.account import NumberSettings, TwilioAccount
from localdial_server.carriers.twilio.adapter import TwilioCarriers
from localdial_server.carriers.twilio_simulator import faults as http_faults
from localdial_server.carriers.twilio_simulator.faults import NAMED, Faults, Kind, When, error
from localdial_server.carriers.twilio_simulator.faults import Fault as HttpFault
from localdial_server.carriers.twilio_simulator.http_server import served
from localdial_server.carriers.twilio_simulator.journal import MemoryJournal
from localdial_server.carriers.twilio_simulator.ledger import Company
from tests.conformance.carrier_account import Ability, CarrierAccount
from tests.support.twilio_description import Watched, described

ACCOUNT_SID = "AC" + "0123456789abcdef" * 2
_TOKEN = "a-secret"
# A machine may be busy, so a request may take long. One that is to hang is cut off
# before: until then it holds a thread, and the next change of its number.
_TIMEOUT = 30.0
_HANGS = 2.0

_OPERATIONS = {
    Operation.SEARCH: http_faults.Operation.SEARCH,
    Operation.ORDER: http_faults.Operation.CREATE,
    Operation.FIND_BY_REFERENCE: http_faults.Operation.LIST,
    Operation.FIND_BY_NUMBER: http_faults.Operation.LIST,
    Operation.LIST_OWNED: http_faults.Operation.LIST,
    Operation.CONFIGURE: http_faults.Operation.UPDATE,
    Operation.RELEASE: http_faults.Operation.DELETE,
}
_FAULTS = {
    Fault.UNAVAILABLE: error(429, 20429),
    Fault.THROTTLED: error(429, 20429, retry_after=0.5),
    Fault.ACCOUNT_BLOCKED: NAMED["suspended"],
    Fault.HANG: HttpFault(Kind.HANG, When.BEFORE, seconds=_HANGS),
    Fault.NOT_SEEN: NAMED["not_seen"],
    Fault.REQUEST_LOST: NAMED["reset_before"],
    Fault.ANSWER_LOST: NAMED["reset_after"],
    Fault.ANSWER_HANGS: HttpFault(Kind.HANG, When.AFTER, seconds=_HANGS),
    Fault.TAKEN: NAMED["taken"],
    Fault.REFUSED: NAMED["address_required"],
}


@dataclass(frozen=True)
class TwilioWorld:
    """The account to test, and the company that it is with."""

    account: CarrierAccount
    company: Company
    faults: Faults
    carriers: TwilioCarriers
    watched: Watched | None


@contextmanager
def twilio_world() -> Iterator[TwilioWorld]:
    """Serve a company with one account, and watch what is said, where Twilio's description is there."""
    company, faults = Company(MemoryJournal()), Faults()
    opened = company.open_account(ACCOUNT_SID, _TOKEN)
    company.put_in(opened, "+14155550199", "")
    description = described()
    watched = Watched(description) if description is not None else None
    adapters: list[TwilioCarriers] = []
    with served(company, faults, around=watched.around if watched else None) as url:

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
            faults.add(_OPERATIONS[operation], _FAULTS[fault])

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
                never_sold="+14155550999",
                unknown_number_id="PN" + "f" * 32,
                lacks={
                    Ability.ONE_WINNER: "a purchase of an owned number succeeds and takes its name; the claim"
                    " in the database keeps two servers' orders of a number apart"
                },
            )
            yield TwilioWorld(account, company, faults, carriers, watched)
        finally:
            for adapter in adapters:
                adapter.close()
            ended = [adapter.threads.join(_TIMEOUT) for adapter in adapters]
        assert all(ended), "a thread outlives its time-out"
    assert faults.left() == 0
