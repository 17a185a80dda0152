"""The settings of the server: one typed object, read once at the start.

A setting comes from the command line, else from the environment
(``LOCALDIAL_…``), else from a TOML file, else from its default here.
"""

import difflib
import ipaddress
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple
from urllib.parse import urlsplit

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
from pydantic_settings import BaseSettings, SettingsConfigDict

ENV_PREFIX = "LOCALDIAL_"
CONFIG_ENV = "LOCALDIAL_CONFIG"

_MAX_PORT = 65_535
# gRPC keeps message sizes in a signed 32-bit integer, and the transport's limit
# is four times ours (TRANSPORT_LIMIT_FACTOR).
_MAX_REQUEST_BYTES = 2_147_483_647 // 4


class Problem(NamedTuple):
    """What is wrong with one setting."""

    setting: str
    """The setting as the user wrote it: ``LOCALDIAL_LISTEN``, ``--listen``, ``listen in localdial.toml``."""
    message: str
    """What is wrong with it. It never repeats the value, which may be a secret."""


class SettingsError(Exception):
    """The settings cannot be used. The text has one line for every problem, and no secret in it."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(f"{problem.setting}: {problem.message}" for problem in problems))
        self.problems = problems


_ADDRESS = re.compile(
    r"(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|(?P<host>[^\s\[\]:/]+)):(?P<port>[0-9]{1,5})", re.ASCII
)


def _listen_address(address: str) -> str:
    match = _ADDRESS.fullmatch(address)
    if match is None or int(match["port"]) > _MAX_PORT or not _is_ipv6(match["ipv6"] or "::"):
        raise ValueError(
            "must be host:port, such as 127.0.0.1:50051 or [::1]:50051; port 0 takes any free port"
        )
    return address


def _is_ipv6(host: str) -> bool:
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        return False
    return True


def _is_loopback(address: str) -> bool:
    host = address.rpartition(":")[0].strip("[]")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        # A name can be made to mean anything; only this one is reserved for loopback (RFC 6761).
        return host.lower() == "localhost"


def _sqlite_url(secret: SecretStr) -> SecretStr:
    # The messages must not repeat the value: it may hold a password.
    url = secret.get_secret_value()
    scheme, separator, rest = url.partition("://")
    if scheme.split("+")[0] in {"postgresql", "postgres"}:
        raise ValueError("PostgreSQL comes with a later release; use SQLite: sqlite:///path/to/localdial.db")
    if scheme != "sqlite" or not separator:
        raise ValueError("must be an SQLite URL: sqlite:///relative/path.db or sqlite:////absolute/path.db")
    path = rest.removeprefix("/")
    if not rest.startswith("/") or not path.strip("/") or path == ":memory:" or "?" in path:
        raise ValueError(
            "must name a file and nothing else: sqlite:///relative/path.db or sqlite:////absolute/path.db; "
            "a database in memory would lose the calls it promised to keep"
        )
    return secret


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


class Settings(BaseSettings):
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

    listen: Annotated[str, AfterValidator(_listen_address)] = Field(
        "127.0.0.1:50051",
        description="Address to serve on, host:port or [IPv6]:port. Port 0 takes any free port.",
    )
    allow_insecure: bool = Field(
        default=False,
        description="Serve on an address that other machines can reach, although anyone there may then buy "
        "and delete numbers: there are neither TLS nor keys yet.",
    )
    database_url: Annotated[SecretStr, AfterValidator(_sqlite_url)] = Field(
        SecretStr("sqlite:///var/localdial.db"),
        description="Database: sqlite:///FILE, relative to the working directory, or sqlite:////FILE.",
    )
    carrier: Literal["simulator"] = Field(
        "simulator",
        description="Where numbers are bought. The simulator sells fictional numbers and costs nothing.",
    )
    simulator_latency_ms: float = Field(
        0.0, ge=0, le=60_000, description="How long the simulated carrier takes to answer, in milliseconds."
    )
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)] = Field(
        "info", description="Least severity that is logged: debug, info, warning or error."
    )
    log_format: Annotated[Literal["console", "json"], BeforeValidator(_lower)] = Field(
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
    call_log_max_delay_ms: float = Field(
        2.0,
        ge=0,
        le=1_000,
        description="How long records of calls may be collected for one commit under load, in milliseconds. "
        "A lone call never waits; 0 commits at once always.",
    )
    sweep_interval_seconds: float = Field(
        60.0,
        ge=1,
        le=86_400,
        description="How often purchases and releases with an unknown outcome are looked after, in seconds.",
    )

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
        if listen is not None and not allowed and not _is_loopback(listen):
            raise ValueError(
                f"is false, but other machines can reach {listen}, and there are neither TLS nor keys yet; "
                "listen on a loopback address such as 127.0.0.1:50051, or set this to true"
            )
        return allowed

    @property
    def shown_database_url(self) -> str:
        """The database URL for logs and messages, its password masked."""
        url = self.database_url.get_secret_value()
        password = urlsplit(url).password
        return url.replace(f":{password}@", ":***@", 1) if password else url


class SettingHelp(NamedTuple):
    """What the help says about one setting."""

    env: str
    default: str
    description: str


def env_name(setting: str) -> str:
    """Name the environment variable of a setting."""
    return f"{ENV_PREFIX}{setting.upper()}"


def describe() -> list[SettingHelp]:
    """List every setting, in the order they are declared."""
    return [
        SettingHelp(env_name(name), _shown_default(field.default), field.description or "")
        for name, field in Settings.model_fields.items()
    ]


def _shown_default(value: object) -> str:
    match value:
        case SecretStr():
            return value.get_secret_value()
        case bool():
            return str(value).lower()
        case float():
            return f"{value:g}"
        case _:
            return str(value)


def load(config_file: Path | None = None, **flags: object) -> Settings:
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
    origins |= {name: f"--{name.replace('_', '-')}" for name in given}
    values: dict[str, Any] = {**from_file, **given}
    try:
        return Settings(**values)
    except ValidationError as error:
        raise SettingsError(*(_problem(detail, origins) for detail in error.errors())) from None


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(Problem(str(path), f"cannot be read: {error.strerror}")) from None
    except UnicodeDecodeError:
        raise SettingsError(Problem(str(path), "is not UTF-8 text")) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(Problem(str(path), f"is not TOML: {error}")) from None


def _problem(detail: ErrorDetails, origins: Mapping[str, str]) -> Problem:
    setting = str(detail["loc"][0])
    if detail["type"] == "extra_forbidden":
        close = difflib.get_close_matches(setting, Settings.model_fields, n=1)
        meant = f"; did you mean {close[0]}?" if close else ""
        return Problem(origins[setting], f"there is no such setting{meant}")
    message = str(detail["msg"]).removeprefix("Value error, ").replace("Input should be", "must be")
    return Problem(origins[setting], message)
