"""Order a number: look it up, then buy it.

The look-up is needed because buying a number that the account already owns also succeeds, and
replaces its name, which is the reference of the order that bought it. The API's responses do not
distinguish two simultaneous orders of one number. Within a process they run one after the other
(`RequestThreads.change`), and the claim in the database keeps servers apart. Nothing guards against
other programs that share the account, so give localdial an account or a subaccount of its own.
"""

import datetime as dt
import logging
from typing import Final

from localdial_server.app.ports.carrier import NumberTaken
from localdial_server.carriers.twilio.account import NumberSettings
from localdial_server.carriers.twilio.api import TwilioApi, TwilioNumber
from localdial_server.carriers.twilio.error_codes import NoResponse, RequestFailed, look_up_error

_log = logging.getLogger(__name__)

# If a "bought" number is older than this, the account already owned it. The margin is generous: mistaking a
# purchase for a number already owned loses money.
_OWNED_BEFORE: Final = dt.timedelta(seconds=60)


def order(
    api: TwilioApi, account_sid: str, phone_number: str, reference: str, settings: NumberSettings
) -> TwilioNumber:
    """Buy the number, tag it with the reference and set it up; return it.

    Raises `NumberTaken`, or another `CarrierError` if the look-up fails; then nothing was bought. Raises
    `RequestFailed` if the purchase fails.
    """
    try:
        owned = api.find_by_phone_number(account_sid, phone_number)
    except RequestFailed as error:
        raise look_up_error(error) from error
    if owned is not None:
        if owned.friendly_name == reference:
            return owned
        raise NumberTaken("the account already owns the number")
    looked_up_at = api.last_response_at
    bought = api.buy(account_sid, phone_number, reference, settings)
    if bought.phone_number != phone_number or bought.friendly_name != reference:
        raise NoResponse("the response is about another order")
    if looked_up_at and bought.created and bought.created < looked_up_at - _OWNED_BEFORE:
        _remove_reference(api, account_sid, bought)
        raise NumberTaken("the account already owned the number, though the look-up did not show it")
    return bought


def _remove_reference(api: TwilioApi, account_sid: str, number: TwilioNumber) -> None:
    """Rename a number that we did not buy, so that `find_by_reference` does not find it."""
    # The log gets the number's SID, never the phone number.
    number_fields = {"account_sid": account_sid, "carrier_number_id": number.sid}
    _log.error(
        "an order changed a number that the carrier account already owned: its calls now come here;"
        " correct the number in the carrier's console",
        extra=number_fields,
    )
    try:
        api.rename(account_sid, number.sid, number.phone_number)
    except RequestFailed as error:
        _log.error(
            "the number still has the reference of the failed order: rename it in the carrier's console",
            extra={**number_fields, "reference": number.friendly_name, "cause": str(error)},
        )
