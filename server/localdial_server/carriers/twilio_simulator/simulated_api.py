"""The routes of Twilio's API: accounts, balance, numbers on sale, owned numbers and prices."""

import asyncio
import base64
import binascii
import contextlib
import functools
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from localdial_server.carriers.simulator.faults import Operation
from localdial_server.carriers.simulator.stock import AREA_CODES_ABROAD
from localdial_server.carriers.twilio_simulator import resources
from localdial_server.carriers.twilio_simulator.connections import HalfResponse, disconnected, reset
from localdial_server.carriers.twilio_simulator.error_responses import (
    RequestRefused,
    not_found,
    wrong_credentials,
)
from localdial_server.carriers.twilio_simulator.http_faults import FaultInjector, HttpFault, Kind, When
from localdial_server.carriers.twilio_simulator.ledger import Account, IncomingPhoneNumber, Ledger
from localdial_server.carriers.twilio_simulator.stock_search import numbers_on_sale
from localdial_server.domain.area_codes import country_of
from localdial_server.domain.nanp import AREAS

_VERSION: Final = f"/{resources.API_VERSION}"
_PAGE_SIZE: Final = "50"
_LARGEST_PAGE: Final = 1000
_LARGEST_BODY: Final = 64 * 1024

_COUNTRIES: Final = {area.country for area in AREAS.values()} | set(map(country_of, AREA_CODES_ABROAD))

# Faults that change what a response shows. The handlers read them from the request's state.
_LEFT_TO_HANDLERS: Final = frozenset({Kind.NOT_SEEN, Kind.NO_VOICE})

Handler = Callable[[Request, Account], Awaitable[Response]]


class SimulatedApi:
    """The API over a ledger, with the faults of an injector."""

    def __init__(self, ledger: Ledger, faults: FaultInjector) -> None:
        self._ledger = ledger
        self._faults = faults

    def routes(self) -> list[Route]:
        """Return the routes, at Twilio's own paths."""
        account = f"{_VERSION}/Accounts/{{account}}"
        numbers = f"{account}/IncomingPhoneNumbers"
        on_sale = f"{account}/AvailablePhoneNumbers/{{country}}/Local.json"
        prices = "/v1/PhoneNumbers/Countries/{country}"
        table: list[tuple[str, str, Operation, Handler]] = [
            ("GET", f"{_VERSION}/Accounts.json", Operation.ACCOUNT, self._list_accounts),
            ("GET", f"{account}.json", Operation.ACCOUNT, self._show_account),
            ("GET", f"{account}/Balance.json", Operation.BALANCE, self._show_balance),
            ("GET", on_sale, Operation.SEARCH, self._search),
            ("GET", f"{numbers}.json", Operation.LIST_OWNED, self._list_numbers),
            ("POST", f"{numbers}.json", Operation.ORDER, self._buy),
            ("GET", f"{numbers}/{{number}}.json", Operation.FETCH, self._show_number),
            ("POST", f"{numbers}/{{number}}.json", Operation.CONFIGURE, self._update),
            ("DELETE", f"{numbers}/{{number}}.json", Operation.RELEASE, self._release),
            ("GET", prices, Operation.MONTHLY_PRICE, self._show_prices),
        ]
        return [
            Route(path, functools.partial(self._respond, operation, handler), methods=[method])
            for method, path, operation, handler in table
        ]

    async def _respond(self, operation: Operation, handler: Handler, request: Request) -> Response:
        account = self._authorized_account(request)
        fault = self._faults.next(_actual_operation(operation, request.query_params))
        kind = fault.kind if fault is not None else None
        request.state.shows_numbers = kind is not Kind.NOT_SEEN
        request.state.takes_calls = kind is not Kind.NO_VOICE
        if fault is not None and fault.when is When.BEFORE and kind not in _LEFT_TO_HANDLERS:
            return await _fail(fault, request)
        response = await handler(request, account)
        if fault is not None and fault.when is When.AFTER:
            return await _fail(fault, request, response)
        return response

    def _authorized_account(self, request: Request) -> Account:
        """Return the account that the path names. Raises `RequestRefused` unless the user may use it."""
        user = self._ledger.authenticated(*_credentials(request))
        if user is None:
            raise wrong_credentials()
        sid = request.path_params.get("account", user.sid)
        account = self._ledger.accounts.get(sid)
        if account is None or user.sid not in {account.sid, account.owner_sid}:
            raise wrong_credentials()
        return account

    async def _list_accounts(self, request: Request, account: Account) -> Response:
        shown = [each for each in self._ledger.accounts.values() if account.sid in {each.sid, each.owner_sid}]
        return _page(request, "accounts", [resources.account(each) for each in shown])

    async def _show_account(self, _request: Request, account: Account) -> Response:
        return JSONResponse(resources.account(account))

    async def _show_balance(self, _request: Request, account: Account) -> Response:
        if account.owner_sid != account.sid:
            # A subaccount has no balance: its parent pays.
            raise not_found(f"{resources.account_path(account.sid)}/Balance.json")
        return JSONResponse(resources.balance(account))

    async def _search(self, request: Request, account: Account) -> Response:
        self._ledger.require_active(account)
        country = request.path_params["country"]
        query = _paged(request)
        takes_calls = request.state.takes_calls
        is_found = request.state.shows_numbers and (takes_calls or query.get("VoiceEnabled") != "true")
        found = numbers_on_sale(country, query, self._ledger.is_owned) if is_found else []
        shown = [resources.available_phone_number(number, takes_calls=takes_calls) for number in found]
        path = f"{resources.account_path(account.sid)}/AvailablePhoneNumbers/{country}/Local.json"
        return JSONResponse({"available_phone_numbers": shown, "uri": path})

    async def _list_numbers(self, request: Request, account: Account) -> Response:
        query = request.query_params
        found = [
            number
            for number in self._ledger.shown_numbers(account)
            if _matches(number, query) and request.state.shows_numbers
        ]
        # Twilio lists the newest number first.
        shown = [resources.incoming_phone_number(each) for each in reversed(found)]
        return _page(request, "incoming_phone_numbers", shown)

    async def _buy(self, request: Request, account: Account) -> Response:
        number = self._ledger.buy(account, await _form(request), takes_calls=request.state.takes_calls)
        return JSONResponse(resources.incoming_phone_number(number), 201)

    async def _show_number(self, request: Request, account: Account) -> Response:
        number = self._ledger.shown_number(account, _number_sid(request))
        return JSONResponse(resources.incoming_phone_number(number))

    async def _update(self, request: Request, account: Account) -> Response:
        number = self._ledger.update(account, _number_sid(request), await _form(request))
        return JSONResponse(resources.incoming_phone_number(number))

    async def _release(self, request: Request, account: Account) -> Response:
        self._ledger.release(account, _number_sid(request))
        return Response(status_code=204)

    async def _show_prices(self, request: Request, _account: Account) -> Response:
        country = request.path_params["country"]
        if country not in _COUNTRIES:
            raise not_found(request.url.path)
        return JSONResponse(resources.prices(country))


