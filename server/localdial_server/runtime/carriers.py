"""Opens and closes the carrier that the settings name."""

import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from localdial_server.app.ports.carrier import Carriers
from localdial_server.carriers.simulator.carrier import SimulatedCarrier
from localdial_server.carriers.simulator.single_account import SingleAccount
from localdial_server.carriers.twilio.account import NumberSettings, TwilioAccount
from localdial_server.storage.engines.database import Database
from localdial_server.storage.sql.simulator_state import SqlSimulatorState

if TYPE_CHECKING:
    from localdial_server.settings.settings import Settings


@contextlib.asynccontextmanager
async def opened_carriers(settings: "Settings", database: Database) -> AsyncIterator[Carriers]:
    """Open the carrier of the settings, and close it at the end.

    The simulated carrier keeps its sales in `database`.
    """
    if settings.carrier == "simulator":
        yield SingleAccount(
            SimulatedCarrier(
                SqlSimulatorState(database),
                latency=settings.simulator_latency_ms / 1000,
                timeout=settings.carrier_timeout_seconds,
            )
        )
        return
    from localdial_server.carriers.twilio.adapter import TwilioCarriers  # noqa: PLC0415 - takes 18 MiB and 80 ms

    carriers = TwilioCarriers(twilio_account(settings))
    try:
        yield carriers
    finally:
        carriers.close()


def twilio_account(settings: "Settings") -> TwilioAccount:
    """Return the account of settings whose carrier is Twilio."""
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
