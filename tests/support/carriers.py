"""Ordering at a carrier that fills orders at once."""

from localdial_server.app.ports.carrier import Carrier, OwnedNumber


async def ordered(carrier: Carrier, phone_number: str, reference: str) -> OwnedNumber:
    """Order the number; fail if it is not owned at once."""
    outcome = await carrier.order(phone_number, reference, 10.0)
    assert isinstance(outcome, OwnedNumber)
    return outcome
