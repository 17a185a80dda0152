"""The settings of the server: one typed object, read once at the start.

A setting comes from the command line, else from the environment
(``LOCALDIAL_…``), else from a TOML file, else from its default here.
"""

import difflib
import json
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import ErrorDetails
from pydantic_settings import SettingsConfigDict

from localdial_server.settings.carrier_settings import CarrierSettings
from localdial_server.settings.errors import SettingProblem, SettingsError
from localdial_server.settings.validators import (
    is_loopback,
    is_postgresql,
    lower_case,
    postgresql_parameters,
    valid_account_tokens,
    valid_address,
    valid_address_or_empty,
    valid_database_url,
    valid_public_url,
)

ENV_PREFIX = "LOCALDIAL_"
CONFIG_ENV = "LOCALDIAL_CONFIG"

# Flags that have another name than the setting.
_FLAGS = {"webhook_listen": "--webhook"}

# gRPC keeps message sizes in a signed 32-bit integer, and the transport's limit
# is four times ours (TRANSPORT_LIMIT_FACTOR).
_MAX_REQUEST_BYTES = 2_147_483_647 // 4


class Settings(CarrierSettings):
    """What the server can be told. Made by ``load``; immutable.

    Constructed directly (in tests) it takes keyword arguments and the environment, but no file.
    """

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX,
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        # Defaults are checked too: that is how allow_insecure gets to see the listen address.
        validate_default=True,
        hide_input_in_errors=True,
    )

    listen: Annotated[str, AfterValidator(valid_address)] = Field(
        "127.0.0.1:50051",
        description="Address to serve on, host:port or [IPv6]:port. Port 0 takes any free port.",
    )
    allow_insecure: bool = Field(
        default=False,
        description="Serve on an address that other machines can reach, although anyone there may then buy "
        "and delete numbers: there are neither TLS nor keys yet.",
    )
    database_url: Annotated[SecretStr, AfterValidator(valid_database_url)] = Field(
        SecretStr("sqlite:///var/localdial.db"),
        description="Database: sqlite:///FILE, relative to the working directory, or sqlite:////FILE, or "
        "postgresql://USER:PASSWORD@HOST:PORT/NAME with whatever else libpq understands.",
    )
    workers: int = Field(
        1,
        ge=1,
        le=64,
        description="Server processes on the one port. SQLite can only be served by one.",
    )
    database_timeout_seconds: float = Field(
        5.0,
        ge=0.1,
        le=600,
        description="How long PostgreSQL may take for one transaction, in seconds, before it is given up.",
    )
    schema_wait_seconds: float = Field(
        60.0,
        ge=0,
        le=86_400,
        description="How long a server on PostgreSQL waits for `localdial migrate`, NOT_SERVING, in seconds.",
    )
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(lower_case)] = Field(
        "info", description="Least severity that is logged: debug, info, warning or error."
    )
    log_format: Annotated[Literal["console", "json"], BeforeValidator(lower_case)] = Field(
        "console", description="Form of the log: console for people, json for machines (one object a line)."
    )
    drain_seconds: float = Field(
        10.0,
        ge=0,
        le=3_600,
        description="How long calls in flight may still take when the server is stopped.",
    )
    max_request_bytes: int = Field(
        4 * 1024 * 1024,
        ge=1_024,
        le=_MAX_REQUEST_BYTES,
        description="The largest request that is accepted, in bytes.",
    )
    sweep_interval_seconds: float = Field(
        60.0,
        ge=1,
        le=86_400,
        description="How often purchases and releases with an unknown outcome are looked after, in seconds.",
    )

    snapshot_poll_seconds: float = Field(
        0.5,
        ge=0.05,
        le=60,
        description="How often a server on PostgreSQL asks what other servers have changed, in seconds. "
        "A change is decided on everywhere within twice that time and the time of a load.",
    )
    snapshot_max_age_seconds: float = Field(
        300.0,
        ge=1,
        le=86_400,
        description="How long resolves are answered from memory while PostgreSQL is away, in seconds.",
    )
    snapshot_memory_mb: int = Field(
        512,
        ge=1,
        le=1_048_576,
        description="How much memory the organizations may take, in MiB (an estimate, per process). Those "
        "without calls for longest are dropped first.",
    )
    spool_directory: Path = Field(
        Path("var/spool"),
        description="Where the records of calls are kept, on a disk that survives a restart, while "
        "PostgreSQL is away. Servers on one machine may share it.",
    )
    spool_max_mb: int = Field(
        64,
        ge=1,
        le=1_048_576,
        description="How large one process's spool may grow, in MiB, before its resolves are refused.",
    )
    metrics_listen: Annotated[str, AfterValidator(valid_address_or_empty)] = Field(
        "",
        description="Address to serve metrics on for Prometheus (http://HOST:PORT/metrics). Empty: nowhere.",
    )

    webhook_listen: Annotated[str, AfterValidator(valid_address_or_empty)] = Field(
        "",
        description="Address to serve the voice webhook on, which Twilio asks about call-backs. "
        "Empty: nowhere.",
    )
    webhook_public_url: Annotated[str, AfterValidator(valid_public_url)] = Field(
        "",
        description="Beginning of the webhook's URLs as Twilio knows them, https://HOST or "
        "https://HOST/PATH. Twilio's signatures are over them.",
    )
    webhook_dial_seconds: int = Field(
        20,
        ge=5,
        le=600,
        description="How long a phone rings for a call-back, in seconds, before the next one is tried.",
    )
    webhook_screening: bool = Field(
        default=False,
        description="Ask a user who answers a call-back to press 1, so that a voicemail does not take it.",
    )
    webhook_account_tokens: Annotated[SecretStr, AfterValidator(valid_account_tokens)] = Field(
        SecretStr(""),
        description="Auth tokens of further Twilio accounts (subaccounts) that the webhook is asked by, "
        "ACCOUNT_SID:TOKEN, separated by commas.",
    )

    @field_validator("workers")
    @classmethod
    def _one_process_serves_sqlite(cls, workers: int, info: ValidationInfo) -> int:
        url = info.data.get("database_url")
        if workers > 1 and url is not None and not is_postgresql(url):
            raise ValueError(
                "must be 1 on SQLite: one process holds the file, and another would not see its changes; use "
                "PostgreSQL for more"
            )
        return workers

    @field_validator("allow_insecure")
    @classmethod
    def _only_loopback_is_safe(
        cls,
        allowed: bool,  # noqa: FBT001 - pydantic calls it with the value
        info: ValidationInfo,
    ) -> bool:
        # A check of this one field, not of the whole model: pydantic skips the latter as soon as another
        # field is wrong, and all problems are to be reported at once. `listen` is absent if it is wrong.
        listen = info.data.get("listen")
        if listen is not None and not allowed and not is_loopback(listen):
            raise ValueError(
                f"is false, but other machines can reach {listen}, and there are neither TLS nor keys yet; "
                "listen on a loopback address such as 127.0.0.1:50051, or set this to true"
            )
        return allowed

    @property
    def voice_url(self) -> str:
        """Where Twilio asks about calls to the numbers; empty where they go another way, or nowhere."""
        goes_elsewhere = self.twilio_voice_application_sid or self.twilio_trunk_sid
        if self.twilio_voice_url or goes_elsewhere or not self.webhook_public_url:
            return self.twilio_voice_url
        return f"{self.webhook_public_url}/voice"

    @property
    def shown_database_url(self) -> str:
        """The database URL for logs and messages, without its password."""
        if not is_postgresql(self.database_url):
            return self.database_url.get_secret_value()
        parameters = postgresql_parameters(self.database_url)
        host, port = parameters.get("host", "localhost"), parameters.get("port", 5432)
        return f"postgresql://{host}:{port}/{parameters['dbname']}"


