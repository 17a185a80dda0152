"""The settings of the server: one typed object, read once when it starts.

Each setting comes from the first of these places that has it: the command line, the environment
(`LOCALDIAL_…`), a TOML file, its default here.
"""

import difflib
import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NamedTuple

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import SettingsConfigDict

from localdial_server.domain.rates import Rate, Rates
from localdial_server.settings.carrier_settings import CarrierSettings
from localdial_server.settings.errors import SettingProblem, SettingsError
from localdial_server.settings.field_docstrings import field_docstrings
from localdial_server.settings.http_settings import HttpSettings
from localdial_server.settings.identity_settings import IdentitySettings
from localdial_server.settings.limit_settings import LimitSettings
from localdial_server.settings.security_settings import SecuritySettings, safe_to_expose
from localdial_server.settings.serialized import serialized
from localdial_server.settings.service_links import is_service_link
from localdial_server.settings.state_directory import DATABASE_FILE, SPOOL_FOLDER, default_state_directory
from localdial_server.settings.validators import (
    QUOTES,
    is_loopback,
    is_postgresql,
    lower_case,
    postgresql_parameters,
    require_plain_text,
    upper_case,
    valid_account_tokens,
    valid_address,
    valid_address_or_empty,
    valid_country,
    valid_database_url,
    valid_public_url,
    valid_shared_keys,
)
from localdial_server.settings.variables import CONFIG_ENV, ENV_PREFIX, env_name

_TEST_PREFIX = "LOCALDIAL_TEST_"

# The groups of settings in the help and the documentation, by the prefixes of their names.
_GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "Server": (
        *("listen", "front", "workers", "default_country", "log_", "lame_duck", "drain"),
        *("call_count", "metrics"),
    ),
    "Security": ("tls", "require_credentials", "allow_insecure", "jwt"),
    "Limits": ("max_connections", "connection_age", "rate_"),
    "Database and spool": ("state", "database", "degraded", "spool"),
    "Snapshots": ("snapshot",),
    "Carrier": ("carrier", "simulator"),
    "Twilio": ("twilio",),
    "Spending and toll fraud": ("max_numbers", "max_purchases", "destination", "organization_limits"),
    "HTTP": ("http",),
    "Voice webhook": ("webhook",),
}

# Settings with several values, which may be separated by spaces.
_LISTS: Final = frozenset(
    {"destination_countries", "http_origins", "webhook_account_tokens", "webhook_shared_keys"}
)

# Settings that are paths of files.
_FILES: Final = frozenset({"tls_certificate", "tls_key", "tls_client_ca"})

# Settings that are JSON.
_JSON: Final = frozenset({"twilio_subaccounts", "organization_limits", "tls_client_principals"})

# Options whose name is not that of the setting.
_OPTION_NAMES = {"http_listen": "--http", "webhook_listen": "--webhook", "allow_insecure": "--insecure"}


