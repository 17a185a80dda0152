"""The admin API, `/simulator/…`: tests and drills use it to inject faults and to see what was sold.

It needs no credentials: the server listens on loopback only.
"""

from decimal import Decimal, InvalidOperation
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from localdial_server.carriers.simulator.faults import Fault, Operation
from localdial_server.carriers.twilio_simulator.error_responses import RequestRefused
from localdial_server.carriers.twilio_simulator.http_faults import FaultInjector, HttpFault, Kind, When
from localdial_server.carriers.twilio_simulator.ledger import Ledger

_TIMEOUT_SECONDS: Final = 600.0
_CHANGEABLE: Final = frozenset({"status", "type", "balance"})


class AdminApi:
    """The admin API over a ledger and a fault injector."""

    def __init__(self, ledger: Ledger, faults: FaultInjector) -> None:
        self._ledger = ledger
        self._faults = faults

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/simulator/health", self._health),
            Route("/simulator/journal", self._journal),
            Route("/simulator/numbers", self._numbers),
            Route("/simulator/numbers", self._grant, methods=["POST"]),
            Route("/simulator/accounts", self._accounts),
            Route("/simulator/accounts/{account}", self._change_account, methods=["POST"]),
            Route("/simulator/faults", self._show_faults),
            Route("/simulator/faults", self._add_faults, methods=["POST"]),
            Route("/simulator/faults", self._clear_faults, methods=["DELETE"]),
            Route("/simulator/chance", self._fail_by_chance, methods=["POST"]),
        ]

    async def _health(self, _request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def _journal(self, _request: Request) -> Response:
        """Return every event, how many numbers were bought, and the sum that was charged."""
        events = [
            {name: value for name, value in event.items() if name != "secrets"}
            for event in self._ledger.journal.events
        ]
        charged = sum((Decimal(event.get("charged", "0")) for event in events), Decimal(0))
        bought = sum(event["event"] == "number_bought" for event in events)
        return JSONResponse({"events": events, "bought": bought, "charged": str(charged)})

    async def _numbers(self, _request: Request) -> Response:
        """Return every owned number, including those that the read lag still hides."""
        numbers = [
            {
                "sid": number.sid,
                "account_sid": number.account_sid,
                "phone_number": number.phone_number,
                "fields": number.fields,
            }
            for number in self._ledger.numbers.values()
        ]
        return JSONResponse({"numbers": numbers})

    async def _grant(self, request: Request) -> Response:
        """Give an account the number of `{"account_sid": …, "phone_number": …, "takes_calls": true}`."""
        document = await request.json()
        try:
            account = self._ledger.account(document["account_sid"])
            phone_number = str(document["phone_number"])
        except (KeyError, TypeError) as error:
            return _invalid(f"an account_sid and a phone_number are needed: {error}")
        except RequestRefused as refusal:
            return _invalid(str(refusal))
        friendly_name = str(document.get("friendly_name", ""))
        takes_calls = bool(document.get("takes_calls", True))
        number = self._ledger.grant(account, phone_number, friendly_name, takes_calls=takes_calls)
        return JSONResponse({"sid": number.sid, "phone_number": number.phone_number})

    async def _accounts(self, _request: Request) -> Response:
        accounts = [
            {
                "sid": account.sid,
                "owner_sid": account.owner_sid,
                "status": account.status,
                "type": account.type,
                "balance": str(account.balance),
            }
            for account in self._ledger.accounts.values()
        ]
        return JSONResponse({"accounts": accounts})

    async def _change_account(self, request: Request) -> Response:
        changes = await request.json()
        if not isinstance(changes, dict) or not changes or not changes.keys() <= _CHANGEABLE:
            return _invalid(f"an account's changes are one or more of {', '.join(sorted(_CHANGEABLE))}")
        try:
            Decimal(changes.get("balance", "0"))
            account = self._ledger.change_account(request.path_params["account"], changes)
        except InvalidOperation:
            return _invalid(f"the balance {changes['balance']} is not a number")
        except RequestRefused as refusal:
            return _invalid(str(refusal))
        return JSONResponse({"sid": account.sid, "status": account.status, "balance": str(account.balance)})

    async def _show_faults(self, _request: Request) -> Response:
        return JSONResponse({"left": self._faults.left(), "suffered": self._faults.suffered()})

    async def _add_faults(self, request: Request) -> Response:
        """Add the faults of `{"operation": …, "fault": name or fields, "count": 1}`."""
        document = await request.json()
        try:
            operation = Operation(document["operation"])
            fault = parse_fault(document["fault"])
            count = int(document.get("count", 1))
        except (KeyError, TypeError, ValueError) as error:
            return _invalid(f"no such fault: {error}")
        self._faults.add(operation, *[fault] * count)
        return JSONResponse({"left": self._faults.left()})

    async def _clear_faults(self, _request: Request) -> Response:
        self._faults.clear()
        return JSONResponse({"left": 0})

    async def _fail_by_chance(self, request: Request) -> Response:
        """Set the chance of `{"rate": 0.3, "seed": 1, "timeout_seconds": 600}`."""
        document = await request.json()
        try:
            rate, seed = float(document["rate"]), int(document.get("seed", 0))
            seconds = float(document.get("timeout_seconds", _TIMEOUT_SECONDS))
        except (KeyError, TypeError, ValueError) as error:
            return _invalid(f'a rate is needed, such as {{"rate": 0.3}}: {error}')
        self._faults.fail_by_chance(rate, seed, seconds)
        return JSONResponse({"rate": rate, "seed": seed})


def parse_fault(fault: str | dict[str, Any]) -> Fault | HttpFault:
    """Return the fault with this name, or these fields of `HttpFault`. Raises `ValueError` or `TypeError`."""
    if isinstance(fault, str):
        names = [each.value for each in Fault]
        if fault not in names:
            raise ValueError(f"{fault}; the faults are {', '.join(names)}")
        return Fault(fault)
    fields = dict(fault)
    fields["kind"] = Kind(fields["kind"])
    fields["when"] = When(fields.get("when", When.BEFORE))
    return HttpFault(**fields)


def _invalid(text: str) -> Response:
    return JSONResponse({"error": text}, 400)
