"""Kill the server at a named point. Python imports this module from PYTHONPATH at startup.

`DRILL_KILL_AT` names the point, and `DRILL_KILL_AFTER` is how often it is passed before the kill.
`DRILL_READ_LAG_SECONDS` replaces the carrier's read lag, and `DRILL_SWEEP_SECONDS` the sweep's interval.
`DRILL_WITHOUT_PENDING_ORDERS` removes the protection under test: numbers are then ordered without
committing a pending order first.
"""

import functools
import itertools
import os
import signal
import threading
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

from localdial_server.app.numbers import purchase
from localdial_server.app.numbers.delete import Deleting
from localdial_server.app.numbers.pending_order import PendingOrders
from localdial_server.app.numbers.purchase import Purchasing
from localdial_server.app.numbers.settle import Sweep
from localdial_server.app.ports.carrier import Capabilities, OwnedNumber
from localdial_server.app.ports.store import Transaction
from localdial_server.carriers.twilio.adapter import TwilioCarrier
from localdial_server.carriers.twilio.api import TwilioApi
from localdial_server.domain.model import Number, NumberState

# Long enough to send a request, but too short to receive its response.
_IN_FLIGHT_SECONDS = 0.002

_point = os.environ.get("DRILL_KILL_AT", "")
_passed = itertools.count()
_last = int(os.environ.get("DRILL_KILL_AFTER", "0"))


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _is_time(point: str) -> bool:
    return point == _point and next(_passed) >= _last


def _reach(point: str) -> None:
    if _is_time(point):
        _kill()


def _killed_before(point: str, method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    @functools.wraps(method)
    async def killed(*args: Any, **kwargs: Any) -> Any:
        _reach(point)
        return await method(*args, **kwargs)

    return killed


def _killed_after(point: str, method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    @functools.wraps(method)
    async def killed(*args: Any, **kwargs: Any) -> Any:
        result = await method(*args, **kwargs)
        _reach(point)
        return result

    return killed


def _killed_after_response(point: str, call: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(call)
    def killed(*args: Any, **kwargs: Any) -> Any:
        result = call(*args, **kwargs)
        _reach(point)
        return result

    return killed


def _killed_in_flight(point: str, call: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(call)
    def killed(*args: Any, **kwargs: Any) -> Any:
        if _is_time(point):
            threading.Timer(_IN_FLIGHT_SECONDS, _kill).start()
        return call(*args, **kwargs)

    return killed


def _patch(owner: type, name: str, wrapped: object) -> None:
    setattr(owner, name, wrapped)


_patch(Purchasing, "_buy", _killed_before("purchase-begun", Purchasing._buy))
_patch(PendingOrders, "place", _killed_before("order-opened", PendingOrders.place))
_patch(TwilioApi, "buy", _killed_in_flight("order-asked", TwilioApi.buy))
_patch(TwilioApi, "buy", _killed_after_response("order-answered", TwilioApi.buy))
_patch(PendingOrders, "adopt_all", _killed_after("adopted", PendingOrders.adopt_all))
_patch(Purchasing, "_finish", _killed_after("answer-kept", Purchasing._finish))
_patch(Deleting, "release", _killed_before("release-begun", Deleting.release))
_patch(TwilioApi, "release", _killed_after_response("release-answered", TwilioApi.release))


# The simulated carrier shows at once what it has sold. With Twilio's read lag of two minutes,
# no order would be abandoned between two kills, and purchases would wait for it.
_capabilities = Capabilities(
    asynchronous_orders=False, read_lag_seconds=float(os.environ["DRILL_READ_LAG_SECONDS"])
)
_patch(TwilioCarrier, "capabilities", property(lambda _carrier: _capabilities))

# For the same reason, sweep sooner than every minute.
Sweep.__init__ = functools.partialmethod(  # type: ignore[assignment]  # the sweep's default is too long
    Sweep.__init__, interval_seconds=float(os.environ["DRILL_SWEEP_SECONDS"])
)


def _open_nothing(transaction: Transaction, orders: Sequence[Number]) -> Sequence[Number]:
    """Return the orders whose numbers are unowned, and store nothing."""
    owners = transaction.owners_of([order.phone_number for order in orders])
    return [order for order in orders if order.phone_number not in owners]


async def _adopt_from_nothing(
    self: PendingOrders, orders: Sequence[tuple[Number, OwnedNumber]]
) -> Sequence[Number | None]:
    """Commit bought numbers that the database does not know yet."""

    def work(transaction: Transaction) -> Sequence[Number | None]:
        return [_add_bought(transaction, order, owned) for order, owned in orders]

    return await self._store.write("pending_order.adopt", work, serialize_on=orders[0][0].organization_id)


def _add_bought(transaction: Transaction, order: Number, owned: OwnedNumber) -> Number | None:
    known = transaction.number(order.organization_id, order.phone_number)
    if known is not None:
        return known if known.reference == order.reference else None
    if not transaction.claim(order.phone_number, order.organization_id):
        return None
    number = replace(order, state=NumberState.ACTIVE, carrier_number_id=owned.carrier_number_id)
    transaction.add_numbers([number])
    transaction.add_purchases([number])
    transaction.bump_revision(number.organization_id)
    return number


if os.environ.get("DRILL_WITHOUT_PENDING_ORDERS"):
    purchase.open_pending_orders = _open_nothing  # type: ignore[attr-defined]  # patched
    _patch(PendingOrders, "adopt_all", _killed_after("adopted", _adopt_from_nothing))