class Settings(HttpSettings, CarrierSettings, IdentitySettings, LimitSettings, SecuritySettings):
    """The settings of the server; immutable. Use `read_settings` to create them.

    Constructed directly, as in tests, they come from keyword arguments and the environment, but no file.
    """

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX,
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        # Validate defaults too: some settings must be set if another one is.
        validate_default=True,
        hide_input_in_errors=True,
    )

    listen: Annotated[str, AfterValidator(valid_address), AfterValidator(safe_to_expose)] = "127.0.0.1:50051"
    """Address to listen on, host:port or [IPv6]:port. Port 0 takes any free port."""
    state_directory: Path = Field(default_factory=default_state_directory)
    """Folder of the database and the spool, unless their own settings say otherwise. Default: systemd's
    STATE_DIRECTORY, else localdial in XDG_STATE_HOME (~/.local/state if that is unset)."""
    database_url: Annotated[SecretStr, AfterValidator(valid_database_url)] = Field(
        default_factory=lambda set_before: SecretStr(
            f"sqlite:///{set_before['state_directory'] / DATABASE_FILE}"
        )
    )
    """Database: sqlite:///FILE (relative to the working directory), sqlite:////FILE (absolute), or
    postgresql://USER:PASSWORD@HOST:PORT/NAME with any parameters of libpq. Default: the SQLite file
    localdial.db in the state directory."""
    front: Annotated[Literal["grpc", "fast"], BeforeValidator(lower_case)] = "grpc"
    """What takes calls from the network: grpc, or fast, which serves several times as many calls per second
    and needs pip install 'localdial[fast]'."""
    workers: int = Field(1, ge=1, le=64)
    """Server processes that share the port. SQLite allows only 1."""
    database_timeout_seconds: float = Field(5.0, ge=0.1, le=600)
    """Time limit for one PostgreSQL transaction, in seconds. Raise it if your largest organization takes
    longer to load."""
    database_wait_seconds: float = Field(60.0, ge=0, le=86_400)
    """How long a starting server waits until PostgreSQL answers and has this release's schema, in seconds.
    Then it exits with the cause."""
    degraded_after_seconds: float = Field(1.0, ge=0.05, le=10)
    """How long the database may take to say where a call-back goes, in seconds, before it rings the
    organization number: for the voice webhook and other callers that set allow_degraded."""
    default_country: Annotated[str, BeforeValidator(upper_case), AfterValidator(valid_country)] = "US"
    """Country whose national numbers are read in call-backs, by its ISO 3166-1 alpha-2 code: a caller
    4155550100 is +14155550100 in US, and 02079460123 is +442079460123 in GB. A webhook that runs on its
    own needs the server's value."""
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(lower_case)] = "info"
    """Lowest level that is logged: debug, info, warning or error."""
    log_format: Annotated[Literal["console", "json"], BeforeValidator(lower_case)] = "console"
    """Format of the log: console for people, json for machines (one object per line)."""
    lame_duck_seconds: float = Field(0.5, ge=0, le=60)
    """How long a stopping server refuses new calls before it closes connections, in seconds, so that every
    client has heard of the stop. Calls in flight are answered meanwhile."""
    drain_seconds: float = Field(10.0, ge=0, le=3_600)
    """How long calls in flight may take to finish when the server stops, in seconds."""

    snapshot_poll_seconds: float = Field(0.5, ge=0.05, le=60)
    """How often a server on PostgreSQL polls for changes by other servers, in seconds. Every server applies a
    change within this time plus the time of a poll and a load."""
    snapshot_max_age_seconds: float = Field(300.0, ge=1, le=86_400)
    """How long caller IDs are still resolved from memory, and API keys still accepted, while PostgreSQL is
    unavailable, in seconds."""
    call_count_seconds: float = Field(60.0, ge=1, le=3_600)
    """How often calls are counted in the background for the usage of numbers, in seconds."""
    snapshot_memory_mb: int = Field(512, ge=1, le=1_048_576)
    """Memory for organizations, in estimated MiB per process. Those unused for longest are dropped first."""
    spool_directory: Path = Field(
        default_factory=lambda set_before: set_before["state_directory"] / SPOOL_FOLDER
    )
    """Folder that keeps the records of calls while PostgreSQL is unavailable. It must survive a restart.
    Servers on one machine may share it. Default: spool in the state directory."""
    spool_max_mb: int = Field(64, ge=1, le=1_048_576)
    """Largest size of one process's spool, in MiB. When it is full, resolves are refused."""
    metrics_listen: Annotated[str, AfterValidator(valid_address_or_empty), AfterValidator(safe_to_expose)] = (
        ""
    )
    """Address to serve Prometheus metrics on (http://HOST:PORT/metrics; https if it is not a loopback
    address and the server has a certificate). Empty: no metrics."""

    webhook_listen: Annotated[str, AfterValidator(valid_address_or_empty), AfterValidator(safe_to_expose)] = (
        ""
    )
    """Address to serve the voice webhook on, which Twilio calls for each call-back; with TLS if it is not a
    loopback address and the server has a certificate. Empty: no webhook."""
    webhook_public_url: Annotated[str, AfterValidator(valid_public_url)] = ""
    """Base of the webhook's URLs as Twilio calls them, https://HOST or https://HOST/PATH. Twilio signs these
    URLs."""
    webhook_dial_seconds: int = Field(20, ge=5, le=600)
    """How long a phone rings for a call-back, in seconds, before the next phone is tried."""
    webhook_screening: bool = False
    """Ask a user who answers a call-back to press 1, so that a voicemail cannot accept it."""
    webhook_account_tokens: Annotated[SecretStr, AfterValidator(valid_account_tokens)] = SecretStr("")
    """Auth tokens of further Twilio accounts (subaccounts) that call the webhook: ACCOUNT_SID:TOKEN
    pairs, separated by commas or spaces."""
    webhook_shared_keys: Annotated[SecretStr, AfterValidator(valid_shared_keys)] = SecretStr("")
    """Twilio's SharedKeys (public beta), with which a Webhook Rule can have Twilio sign its requests to the
    webhook: KEY_ID:SECRET pairs, separated by commas or spaces."""

    @field_validator("*", mode="before")
    @classmethod
    def _texts_are_plain(cls, value: object, info: ValidationInfo) -> object:
        name = str(info.field_name)
        text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        # JSON may have white space and quotes, and numbers and booleans of the TOML file are no text.
        is_text = isinstance(value, str | SecretStr | Path) and name not in _JSON
        if is_text:
            require_plain_text(text, _allowed_within(name, text))
        if is_text and text.removeprefix("sqlite:///").startswith("~"):
            raise ValueError(
                "begins with ~, which only a shell replaces; write the path of the home directory"
            )
        return value

    @field_validator("workers")
    @classmethod
    def _one_process_serves_sqlite(cls, workers: int, info: ValidationInfo) -> int:
        url = info.data.get("database_url")
        if workers > 1 and url is not None and not is_postgresql(url):
            raise ValueError(
                "must be 1 on SQLite, because only one process can use the file; use PostgreSQL for more"
            )
        return workers

    @property
    def credentials_required(self) -> bool:
        """Whether a call without credentials is refused."""
        names_callers = self.jwt_issuer or self.tls_client_principals
        addresses = [each for each in (self.listen, self.http_listen) if each]
        is_local = all(map(is_loopback, addresses)) and not names_callers
        return self.require_credentials or not (self.allow_insecure or is_local)

    @property
    def voice_url(self) -> str:
        """The URL that Twilio requests when a number is called; empty if numbers are not set up with one."""
        has_other_handler = self.twilio_voice_application_sid or self.twilio_trunk_sid
        if self.twilio_voice_url or has_other_handler or not self.webhook_public_url:
            return self.twilio_voice_url
        return f"{self.webhook_public_url}/voice"

    @property
    def rates(self) -> Rates:
        """The rate limits of all organizations."""

        def rate(per_second: float | None, burst: int | None) -> Rate | None:
            per_second = self.rate_units_per_second if per_second is None else per_second
            return Rate(per_second, self.rate_burst_units if burst is None else burst) if per_second else None

        own = self.organization_limits.items()
        return Rates(
            rate(None, None),
            {name: rate(limits.rate_units_per_second, limits.rate_burst_units) for name, limits in own},
        )

    @property
    def shown_database_url(self) -> str:
        """The database URL for logs and messages, without its password."""
        if not is_postgresql(self.database_url):
            return self.database_url.get_secret_value()
        parameters = postgresql_parameters(self.database_url)
        host, port = parameters.get("host", "localhost"), parameters.get("port", 5432)
        return f"postgresql://{host}:{port}/{parameters['dbname']}"

    @property
    def from_user(self) -> frozenset[str]:
        """The names of the settings that have no default value, or were set to it."""
        return frozenset(self.model_fields_set)

    @property
    def as_variables(self) -> Mapping[str, str]:
        """All settings in the form of their environment variables, by the names of these."""
        return {env_name(name): serialized(value) for name, value in self}

    @property
    def stop_seconds(self) -> float:
        """How long the calls of a stopping server may take: first those of HTTP servers, then gRPC's."""
        servers = 2 if self.webhook_listen or self.http_listen else 1
        return servers * (self.lame_duck_seconds + self.drain_seconds)

    @property
    def webhook_caveat(self) -> str:
        """Why the webhook may not work with the carrier, as a clause; empty if it is made for it."""
        if not self.twilio_base_url:
            return ""
        return (
            f"the carrier at {self.twilio_base_url} is not Twilio itself (LOCALDIAL_TWILIO_BASE_URL): other "
            "carriers sign requests and report calls differently, so use it for numbers only"
        )

    @property
    def webhook_problems(self) -> Sequence[SettingProblem]:
        """What the voice webhook needs and is not set."""
        problems = []
        if not self.webhook_public_url:
            problem = "must be set for the webhook: the URL that Twilio calls, up to the /voice at its end"
            problems.append(SettingProblem(env_name("webhook_public_url"), problem))
        secrets = self.twilio_auth_token, self.webhook_account_tokens, self.webhook_shared_keys
        if not any(secret.get_secret_value() for secret in secrets):
            problem = (
                "must be set for the webhook, or LOCALDIAL_WEBHOOK_SHARED_KEYS, to check that requests come "
                "from Twilio"
            )
            problems.append(SettingProblem(env_name("twilio_auth_token"), problem))
        return problems


