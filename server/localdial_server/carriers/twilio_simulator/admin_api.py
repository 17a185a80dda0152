"""What tests and drills ask of the server besides the API: to fail, and to say what was sold.

``/simulator/…``, without credentials: the server listens on loopback only.
"""

from decimal import Decimal, InvalidOperation
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from localdial_server.carriers.twilio_simulator.error_responses import Refusal
from localdial_server.carriers.twilio_simulator.faults import NAMED, Fault, Faults, Kind, Operation, When
from localdial_server.carriers.twilio_simulator.ledger import Company

_HANG_SECONDS: Final = 600.0
_CHANGEABLE: Final = frozenset({"status", "type", "balance"})


class Admin:
    """The routes by which the server is told what to do."""

    def __init__(self, company: Company, faults: Faults) -> None:
        self._company = company
        self._faults = faults

    def routes(self) -> list[Route]:
        """Answer the routes."""
        return [
            Route("/simulator/health", self._health),
            Route("/simulator/journal", self._journal),
            Route("/simulator/numbers", self._numbers),
            Route("/simulator/accounts", self._accounts),
            Route("/simulator/accounts/{account}", self._change_account, methods=["POST"]),
            Route("/simulator/faults", self._faults_left),
            Route("/simulator/faults", self._add_faults, methods=["POST"]),
            Route("/simulator/faults", self._clear_faults, methods=["DELETE"]),
            Route("/simulator/chance", self._chance, methods=["POST"]),
        ]

    async def _health(self, _request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def _journal(self, _request: Request) -> Response:
        """Answer everything that happened, and the sum of what was charged."""
        events = [
            {name: value for name, value in event.items() if name != "secrets"}
            for event in self._company.events()
        ]
        charged = sum((Decimal(event.get("charged", "0")) for event in events), Decimal(0))
        bought = sum(event["event"] == "number_bought" for event in events)
        return JSONResponse({"events": events, "bought": bought, "charged": str(charged)})

    async def _numbers(self, _request: Request) -> Response:
        """Answer what is owned, what the API does not show yet as well."""
        return JSONResponse(
            {
                "numbers": [
                    {
                        "sid": number.sid,
                        "account_sid": number.account_sid,
                        "phone_number": number.phone_number,
                        "fields": number.fields,
                    }
                    for number in self._company.numbers.values()
                ]
            }
        )

    async def _accounts(self, _request: Request) -> Response:
        return JSONResponse(
            {
                "accounts": [
                    {
                        "sid": account.sid,
                        "owner_sid": account.owner_sid,
                        "status": account.status,
                        "type": account.type,
                        "balance": str(account.balance),
                    }
                    for account in self._company.accounts.values()
                ]
            }
        )

    async def _change_account(self, request: Request) -> Response:
        changes = await request.json()
        if not isinstance(changes, dict) or not changes or not changes.keys() <= _CHANGEABLE:
            return _wrong(f"say one or more of {', '.join(sorted(_CHANGEABLE))}")
        try:
            Decimal(changes.get("balance", "0"))
            account = self._company.change_account(request.path_params["account"], changes)
        except InvalidOperation:
            return _wrong("the balance must be a number")
        except Refusal as no:
            return _wrong(no.problem.message)
        return JSONResponse({"sid": account.sid, "status": account.status, "balance": str(account.balance)})

    async def _faults_left(self, _request: Request) -> Response:
        return JSONResponse({"left": self._faults.left(), "suffered": self._faults.suffered()})

    async def _add_faults(self, request: Request) -> Response:
        """Take ``{"operation": …, "fault": name or fields, "count": 1}``."""
        told = await request.json()
        try:
            operation = Operation(told["operation"])
            fault = fault_of(told["fault"])
            count = int(told.get("count", 1))
        except (KeyError, TypeError, ValueError) as error:
            return _wrong(f"no such fault: {error}")
        self._faults.add(operation, *[fault] * count)
        return JSONResponse({"left": self._faults.left()})

    async def _clear_faults(self, _request: Request) -> Response:
        self._faults.clear()
        return JSONResponse({"left": 0})

    async def _chance(self, request: Request) -> Response:
        """Take ``{"rate": 0.3, "seed": 1, "hang_seconds": 600}``."""
        told = await request.json()
        try:
            rate, seed = float(told["rate"]), int(told.get("seed", 0))
            seconds = float(told.get("hang_seconds", _HANG_SECONDS))
        except (KeyError, TypeError, ValueError) as error:
            return _wrong(f"not understood: {error}")
        self._faults.by_chance(rate, seed, seconds)
        return JSONResponse({"rate": rate, "seed": seed})


def fault_of(told: str | dict[str, Any]) -> Fault:
    """Make a fault of its name or of its fields. Raises ``ValueError``."""
    if isinstance(told, str):
        if told not in NAMED:
            raise ValueError(f"{told}; there are {', '.join(NAMED)}")
        return NAMED[told]
    fields = dict(told)
    fields["kind"] = Kind(fields["kind"])
    fields["when"] = When(fields.get("when", When.BEFORE))
    return Fault(**fields)


def _wrong(text: str) -> Response:
    return JSONResponse({"error": text}, 400)
