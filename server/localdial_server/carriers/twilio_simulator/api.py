"""The API itself: requests in, answers out, in the manner of Twilio's."""

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

from localdial_server.carriers.twilio_simulator import resources
from localdial_server.carriers.twilio_simulator.connections import cut, reset
from localdial_server.carriers.twilio_simulator.error_responses import (
    Refusal,
    not_found,
    refusal,
    wrong_credentials,
)
from localdial_server.carriers.twilio_simulator.faults import Fault, Faults, Kind, Operation, When
from localdial_server.carriers.twilio_simulator.ledger import Account, Company, Number
from localdial_server.carriers.twilio_simulator.search import find
from localdial_server.domain.area_codes import country_of
from localdial_server.domain.nanp import AREAS

_VERSION: Final = f"/{resources.API_VERSION}"
_PAGE_SIZE: Final = "50"
_LARGEST_PAGE: Final = 1000
_LARGEST_BODY: Final = 64 * 1024

Answer = Callable[[Request, Account], Awaitable[Response]]


class Api:
    """The routes of the API of one company."""

    def __init__(self, company: Company, faults: Faults) -> None:
        self._company = company
        self._faults = faults

    def routes(self) -> list[Route]:
        """Answer the routes, by Twilio's paths."""
        account = f"{_VERSION}/Accounts/{{account}}"
        numbers = f"{account}/IncomingPhoneNumbers"
        table: list[tuple[str, str, Operation, Answer]] = [
            ("GET", f"{_VERSION}/Accounts.json", Operation.ACCOUNT, self._accounts),
            ("GET", f"{account}.json", Operation.ACCOUNT, self._account),
            ("GET", f"{account}/Balance.json", Operation.BALANCE, self._balance),
            (
                "GET",
                f"{account}/AvailablePhoneNumbers/{{country}}/Local.json",
                Operation.SEARCH,
                self._search,
            ),
            ("GET", f"{numbers}.json", Operation.LIST, self._list),
            ("POST", f"{numbers}.json", Operation.CREATE, self._create),
            ("GET", f"{numbers}/{{number}}.json", Operation.FETCH, self._fetch),
            ("POST", f"{numbers}/{{number}}.json", Operation.UPDATE, self._update),
            ("DELETE", f"{numbers}/{{number}}.json", Operation.DELETE, self._delete),
            ("GET", "/v1/PhoneNumbers/Countries/{country}", Operation.PRICING, self._prices),
        ]
        return [
            Route(path, functools.partial(self._answer, operation, answer), methods=[method])
            for method, path, operation, answer in table
        ]

    async def _answer(self, operation: Operation, answer: Answer, request: Request) -> Response:
        try:
            account = self._account_of(request)
            fault = self._faults.next(operation)
            kind = fault.kind if fault is not None else None
            request.state.sees = kind is not Kind.NOT_SEEN
            request.state.takes_calls = kind is not Kind.NO_VOICE
            is_answered = request.state.sees and request.state.takes_calls
            if fault is not None and fault.when is When.BEFORE and is_answered:
                return await self._suffer(fault, request)
            response = await answer(request, account)
            if fault is not None and fault.when is When.AFTER:
                return await self._suffer(fault, request, response)
        except Refusal as no:
            return JSONResponse(no.problem.body(), no.problem.status, no.problem.headers)
        return response

    def _account_of(self, request: Request) -> Account:
        """Answer the account that the path names, if who asks may use it."""
        user = self._company.user(*_credentials(request))
        if user is None:
            raise wrong_credentials()
        sid = request.path_params.get("account", user.sid)
        account = self._company.accounts.get(sid)
        if account is None or user.sid not in {account.sid, account.owner_sid}:
            raise wrong_credentials()
        return account

    async def _suffer(self, fault: Fault, request: Request, response: Response | None = None) -> Response:
        match fault.kind:
            case Kind.ERROR | Kind.NOT_SEEN | Kind.NO_VOICE:
                raise Refusal(fault.problem())
            case Kind.HANG:
                await _hang(request, fault.seconds)
                return reset(request)
            case Kind.RESET:
                return reset(request)
            case Kind.CUT:
                return cut(response) if response is not None else reset(request)

    # Answers

    async def _accounts(self, request: Request, account: Account) -> Response:
        mine = [each for each in self._company.accounts.values() if account.sid in {each.sid, each.owner_sid}]
        return _page(request, "accounts", [resources.account(each) for each in mine])

    async def _account(self, _request: Request, account: Account) -> Response:
        return JSONResponse(resources.account(account))

    async def _balance(self, _request: Request, account: Account) -> Response:
        if account.owner_sid != account.sid:
            # Its parent pays.
            raise not_found(f"{resources.account_path(account.sid)}/Balance.json")
        return JSONResponse(resources.balance(account))

    async def _search(self, request: Request, account: Account) -> Response:
        self._company.numbers_of(account)
        country = request.path_params["country"]
        query = _paged(request)
        takes_calls = request.state.takes_calls
        sees = request.state.sees and (takes_calls or query.get("VoiceEnabled") != "true")
        found = find(country, query, self._company.is_owned) if sees else []
        path = f"{resources.account_path(account.sid)}/AvailablePhoneNumbers/{country}/Local.json"
        return JSONResponse(
            {
                "available_phone_numbers": [
                    resources.available(number, takes_calls=takes_calls) for number in found
                ],
                "uri": path,
            }
        )

    async def _list(self, request: Request, account: Account) -> Response:
        query = request.query_params
        found = [
            number
            for number in self._company.numbers_of(account)
            if _is_wanted(number, query) and request.state.sees
        ]
        # The newest comes first.
        return _page(request, "incoming_phone_numbers", [resources.number(each) for each in reversed(found)])

    async def _create(self, request: Request, account: Account) -> Response:
        number = self._company.buy(account, await _form(request))
        return JSONResponse(resources.number(number), 201)

    async def _fetch(self, request: Request, account: Account) -> Response:
        if not request.state.sees:
            raise not_found(request.url.path)
        return JSONResponse(resources.number(self._company.number(account, request.path_params["number"])))

    async def _update(self, request: Request, account: Account) -> Response:
        if not request.state.sees:
            raise not_found(request.url.path)
        number = self._company.set_up(account, request.path_params["number"], await _form(request))
        return JSONResponse(resources.number(number))

    async def _delete(self, request: Request, account: Account) -> Response:
        if not request.state.sees:
            raise not_found(request.url.path)
        self._company.release(account, request.path_params["number"])
        return Response(status_code=204)

    async def _prices(self, request: Request, _account: Account) -> Response:
        country = request.path_params["country"]
        if not any(area.country == country for area in AREAS.values()) and country not in _COUNTRIES_ABROAD:
            raise not_found(request.url.path)
        return JSONResponse(resources.prices(country))