async def _fail(fault: HttpFault, request: Request, response: Response | None = None) -> Response:
    match fault.kind:
        case Kind.ERROR | Kind.NOT_SEEN | Kind.NO_VOICE:
            raise fault.refusal()
        case Kind.CUT if response is not None:
            return HalfResponse(response)
        case Kind.TIMEOUT:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(disconnected(request.receive), fault.seconds)
    return reset(request)


def _actual_operation(operation: Operation, query: Mapping[str, str]) -> Operation:
    """Return which of the three look-ups a list request is: in Twilio's API only its filter tells."""
    if operation is Operation.LIST_OWNED and "FriendlyName" in query:
        return Operation.FIND_BY_REFERENCE
    if operation is Operation.LIST_OWNED and "PhoneNumber" in query:
        return Operation.FIND_BY_NUMBER
    return operation


def _credentials(request: Request) -> tuple[str, str]:
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        raise wrong_credentials()
    try:
        username, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise wrong_credentials() from None
    return username, password


def _number_sid(request: Request) -> str:
    if not request.state.shows_numbers:
        raise not_found(request.url.path)
    sid: str = request.path_params["number"]
    return sid


async def _form(request: Request) -> Mapping[str, str]:
    body = await request.body()
    if len(body) > _LARGEST_BODY:
        raise RequestRefused(413, 20413, "The request is too large")
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def _matches(number: IncomingPhoneNumber, query: Mapping[str, str]) -> bool:
    name = query.get("FriendlyName")
    # Ignore case: Twilio does not document the behavior, so no client may rely on either.
    if name is not None and resources.friendly_name(number).lower() != name.lower():
        return False
    pattern = query.get("PhoneNumber", "").removeprefix("+")
    width = len(pattern)
    digits = number.phone_number.removeprefix("+")
    return not pattern or any(
        all(wanted in {"*", digit} for wanted, digit in zip(pattern, digits[start:], strict=False))
        for start in range(len(digits) - width + 1)
    )


def _paged(request: Request) -> dict[str, str]:
    query: dict[str, str] = dict(request.query_params)
    size = query.setdefault("PageSize", _PAGE_SIZE)
    if not (size.isdigit() and 1 <= int(size) <= _LARGEST_PAGE):
        raise RequestRefused(400, 20006, "PageSize must be 1 to 1000")
    if not all(query.get(name, "0").isdigit() for name in ("Page", "PageToken")):
        raise RequestRefused(400, 20006, "Page is not valid")
    return query


def _page(request: Request, name: str, shown: list[dict[str, Any]]) -> Response:
    return JSONResponse(resources.page(request.url.path, name, shown, _paged(request)))
