"""The settings for numbers: from which carrier they are bought, how many, and which may be dialed."""

import json
import re
from collections.abc import Mapping
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from localdial_server.domain.costly_numbers import CostlyKind
from localdial_server.domain.dialing_permissions import DialingPermission, DialingPermissions
from localdial_server.domain.formats import IDENTIFIER
from localdial_server.domain.spending import Limits, SpendingLimits
from localdial_server.settings.validators import is_loopback, split, upper_case, valid_country

_SID: Final = re.compile(r"[A-Z]{2}[0-9a-f]{32}", re.ASCII)
_OTHER_CARRIERS_SID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}", re.ASCII)
_URL: Final = re.compile(r"https?://[!-~]{1,2048}", re.ASCII)


def _valid_url(url: str) -> str:
    if url and not (_URL.fullmatch(url) and urlsplit(url).hostname):
        raise ValueError("must be a URL, such as https://voice.example.com/voice")
    return url


def _valid_base_url(url: str) -> str:
    parts = urlsplit(_valid_url(url))
    if url and (parts.query or parts.fragment or parts.username is not None):
        raise ValueError("must be a base URL, without credentials, query (?) or fragment (#)")
    if parts.scheme == "http" and not is_loopback(f"{parts.hostname}:0"):
        raise ValueError(
            "must begin with https:// unless it is on this machine, because credentials are sent there"
        )
    return url.rstrip("/")


def _read_json(value: object) -> object:
    """Parse JSON from a variable or option; a table of the TOML file is an object already."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise ValueError('must be a JSON object such as {"acme": …}') from None


def _check_sid(sid: str, prefix: str, info: ValidationInfo) -> str:
    if info.data.get("twilio_base_url", "invalid"):
        # Other carriers have identifiers of other forms.
        if sid and not _OTHER_CARRIERS_SID.fullmatch(sid):
            raise ValueError("must consist of letters, digits and hyphens")
    elif sid and not (_SID.fullmatch(sid) and sid.startswith(prefix)):
        raise ValueError(f"must be {prefix} and 32 hexadecimal digits in lower case")
    return sid


def _sid(prefix: str) -> AfterValidator:
    return AfterValidator(lambda sid, info: _check_sid(sid, prefix, info))


def _the_only_handler(sid: str, info: ValidationInfo) -> str:
    for other in "twilio_voice_url", "twilio_voice_application_sid":
        if sid and info.data.get(other):
            raise ValueError(f"cannot be set together with LOCALDIAL_{other.upper()}")
    return sid


_Country = Annotated[str, BeforeValidator(upper_case), AfterValidator(valid_country)]
_Countries = Annotated[frozenset[_Country], NoDecode, BeforeValidator(split)]

# How many numbers one organization may have or buy.
_Limit = Annotated[int, Field(ge=0, le=10_000_000)]


class OrganizationLimits(BaseModel):
    """One organization's own limits; None: the limit for all organizations applies."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    max_numbers: _Limit | None = None
    max_purchases_per_day: _Limit | None = None
    rate_units_per_second: Annotated[float, Field(ge=0, le=1_000_000)] | None = None
    rate_burst_units: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    destination_countries: _Countries | None = None
    allowed_number_kinds: frozenset[CostlyKind] = frozenset()