_COUNTRIES_ABROAD: Final = frozenset(country_of(code) for code in ("+4420", "+4930", "+612", "+331"))


def _credentials(request: Request) -> tuple[str, str]:
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        raise wrong_credentials()
    try:
        username, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise wrong_credentials() from None
    return username, password


async def _form(request: Request) -> Mapping[str, str]:
    body = await request.body()
    if len(body) > _LARGEST_BODY:
        raise refusal(413, 20413, "The request is too large")
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


async def _hang(request: Request, seconds: float) -> None:
    """Do nothing until the time is over or nobody waits any more."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while (await request.receive())["type"] != "http.disconnect":
                pass


def _is_wanted(number: Number, query: Mapping[str, str]) -> bool:
    name = query.get("FriendlyName")
    # In any case: whether the real one minds it nobody says, so no client may count on it.
    if name is not None and str(resources.number(number)["friendly_name"]).lower() != name.lower():
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
        raise refusal(400, 20006, "PageSize must be 1 to 1000")
    if not all(query.get(name, "0").isdigit() for name in ("Page", "PageToken")):
        raise refusal(400, 20006, "Page is not valid")
    return query


def _page(request: Request, name: str, shown: list[dict[str, Any]]) -> Response:
    return JSONResponse(resources.page(request.url.path, name, shown, _paged(request)))