def _allowed_within(setting: str, text: str) -> str:
    """Return the white space and quotes that the setting may have between other characters."""
    is_path = setting.endswith("_directory") or setting in _FILES or text.startswith("sqlite:")
    return f" {QUOTES}" if is_path else " " if setting in _LISTS else ""


class SettingHelp(NamedTuple):
    """The entry of one setting in the help and in the documentation."""

    group: str
    env: str
    default: str
    """The default value as text; `none` if it is empty."""
    description: str


def describe_settings() -> list[SettingHelp]:
    """Return every setting, group by group, and within a group in the order of declaration."""
    descriptions = field_docstrings(Settings)
    return [
        SettingHelp(group, env_name(name), _default_text(field), descriptions[name])
        for group, prefixes in _GROUPS.items()
        for name, field in Settings.model_fields.items()
        if name.startswith(prefixes)
    ]


def _default_text(field: FieldInfo) -> str:
    # The description says what a default is that depends on the machine.
    value = "" if field.default_factory else field.default
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    return "none" if value in (None, "", {}) else str(value)


def read_settings(config_file: Path | None = None, **options: object) -> Settings:
    """Read the settings from the command line, the environment and the TOML file.

    `config_file` wins over the file named by `LOCALDIAL_CONFIG`. `options` are settings from the command
    line; None means not given. Raises `SettingsError`.
    """
    named = os.environ.get(CONFIG_ENV)
    path = config_file or (Path(named) if named else None)
    in_file = _read_file(path) if path else {}
    environment = {name.upper() for name, value in os.environ.items() if value}
    given = {name: value for name, value in options.items() if value is not None}
    # Keyword arguments win over the environment, so drop from the file what the environment sets.
    from_file = {name: value for name, value in in_file.items() if env_name(name) not in environment}

    origins = {name: env_name(name) for name in Settings.model_fields}
    origins |= {name: f"{name} in {path}" for name in from_file}
    origins |= {name: _OPTION_NAMES.get(name, f"--{name.replace('_', '-')}") for name in given}
    values: dict[str, Any] = {**from_file, **given}
    try:
        return Settings(**values)
    except ValidationError as error:
        # A default that depends on a wrong setting is no problem of its own.
        wrong = [detail for detail in error.errors() if detail["type"] != "default_factory_not_called"]
        raise SettingsError(*(_problem(detail, origins) for detail in wrong)) from None


