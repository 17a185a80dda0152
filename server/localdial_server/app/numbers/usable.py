"""The rule for numbers of a carrier account that can be in an inventory."""

from localdial_server.app.ports.carrier import OwnedNumber
from localdial_server.domain.possible_numbers import is_possible


def obstacle(owned: OwnedNumber) -> str:
    """Return why the number cannot be in an inventory, as the rest of a sentence; empty if it can."""
    if not is_possible(owned.phone_number):
        return "is not a possible phone number in E.164"
    return "" if owned.takes_calls else "takes no voice calls"
