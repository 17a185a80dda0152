"""An order: a look-up, and then the purchase of that one number.

The look-up is needed because buying a number that the account owns already
succeeds too, and changes it: it would take the number's name, which is the
reference it was ordered with, from whoever has it. Two orders of a number that
run at the same moment cannot be told apart by the carrier's answers. Within a
process they are made one after the other (``Calls.change``); between servers the
claim in the database keeps them apart; between programs that share an account
nothing does, so each deserves an account, or a subaccount, of its own.
"""

import datetime as dt
import logging
from typing import Final

from localdial_server.app.ports.carrier import NumberTaken
from localdial_server.carriers.twilio.account import NumberSettings
from localdial_server.carriers.twilio.api import Owned, TwilioApi
from localdial_server.carriers.twilio.error_codes import Failure, NoAnswer, NotSent, error_of_look_up

_log = logging.getLogger(__name__)

# A number that is older than this when it is bought was owned before. As long as
# that, because a purchase that is taken for none is money lost.
_SURELY_OWNED_BEFORE: Final = dt.timedelta(seconds=60)


def order(
    api: TwilioApi, account_sid: str, phone_number: str, reference: str, settings: NumberSettings
) -> Owned:
    """Buy the number, tag it with the reference and set it up.

    Raises ``NumberTaken``; ``Failure``, ``NotSent`` and ``NoAnswer`` of the
    purchase; and what a look-up raises, after which nothing was bought.
    """
    try:
        owned = api.owned_with_number(account_sid, phone_number)
    except (Failure, NotSent, NoAnswer) as error:
        raise error_of_look_up(error) from error
    if owned is not None:
        if owned.friendly_name == reference:
            return owned
        raise NumberTaken("the account owns the number already")
    asked_at = api.answered_at
    bought = api.buy(account_sid, phone_number, reference, settings)
    if bought.phone_number != phone_number or bought.friendly_name != reference:
        raise NoAnswer("the carrier's answer is about another order")
    if asked_at and bought.created and bought.created < asked_at - _SURELY_OWNED_BEFORE:
        _give_up_name(api, account_sid, bought)
        raise NumberTaken("the account owned the number already, though the carrier did not show it")
    return bought


def _give_up_name(api: TwilioApi, account_sid: str, number: Owned) -> None:
    """Take our reference from a number that we have not bought, so that nobody finds it by that."""
    _log.error(
        "a number that somebody else has in the carrier account was set up as if it had been bought: its"
        " calls come here; see to it in the carrier's console",
        extra={"phone_number": number.phone_number, "carrier_number_id": number.sid},
    )
    try:
        api.rename(account_sid, number.sid, number.phone_number)
    except (Failure, NotSent, NoAnswer):
        _log.exception("it bears the reference of an order that failed")