class CarrierSettings(BaseSettings):
    """The part of `Settings` for numbers."""

    # Only `Settings`, which inherits the fields, validates values.
    model_config = SettingsConfigDict(defer_build=True)

    carrier: Literal["simulator", "twilio"] = "simulator"
    """Where numbers are bought: twilio, or simulator, which sells fictional numbers at no cost."""
    # Another server gives up an order that has not appeared at the carrier within two minutes, so an order
    # must end long before that.
    carrier_timeout_seconds: float = Field(10.0, ge=0.1, le=60)
    """Time limit, in seconds, for one request to the carrier and for a whole order."""
    simulator_latency_ms: float = Field(0.0, ge=0, le=60_000)
    """Delay before each response of the simulator, in milliseconds. Set it to see how your client's
    deadlines and progress display cope with a slow carrier."""
    twilio_base_url: Annotated[str, AfterValidator(_valid_base_url)] = ""
    """Base URL of the API, if it is not Twilio's own: another carrier with the same API, or a test server."""
    twilio_api_key_sid: Annotated[str, _sid("SK")] = ""
    """API key of the Twilio account, SK…, to use instead of the auth token."""
    twilio_api_key_secret: SecretStr = SecretStr("")
    """Secret of the API key."""
    twilio_auth_token: SecretStr = SecretStr("")
    """Auth token of the Twilio account."""
    twilio_account_sid: Annotated[str, _sid("AC")] = ""
    """Twilio account in which numbers are bought, AC…."""
    twilio_subaccounts: Annotated[Mapping[str, str], NoDecode, BeforeValidator(_read_json)] = {}
    """Organizations that buy in a Twilio subaccount of their own, as JSON: {"acme": "AC…"}. The main
    account's credentials are used for all of them."""
    twilio_voice_url: Annotated[str, AfterValidator(_valid_url)] = ""
    """URL that Twilio requests when a number is called. Default: the webhook's public URL followed by
    /voice."""
    twilio_voice_application_sid: Annotated[str, AfterValidator(_the_only_handler), _sid("AP")] = ""
    """TwiML application, AP…, that handles calls to the numbers, instead of a URL."""
    twilio_trunk_sid: Annotated[str, AfterValidator(_the_only_handler), _sid("TK")] = ""
    """SIP trunk, TK…, that handles calls to the numbers, instead of a URL."""
    twilio_address_sid: Annotated[str, _sid("AD")] = ""
    """Address, AD…, for buying numbers in countries that require one."""
    twilio_bundle_sid: Annotated[str, _sid("BU")] = ""
    """Regulatory bundle, BU…, for buying numbers outside country code 1 (the United States, Canada and much
    of the Caribbean)."""

    max_numbers: _Limit = 10_000
    """The most numbers an organization may have; at the limit it can neither buy more nor import numbers
    that are held elsewhere."""
    max_purchases_per_day: _Limit = 1_000
    """The most numbers an organization may buy within 24 hours."""
    destination_countries: _Countries = frozenset()
    """Countries whose numbers may be work phones and organization numbers, by their ISO 3166-1 alpha-2 codes:
    US,CA. Set it to where your agents are, against toll fraud. Default: all countries."""
    organization_limits: Annotated[
        Mapping[str, OrganizationLimits], NoDecode, BeforeValidator(_read_json)
    ] = {}
    """Organizations with limits of their own, as JSON: {"acme": {"max_numbers": 20000,
    "max_purchases_per_day": 500, "rate_units_per_second": 200, "rate_burst_units": 1000,
    "destination_countries": ["US", "JM"], "allowed_number_kinds": ["satellite"]}}. Numbers of the kinds
    premium_rate, satellite, personal and pager are refused unless they are allowed here."""

    # Each validator checks its own field and may look at fields declared before it. pydantic skips a
    # validator of the whole model as soon as one field is wrong, but all problems must be reported.

    @field_validator("twilio_auth_token")
    @classmethod
    def _twilio_needs_credentials(cls, token: SecretStr, info: ValidationInfo) -> SecretStr:
        has_key = info.data.get("twilio_api_key_sid") != ""
        if info.data.get("carrier") == "twilio" and not has_key and not token.get_secret_value():
            raise ValueError(
                "must be set for the carrier twilio, or LOCALDIAL_TWILIO_API_KEY_SID and "
                "LOCALDIAL_TWILIO_API_KEY_SECRET instead"
            )
        return token

    @field_validator("twilio_account_sid")
    @classmethod
    def _twilio_needs_an_account(cls, sid: str, info: ValidationInfo) -> str:
        if info.data.get("carrier") == "twilio" and not sid:
            raise ValueError("must be set for the carrier twilio")
        return sid

    @field_validator("twilio_api_key_secret")
    @classmethod
    def _a_key_has_a_secret(cls, secret: SecretStr, info: ValidationInfo) -> SecretStr:
        key = info.data.get("twilio_api_key_sid")
        if key is not None and bool(key) != bool(secret.get_secret_value()):
            raise ValueError("set both this and LOCALDIAL_TWILIO_API_KEY_SID, or neither")
        return secret

    @field_validator("twilio_subaccounts")
    @classmethod
    def _subaccounts_are_accounts(cls, sids: Mapping[str, str], info: ValidationInfo) -> Mapping[str, str]:
        for sid in sids.values():
            _check_sid(sid, "AC", info)
        return sids

    @field_validator("twilio_subaccounts", "organization_limits")
    @classmethod
    def _keys_are_organizations(cls, by_organization: Mapping[str, object]) -> Mapping[str, object]:
        # A limit of an organization that cannot exist would limit nothing.
        if not all(re.fullmatch(IDENTIFIER.pattern, organization) for organization in by_organization):
            raise ValueError(f"each organization {IDENTIFIER.requirement}")
        return by_organization

    @property
    def dialing_permissions(self) -> DialingPermissions:
        """Which numbers each organization may show and dial."""
        default = self.destination_countries

        def permission(own: OrganizationLimits) -> DialingPermission:
            countries = own.destination_countries
            return DialingPermission(own.allowed_number_kinds, default if countries is None else countries)

        return DialingPermissions(
            DialingPermission(countries=default),
            {name: permission(own) for name, own in self.organization_limits.items()},
        )

    @property
    def spending_limits(self) -> SpendingLimits:
        """The spending limits of all organizations."""
        default = Limits(self.max_numbers, self.max_purchases_per_day)

        def limits(own: OrganizationLimits) -> Limits:
            numbers, per_day = own.max_numbers, own.max_purchases_per_day
            return Limits(
                default.numbers if numbers is None else numbers,
                default.purchases_per_day if per_day is None else per_day,
            )

        return SpendingLimits(default, {name: limits(own) for name, own in self.organization_limits.items()})
