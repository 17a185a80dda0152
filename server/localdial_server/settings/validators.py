"""Validators of single settings.

Each returns the value, or raises `ValueError` with what is wrong. The messages never repeat the value,
which may be a secret.
"""

import contextlib
import ipaddress
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from localdial_server.domain.characters import named
from localdial_server.domain.international import is_country

# A running server uses some of this module without loading Pydantic.
if TYPE_CHECKING:
    from pydantic import SecretStr

_MAX_PORT = 65_535

# The schemes that libpq accepts.
_POSTGRESQL = frozenset({"postgresql", "postgres"})

_ADDRESS = re.compile(
    r"(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|(?P<host>[^\s\[\]:/]+)):(?P<port>[0-9]{1,5})", re.ASCII
)


# Unicode's categories of characters that cannot be seen: control, format (such as the byte order mark),
# private use, surrogate, unassigned, and every kind of white space.
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp", "Zs"})
QUOTES: Final = "\"'`\N{ACUTE ACCENT}‘’‚‛“”„‟«»‹›"  # noqa: RUF001 - each is meant


def require_plain_text(text: str, allowed_within: str = "") -> None:
    """Raise `ValueError` if the text has white space, quotes or invisible characters; it names the first.

    They get into a setting by copying, or from a file with other line ends or with quotes that nothing
    removes. `allowed_within`: characters that are fine except at the start and the end.
    """
    for position, character in enumerate(text, 1):
        is_within = 1 < position < len(text)
        if is_within and character in allowed_within:
            continue
        if character in QUOTES or unicodedata.category(character) in _INVISIBLE:
            where = (
                f"as character {position}" if is_within else "at the start" if position == 1 else "at the end"
            )
            raise ValueError(f"has {named(character)} {where}, which does not belong there; remove it")


def valid_address(address: str) -> str:
    """Accept `host:port` and `[IPv6]:port`."""
    match = _ADDRESS.fullmatch(address)
    if match is None or int(match["port"]) > _MAX_PORT or not _is_ipv6(match["ipv6"] or "::"):
        raise ValueError(
            "must be host:port, such as 127.0.0.1:50051 or [::1]:50051; port 0 takes any free port"
        )
    return address


def valid_address_or_empty(address: str) -> str:
    """Accept an address or an empty text."""
    return valid_address(address) if address else address


def _is_ipv6(host: str) -> bool:
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        return False
    return True


def is_loopback(address: str) -> bool:
    """Return whether only this machine can reach the (valid) address."""
    host = address.rpartition(":")[0].strip("[]")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        # Any other name may resolve to anything; RFC 6761 reserves only this one for loopback.
        return host.lower() == "localhost"


def valid_database_url(secret: "SecretStr") -> "SecretStr":
    """Accept the URL of an SQLite file or of a PostgreSQL database."""
    scheme, separator, rest = secret.get_secret_value().partition("://")
    if scheme == "sqlite" and separator:
        path = rest.removeprefix("/")
        if not rest.startswith("/") or not path.strip("/") or path == ":memory:" or "?" in path:
            raise ValueError(
                "must name a file and nothing else: sqlite:///relative/path.db or "
                "sqlite:////absolute/path.db; a database in memory would lose calls that must be kept"
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


def postgresql_parameters(url: "SecretStr") -> Mapping[str, Any]:
    """Return libpq's parameters for a PostgreSQL URL. Raises `ValueError`."""
    # The driver parses the URL: only it knows everything that may be in it, such as several hosts,
    # sockets and TLS.
    import psycopg.conninfo  # noqa: PLC0415 - not needed on SQLite

    text = url.get_secret_value()
    authority, _, rest = text.partition("://")[2].partition("?")[0].partition("/")
    if authority.count("@") <= 1 and "@" not in rest:
        # In any other URL, the driver could read part of the password as the host or the database, which
        # appear in messages.
        with contextlib.suppress(psycopg.ProgrammingError):
            return psycopg.conninfo.conninfo_to_dict(text)
    raise ValueError(
        "is not a PostgreSQL URL: postgresql://user:password@host:5432/localdial?parameter=value; write "
        "characters such as @ / : and % in a password as %40 %2F %3A and %25"
    )


def lower_case(value: object) -> object:
    """Return text in lower case, and any other value as it is."""
    return value.lower() if isinstance(value, str) else value


def upper_case(value: object) -> object:
    """Return text in upper case, and any other value as it is."""
    return value.upper() if isinstance(value, str) else value


def valid_country(value: str) -> str:
    """Return the country code. Raises `ValueError` if no country with phone numbers has it."""
    if not is_country(value):
        raise ValueError("must be the ISO 3166-1 alpha-2 code of a country, such as US or GB")
    return value


def is_postgresql(database_url: "SecretStr") -> bool:
    """Return whether the (valid) URL is for PostgreSQL, not SQLite."""
    return database_url.get_secret_value().partition("://")[0] in _POSTGRESQL


# Only characters that no proxy rewrites: Twilio signs the URL.
_PUBLIC_URL = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~-]+)*", re.ASCII)


def valid_public_url(url: str) -> str:
    """Accept an empty text or a base URL; trailing slashes are removed."""
    url = url.rstrip("/")
    if url and _PUBLIC_URL.fullmatch(url) is None:
        raise ValueError(
            "must be the base of the URLs that the carrier calls, such as https://voice.example.com or "
            "https://example.com/localdial"
        )
    return url


def valid_account_tokens(secret: "SecretStr") -> "SecretStr":
    """Accept any number of ACCOUNT_SID:TOKEN pairs."""
    return _valid_pairs(secret, "ACCOUNT_SID:TOKEN")


def valid_shared_keys(secret: "SecretStr") -> "SecretStr":
    """Accept any number of KEY_ID:SECRET pairs."""
    return _valid_pairs(secret, "KEY_ID:SECRET")


def secret_pairs(secret: "SecretStr") -> Sequence[tuple[str, str]]:
    """Return the pairs of a name and a secret that the (valid) setting has, such as account SID and token."""
    pairs = [pair.partition(":") for pair in secret.get_secret_value().replace(",", " ").split()]
    return [(name, value) for name, _, value in pairs]


def _valid_pairs(secret: "SecretStr", form: str) -> "SecretStr":
    if not all(name and value for name, value in secret_pairs(secret)):
        raise ValueError(f"must be {form} pairs, separated by commas or spaces")
    return secret


def split(value: object) -> object:
    """Split the text of a variable or option; an array of JSON or the TOML file is a list already."""
    return value.replace(",", " ").split() if isinstance(value, str) else value
