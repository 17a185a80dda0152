"""The life of a number: purchased, active, released.

::

    pending order: PURCHASING --adopted--> ACTIVE --deleted--> RELEASING --gone--> RELEASED
                       |                                                          (no row)
                       +--abandoned: no row

A number whose release the carrier refuses stays RELEASING. The sweep asks again, less and less
often, and gives up after a day unless the account or the credentials are at fault.

A number that is held elsewhere (`Number.is_external`) is ACTIVE or has no row, because no carrier is
asked: importing it makes it ACTIVE, and deleting it makes it RELEASED, at once.

Only an ACTIVE number is shown on calls. A number in any state that has a row belongs to its
organization: call-backs to it are routed, and no other organization can own it.
"""

from dataclasses import replace
from typing import Final

from localdial_server.domain.errors import CarrierRefused, NumberNotActive
from localdial_server.domain.model import Number, NumberState

_MINUTE: Final = 60_000_000

# The sweep waits as long again as the carrier has refused so far, but at least and at most this long.
_SHORTEST_WAIT: Final = _MINUTE
_LONGEST_WAIT: Final = 240 * _MINUTE

_GIVE_UP_AFTER: Final = 24 * 60 * _MINUTE


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


def refuse_release(number: Number, explanation: str, cause: str, now: int, *, is_final: bool) -> Number:
    """Return the RELEASING number with the carrier's refusal of `now`, and the time of the next attempt.

    `is_final`: the carrier refuses the release itself, so that the sweep gives up after a day. It does
    not if the account or the credentials are at fault: once they work, every number can be released.
    """
    first = now if number.release_refused_time is None else number.release_refused_time
    retry_time = now + min(max(now - first, _SHORTEST_WAIT), _LONGEST_WAIT)
    return replace(
        number,
        release_refusal=explanation,
        release_refusal_cause=cause,
        release_refused_time=first,
        release_retry_time=None if is_final and retry_time > first + _GIVE_UP_AFTER else retry_time,
    )


def is_due(number: Number, now: int) -> bool:
    """Return whether the sweep may ask the carrier about the open number at `now`."""
    if number.release_refusal is None:
        return True
    return number.release_retry_time is not None and number.release_retry_time <= now


def release_error(number: Number) -> CarrierRefused | None:
    """Return why the carrier refuses to release the number; None if it does not."""
    if number.release_refusal is None or number.release_refusal_cause is None:
        return None
    return CarrierRefused(
        number.release_refusal, cause=number.release_refusal_cause.upper(), phone_number=number.phone_number
    )
