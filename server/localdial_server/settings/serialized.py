"""Settings in the form of their environment variables."""

from collections.abc import Mapping

from pydantic import SecretStr
from pydantic_core import to_json


def serialized(value: object) -> str:
    """Return a setting as the text of its environment variable."""
    match value:
        case SecretStr():
            return value.get_secret_value()
        case None:
            # An empty variable counts as not set.
            return ""
        case Mapping():
            return to_json(value, exclude_none=True).decode()
        case frozenset():
            return ",".join(sorted(value))
        case _:
            return str(value)
