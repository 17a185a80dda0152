"""How commands reach a server: the options and variables for its address, TLS and the API key."""

import dataclasses
import functools
import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from localdial_server.cli.exit_codes import CliError, ExitCode

DEFAULT_SERVER: Final = "127.0.0.1:50051"
SERVER_ENV: Final = "LOCALDIAL_SERVER"
API_KEY_ENV: Final = "LOCALDIAL_API_KEY"
COMMON_OPTIONS_PANEL: Final = "Common options"

_SWITCH: Final = {"": None, "false": None, "true": True}


def _option(name: str, description: str, metavar: str | None = None) -> Any:
    return typer.Option(
        name,
        metavar=metavar,
        help=f"{description} Environment: {_env_name(name)}.",
        rich_help_panel=COMMON_OPTIONS_PANEL,
    )


def _env_name(option: str) -> str:
    return f"LOCALDIAL_{option.removeprefix('--').replace('-', '_').upper()}"


@dataclass(frozen=True, slots=True)
class ConnectionOptions:
    """The options of a connection. None: not given."""

    server: Annotated[
        str | None, _option("--server", f"The server to call. Default: {DEFAULT_SERVER}.", "HOST:PORT")
    ] = None
    tls: Annotated[bool | None, _option("--tls", "Use TLS, which the next three options imply.")] = None
    ca: Annotated[
        Path | None,
        _option("--ca", "PEM file with the authorities to trust, instead of the public ones.", "FILE"),
    ] = None
    client_certificate: Annotated[
        Path | None, _option("--client-certificate", "PEM file with the certificate to present.", "FILE")
    ] = None
    client_key: Annotated[Path | None, _option("--client-key", "PEM file with its private key.", "FILE")] = (
        None
    )
    # There is no option for the key itself, because other users can read the arguments of a process.
    api_key_file: Annotated[
        Path | None,
        _option("--api-key-file", f"File with the API key, if it is not in {API_KEY_ENV}.", "FILE"),
    ] = None

    @classmethod
    def of_environment(cls) -> "ConnectionOptions":
        """Return what the environment sets. Raises `CliError`."""

        def path(variable: str) -> Path | None:
            value = os.environ.get(variable)
            return Path(value) if value else None

        tls = os.environ.get("LOCALDIAL_TLS", "").lower()
        if tls not in _SWITCH:
            # A misspelled value must not switch off the encryption.
            raise CliError("LOCALDIAL_TLS must be true or false", ExitCode.USAGE)
        return cls(
            server=os.environ.get(SERVER_ENV) or None,
            tls=_SWITCH[tls],
            ca=path("LOCALDIAL_CA"),
            client_certificate=path("LOCALDIAL_CLIENT_CERTIFICATE"),
            client_key=path("LOCALDIAL_CLIENT_KEY"),
            api_key_file=path("LOCALDIAL_API_KEY_FILE"),
        )

    def overridden_by(self, given: "ConnectionOptions") -> "ConnectionOptions":
        """Return these options with those that `given` has, and that are not empty, in their place."""
        return dataclasses.replace(self, **{name: value for name, value in _items(given).items() if value})

    @property
    def address(self) -> str:
        """The server, host:port."""
        return self.server or DEFAULT_SERVER

    @property
    def uses_tls(self) -> bool:
        """Whether the connection is encrypted."""
        return bool(self.tls or self.ca or self.client_certificate or self.client_key)

    def arguments(self) -> Sequence[str]:
        """Return the command-line arguments that say the same, without the default server."""
        arguments: list[str] = []
        for name, value in _items(self).items():
            option = f"--{name.replace('_', '-')}"
            if value is True:
                arguments.append(option)
            elif value not in {None, DEFAULT_SERVER}:
                arguments += [option, str(value)]
        return arguments

    def client_arguments(self) -> Mapping[str, Any]:
        """Return the arguments for the Python client, except the address. Raises `CliError`."""
        return {
            "key": self._key(),
            "tls": self.uses_tls,
            "root_certificate": _read(self.ca, "--ca"),
            "client_certificate": _read(self.client_certificate, "--client-certificate"),
            "client_key": _read(self.client_key, "--client-key"),
        }

    def _key(self) -> str | None:
        content = _read(self.api_key_file, "--api-key-file")
        if content is None:
            return os.environ.get(API_KEY_ENV) or None
        key = content.decode("utf-8", "replace").strip()
        if not key:
            raise CliError(f"{self.api_key_file} (--api-key-file) is empty", ExitCode.USAGE)
        return key


CLIENT_VARIABLES: Final = (
    API_KEY_ENV,
    *(_env_name(f"--{field.name}") for field in dataclasses.fields(ConnectionOptions)),
)
"""The environment variables of commands that call a server."""


def _items(options: ConnectionOptions) -> dict[str, Any]:
    return {field.name: getattr(options, field.name) for field in dataclasses.fields(options)}


def _read(file: Path | None, option: str) -> bytes | None:
    if file is None:
        return None
    try:
        return file.read_bytes()
    except OSError as error:
        raise CliError(
            f"cannot read {file} ({option}, {_env_name(option)}): {error.strerror}", ExitCode.USAGE
        ) from None


def takes_connection(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of the connection. The function gets them as `given`."""

    @functools.wraps(function)
    def command(*args: Any, **kwargs: Any) -> None:
        given = ConnectionOptions(**{name: kwargs.pop(name) for name in _PARAMETERS})
        function(*args, given=given, **kwargs)

    signature = inspect.signature(function)
    own = [each for each in signature.parameters.values() if each.name != "given"]
    command.__signature__ = signature.replace(parameters=[*own, *_PARAMETERS.values()])  # type: ignore[attr-defined]  # undeclared by mypy
    command.__annotations__ = {each.name: each.annotation for each in (*own, *_PARAMETERS.values())}
    return command


_PARAMETERS: Final = {
    field.name: inspect.Parameter(
        field.name, inspect.Parameter.KEYWORD_ONLY, annotation=field.type, default=None
    )
    for field in dataclasses.fields(ConnectionOptions)
}
