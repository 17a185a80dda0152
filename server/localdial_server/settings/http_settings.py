"""The settings for the API over HTTP."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from localdial_server.settings.security_settings import safe_to_expose
from localdial_server.settings.validators import split, valid_address_or_empty

_ORIGIN: Final = re.compile(r"https?://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]{1,5})?", re.ASCII)
_DEFAULT_PORTS: Final = (("http://", ":80"), ("https://", ":443"))


def _valid_origins(origins: frozenset[str]) -> frozenset[str]:
    """Accept origins, in lower case; return them as browsers send them, without the port of their scheme."""
    shown = {origin.lower().rstrip("/") for origin in origins}
    if not all(map(_ORIGIN.fullmatch, shown)):
        raise ValueError(
            "must be origins of web pages, such as https://crm.example.com or http://localhost:5173, "
            "separated by commas or spaces"
        )
    return frozenset(map(_without_default_port, shown))


def _without_default_port(origin: str) -> str:
    for scheme, port in _DEFAULT_PORTS:
        if origin.startswith(scheme):
            return origin.removesuffix(port)
    return origin


class HttpSettings(BaseSettings):
    """The part of `Settings` for the API over HTTP."""

    # Only `Settings`, which inherits the fields, validates values.
    model_config = SettingsConfigDict(defer_build=True)

    http_listen: Annotated[str, AfterValidator(valid_address_or_empty), AfterValidator(safe_to_expose)] = ""
    """Address to serve the API as JSON and the console on, for browsers, PBXs and curl; with TLS if it is not
    a loopback address and the server has a certificate. It may be that of the webhook. Empty: no HTTP."""
    http_origins: Annotated[
        frozenset[str], NoDecode, BeforeValidator(split), AfterValidator(_valid_origins)
    ] = frozenset()
    """Origins of the web pages that may call the API from a browser, besides the console:
    https://crm.example.com. Without required credentials, also the names under which this server may be
    called: http://localdial.internal:8080."""
