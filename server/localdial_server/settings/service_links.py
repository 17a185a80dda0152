"""The environment variables that Kubernetes and Docker set for a service whose name begins with localdial."""

import re
from typing import Final

_NAME: Final = re.compile(r"LOCALDIAL_(?:.+_)?(?:SERVICE_HOST|SERVICE_PORT(?:_.+)?|PORT_[0-9]+_.+)")
_PORT: Final = re.compile(r"LOCALDIAL_(?:.+_)?PORT")
_PORT_VALUE: Final = re.compile(r"(?:tcp|udp|sctp)://.*")


def is_service_link(name: str, value: str) -> bool:
    """Return whether a variable is one of them, such as LOCALDIAL_SERVICE_HOST or LOCALDIAL_PORT=tcp://HOST:1."""
    if _NAME.fullmatch(name):
        return True
    return _PORT.fullmatch(name) is not None and _PORT_VALUE.fullmatch(value) is not None
