"""What the values of settings may be: checks of one value each.

Each answers the value, or raises ``ValueError`` with what is wrong with it. The
messages never repeat the value, which may be a secret.
"""

import contextlib
import ipaddress
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import SecretStr

_MAX_PORT = 65_535

# What libpq takes a URL to begin with.
_POSTGRESQL = frozenset({"postgresql", "postgres"})

_ADDRESS = re.compile(
    r"(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|(?P<host>[^\s\[\]:/]+)):(?P<port>[0-9]{1,5})", re.ASCII
)


def valid_address(address: str) -> str:
    """Take ``host:port`` or ``[IPv6]:port``."""
    match = _ADDRESS.fullmatch(address)
    if match is None or int(match["port"]) > _MAX_PORT or not _is_ipv6(match["ipv6"] or "::"):
        raise ValueError(
            "must be host:port, such as 127.0.0.1:50051 or [::1]:50051; port 0 takes any free port"
        )
    return address


def valid_address_or_empty(address: str) -> str:
    """Take an address, or nothing."""
    return valid_address(address) if address else address


def _is_ipv6(host: str) -> bool:
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        return False
    return True


def is_loopback(address: str) -> bool:
    """Answer whether only this machine can reach the (valid) address."""
    host = address.rpartition(":")[0].strip("[]")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        # A name can be made to mean anything; only this one is reserved for loopback (RFC 6761).
        return host.lower() == "localhost"


def valid_database_url(secret: SecretStr) -> SecretStr:
    """Take the URL of an SQLite file or of a PostgreSQL database."""
    scheme, separator, rest = secret.get_secret_value().partition("://")
    if scheme == "sqlite" and separator:
        path = rest.removeprefix("/")
        if not rest.startswith("/") or not path.strip("/") or path == ":memory:" or "?" in path:
            raise ValueError(
                "must name a file and nothing else: sqlite:///relative/path.db or "
                "sqlite:////absolute/path.db; a database in memory would lose the calls it promised to keep"
            )
    elif scheme in _POSTGRESQL and separator:
        if postgresql_parameters(secret).get("dbname") is None:
            raise ValueError("must name the database: postgresql://user@host:5432/localdial")
    else:
        raise ValueError(
            "must be an SQLite or a PostgreSQL URL: sqlite:///relative/path.db, sqlite:////absolute/path.db "
            "or postgresql://user:password@host:5432/localdial"
        )
    return secret


def postgresql_parameters(url: SecretStr) -> Mapping[str, Any]:
    """Take a PostgreSQL URL apart, into libpq's parameters."""
    # Read by the driver itself, which alone knows what such a URL may hold:
    # several hosts, sockets, TLS.
    import psycopg.conninfo  # noqa: PLC0415 (not needed on SQLite)

    text = url.get_secret_value()
    authority, _, rest = text.partition("://")[2].partition("?")[0].partition("/")
    if authority.count("@") <= 1 and "@" not in rest:
        # Else the driver would take a part of the password for the host or the
        # database, which are not kept secret.
        with contextlib.suppress(psycopg.ProgrammingError):
            return psycopg.conninfo.conninfo_to_dict(text)
    raise ValueError(
        "is not a PostgreSQL URL: postgresql://user:password@host:5432/localdial?parameter=value; write "
        "characters such as @ / : and % in a password as %40 %2F %3A and %25"
    )


def lower_case(value: object) -> object:
    """Take text in any case."""
    return value.lower() if isinstance(value, str) else value


def is_postgresql(database_url: SecretStr) -> bool:
    """Answer whether the (valid) URL is one of PostgreSQL rather than of SQLite."""
    return database_url.get_secret_value().partition("://")[0] in _POSTGRESQL


# Only what nobody on the way writes in another form: the signature is over the URL.
_PUBLIC_URL = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~-]+)*", re.ASCII)


def valid_public_url(url: str) -> str:
    """Take the beginning of URLs, without a slash at its end; or nothing."""
    url = url.rstrip("/")
    if url and _PUBLIC_URL.fullmatch(url) is None:
        raise ValueError(
            "must be the beginning of the URLs that the carrier asks, such as https://voice.example.com or "
            "https://example.com/localdial"
        )
    return url


def valid_account_tokens(secret: SecretStr) -> SecretStr:
    """Take ACCOUNT_SID:TOKEN, any number of times."""
    account_tokens(secret)
    return secret


def account_tokens(secret: SecretStr) -> Sequence[tuple[str, str]]:
    """Take the tokens of accounts apart."""
    pairs = [pair.partition(":") for pair in secret.get_secret_value().replace(",", " ").split()]
    if not all(account and token for account, _, token in pairs):
        raise ValueError("must be ACCOUNT_SID:TOKEN, several of them separated by commas or blanks")
    return [(account, token) for account, _, token in pairs]
