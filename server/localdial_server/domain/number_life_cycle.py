"""The life of a number: purchased, active, released.

::

    pending order: PURCHASING --adopted--> ACTIVE --deleted--> RELEASING --gone--> RELEASED
                       |                                                          (no row)
                       +--abandoned: no row

Only an ACTIVE number is shown on calls. A number in any state that has a row belongs to its
organization: call-backs to it are routed, and no other organization can own it.
"""

from localdial_server.domain.errors import NumberNotActive
from localdial_server.domain.model import Number, NumberState


def require_active(number: Number) -> None:
    """Raise `NumberNotActive` unless calls may show the number."""
    if number.state is not NumberState.ACTIVE:
        raise NumberNotActive(number.phone_number, number.state.value)


def require_deletable(number: Number) -> None:
    """Raise `NumberNotActive` while the outcome of the purchase is unknown.

    A number in any other state can be deleted: repeating a deletion before the carrier has confirmed
    the release has the same result as the first call.
    """
    if number.state is NumberState.PURCHASING:
        raise NumberNotActive(number.phone_number, number.state.value)
