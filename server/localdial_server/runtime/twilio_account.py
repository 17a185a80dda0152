"""The settings, as the Twilio adapter wants to be told them."""

from localdial_server.carriers.twilio.account import NumberSettings, TwilioAccount
from localdial_server.settings.settings import Settings


def twilio_account(settings: Settings) -> TwilioAccount:
    """Answer the account of settings whose carrier is Twilio."""
    if settings.twilio_api_key_sid:
        username, secret = settings.twilio_api_key_sid, settings.twilio_api_key_secret
    else:
        username, secret = settings.twilio_account_sid, settings.twilio_auth_token
    return TwilioAccount(
        account_sid=settings.twilio_account_sid,
        username=username,
        password=secret.get_secret_value(),
        base_url=settings.twilio_base_url,
        timeout=settings.carrier_timeout_seconds,
        numbers=NumberSettings(
            voice_url=settings.voice_url,
            voice_application_sid=settings.twilio_voice_application_sid,
            trunk_sid=settings.twilio_trunk_sid,
            address_sid=settings.twilio_address_sid,
            bundle_sid=settings.twilio_bundle_sid,
        ),
        subaccounts=settings.twilio_subaccounts,
    )
