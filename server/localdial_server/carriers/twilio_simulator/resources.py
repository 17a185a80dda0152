"""The API's JSON for accounts and numbers, field by field as in Twilio's OpenAPI description."""

import email.utils
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from localdial_server.carriers.simulator.stock import monthly_price, place_of
from localdial_server.carriers.twilio_simulator.ledger import Account, IncomingPhoneNumber
from localdial_server.domain.area_codes import area_code_of, country_of

API_VERSION = "2010-04-01"

_SUBRESOURCES = {
    "available_phone_numbers": "AvailablePhoneNumbers",
    "balance": "Balance",
    "incoming_phone_numbers": "IncomingPhoneNumbers",
}


def account_path(sid: str) -> str:
    """Return the path of an account, without `.json`."""
    return f"/{API_VERSION}/Accounts/{sid}"


def account(shown: Account) -> dict[str, Any]:
    """Return an account, without its auth token, as for a client that may not see the token."""
    path = account_path(shown.sid)
    return {
        "auth_token": None,
        "date_created": _date(shown.created),
        "date_updated": _date(shown.created),
        "friendly_name": shown.friendly_name,
        "owner_account_sid": shown.owner_sid,
        "sid": shown.sid,
        "status": shown.status,
        "subresource_uris": {name: f"{path}/{folder}.json" for name, folder in _SUBRESOURCES.items()},
        "type": shown.type,
        "uri": f"{path}.json",
    }


def balance(shown: Account) -> dict[str, Any]:
    """Return the balance of an account."""
    return {"account_sid": shown.sid, "balance": str(shown.balance), "currency": "USD"}


def incoming_phone_number(shown: IncomingPhoneNumber) -> dict[str, Any]:
    """Return a number that an account owns."""
    fields = shown.fields
    return {
        "account_sid": shown.account_sid,
        "address_requirements": "none",
        "address_sid": fields.get("AddressSid") or None,
        "api_version": API_VERSION,
        "beta": False,
        "bundle_sid": fields.get("BundleSid") or None,
        "capabilities": {**_capabilities(takes_calls=shown.takes_calls), "fax": False},
        "date_created": _date(shown.created),
        "date_updated": _date(shown.updated),
        "emergency_address_sid": fields.get("EmergencyAddressSid") or None,
        "emergency_address_status": "registered" if fields.get("EmergencyAddressSid") else "unregistered",
        "emergency_status": "Active",
        "friendly_name": friendly_name(shown),
        "identity_sid": None,
        "origin": "twilio",
        "phone_number": shown.phone_number,
        "sid": shown.sid,
        "sms_application_sid": None,
        "sms_fallback_method": "POST",
        "sms_fallback_url": None,
        "sms_method": "POST",
        "sms_url": None,
        "status": "in-use",
        "status_callback": None,
        "status_callback_method": "POST",
        "trunk_sid": fields.get("TrunkSid") or None,
        "type": "local",
        "uri": f"{account_path(shown.account_sid)}/IncomingPhoneNumbers/{shown.sid}.json",
        "voice_application_sid": fields.get("VoiceApplicationSid") or None,
        "voice_caller_id_lookup": False,
        "voice_fallback_method": "POST",
        "voice_fallback_url": None,
        "voice_method": fields.get("VoiceMethod") or "POST",
        "voice_receive_mode": "voice",
        "voice_url": fields.get("VoiceUrl") or None,
    }


def available_phone_number(phone_number: str, *, takes_calls: bool = True) -> dict[str, Any]:
    """Return a number on sale."""
    area_code = area_code_of(phone_number) or ""
    locality, region = place_of(area_code)
    return {
        "address_requirements": "none",
        "beta": False,
        "capabilities": _capabilities(takes_calls=takes_calls),
        "friendly_name": _default_name(phone_number),
        "iso_country": country_of(area_code),
        "lata": None,
        "locality": locality or None,
        "phone_number": phone_number,
        "postal_code": None,
        "rate_center": None,
        "region": region or None,
    }


def _capabilities(*, takes_calls: bool) -> dict[str, bool]:
    return {"mms": False, "sms": not takes_calls, "voice": takes_calls}


def prices(country: str) -> dict[str, Any]:
    """Return what numbers cost in a country."""
    price = f"{monthly_price(country):f}"
    return {
        "country": country,
        "iso_country": country,
        "phone_number_prices": [
            {"number_type": "local", "base_price": price, "current_price": price},
            {"number_type": "toll free", "base_price": "2.15", "current_price": "2.15"},
        ],
        "price_unit": "USD",
        "url": f"https://pricing.twilio.com/v1/PhoneNumbers/Countries/{country}",
    }


def page(path: str, name: str, shown: Sequence[dict[str, Any]], query: Mapping[str, str]) -> dict[str, Any]:
    """Return one page of a list. A page's token is the index of its first item."""
    size = int(query["PageSize"])
    start = int(query.get("PageToken", "0"))
    index = int(query.get("Page", "0"))
    part = shown[start : start + size]
    rest = {key: value for key, value in query.items() if key not in {"Page", "PageToken"}}

    def uri(**more: object) -> str:
        return f"{path}?{urlencode({**rest, **more})}"

    has_more = start + size < len(shown)
    return {
        name: list(part),
        "end": start + max(len(part) - 1, 0),
        "first_page_uri": uri(Page=0),
        "next_page_uri": uri(Page=index + 1, PageToken=start + size) if has_more else None,
        "page": index,
        "page_size": size,
        "previous_page_uri": uri(Page=index - 1, PageToken=max(start - size, 0)) if index else None,
        "start": start,
        "uri": uri(Page=index),
    }


def friendly_name(shown: IncomingPhoneNumber) -> str:
    """Return the name of an owned number: its own, or Twilio's default."""
    return shown.fields.get("FriendlyName") or _default_name(shown.phone_number)


def _default_name(phone_number: str) -> str:
    if phone_number.startswith("+1"):
        return f"({phone_number[2:5]}) {phone_number[5:8]}-{phone_number[8:]}"
    return phone_number


def _date(seconds: float) -> str:
    return email.utils.formatdate(seconds).replace("-0000", "+0000")