class SettingHelp(NamedTuple):
    """What the help says about one setting."""

    env: str
    default: str
    description: str


def env_name(setting: str) -> str:
    """Name the environment variable of a setting."""
    return f"{ENV_PREFIX}{setting.upper()}"


def describe_settings() -> list[SettingHelp]:
    """List every setting, in the order they are declared."""
    return [
        SettingHelp(env_name(name), _shown_default(field.default), field.description or "")
        for name, field in Settings.model_fields.items()
    ]


def _shown_default(value: object) -> str:
    match value:
        case SecretStr():
            return value.get_secret_value() or "none"
        case bool():
            return str(value).lower()
        case float():
            return f"{value:g}"
        case dict():
            return json.dumps(value) if value else "none"
        case _:
            return str(value) or "none"


def read_settings(config_file: Path | None = None, **flags: object) -> Settings:
    """Read the settings from everywhere.

    ``config_file`` goes before the file named by ``LOCALDIAL_CONFIG``. ``flags`` are settings from the
    command line; those that are None were not given. Raises ``SettingsError``.
    """
    named = os.environ.get(CONFIG_ENV)
    path = config_file or (Path(named) if named else None)
    in_file = _read(path) if path else {}
    environment = {name.upper() for name, value in os.environ.items() if value}
    given = {name: value for name, value in flags.items() if value is not None}
    # What the environment says too is left out of the file's part, because arguments win over it.
    from_file = {name: value for name, value in in_file.items() if env_name(name) not in environment}

    origins = {name: env_name(name) for name in Settings.model_fields}
    origins |= {name: f"{name} in {path}" for name in from_file}
    origins |= {name: _FLAGS.get(name, f"--{name.replace('_', '-')}") for name in given}
    values: dict[str, Any] = {**from_file, **given}
    try:
        return Settings(**values)
    except ValidationError as error:
        raise SettingsError(*(_problem(detail, origins) for detail in error.errors())) from None


def require_webhook_settings(settings: Settings) -> None:
    """Make sure that the settings say what the voice webhook needs. Raises ``SettingsError``."""
    problems = []
    if not settings.webhook_public_url:
        problems.append(
            SettingProblem(
                env_name("webhook_public_url"),
                "must be set for the webhook: the URL that Twilio is told, up to the /voice at its end",
            )
        )
    tokens = settings.twilio_auth_token, settings.webhook_account_tokens
    if not any(token.get_secret_value() for token in tokens):
        problems.append(
            SettingProblem(
                env_name("twilio_auth_token"),
                "must be set for the webhook: without it nobody can tell who asks",
            )
        )
    if problems:
        raise SettingsError(*problems)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(SettingProblem(str(path), f"cannot be read: {error.strerror}")) from None
    except UnicodeDecodeError:
        raise SettingsError(SettingProblem(str(path), "is not UTF-8 text")) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(SettingProblem(str(path), f"is not TOML: {error}")) from None


def _problem(detail: ErrorDetails, origins: Mapping[str, str]) -> SettingProblem:
    setting = str(detail["loc"][0])
    if detail["type"] == "extra_forbidden":
        close = difflib.get_close_matches(setting, Settings.model_fields, n=1)
        meant = f"; did you mean {close[0]}?" if close else ""
        return SettingProblem(origins[setting], f"there is no such setting{meant}")
    message = str(detail["msg"]).removeprefix("Value error, ").replace("Input should be", "must be")
    return SettingProblem(origins[setting], message)