def unknown_variables(*others: str) -> Sequence[tuple[str, str | None]]:
    """Return each `LOCALDIAL_…` environment variable that is not read, with the most similar one that is.

    `others` are read besides the settings. The tests' own (`LOCALDIAL_TEST_…`) and those that Kubernetes sets
    for a service are not returned.
    """
    known = {
        name.removeprefix(ENV_PREFIX) for name in (*map(env_name, Settings.model_fields), CONFIG_ENV, *others)
    }
    unknown = []
    for variable, value in sorted(os.environ.items()):
        # The names of settings are not case-sensitive.
        name = variable.upper().removeprefix(ENV_PREFIX)
        is_ours = name != variable.upper() and not variable.startswith(_TEST_PREFIX)
        if is_ours and name not in known and not is_service_link(variable, value):
            # Compared without the prefix, which would make any two names similar.
            similar = difflib.get_close_matches(name, known, n=1)
            unknown.append((variable, f"{ENV_PREFIX}{similar[0]}" if similar else None))
    return unknown


def _read_file(path: Path) -> dict[str, Any]:
    try:
        # Editors on Windows begin a file with a byte order mark.
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SettingsError(SettingProblem(str(path), f"cannot be read: {error.strerror}")) from None
    except UnicodeDecodeError:
        raise SettingsError(SettingProblem(str(path), "is not UTF-8 text")) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(SettingProblem(str(path), f"is not TOML: {error}")) from None


def _problem(detail: ErrorDetails, origins: Mapping[str, str]) -> SettingProblem:
    setting = str(detail["loc"][0])
    if detail["type"] == "extra_forbidden":
        similar = difflib.get_close_matches(setting, Settings.model_fields, n=1)
        suggestion = f"; did you mean {similar[0]}?" if similar else ""
        return SettingProblem(origins[setting], f"there is no such setting{suggestion}")
    message = str(detail["msg"]).removeprefix("Value error, ").replace("Input should be", "must be")
    return SettingProblem(origins[setting], message)
