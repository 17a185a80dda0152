"""The caller of the change that runs, for the audit trail.

`rpc.handlers` sets it before the use case runs, so use cases need not pass it on.
"""

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from localdial_server.domain.audit import LONGEST_PRINCIPAL, SYSTEM
from localdial_server.domain.principals import Principal, Role


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asked for a change: the principal, the address it calls from, and the request."""

    principal: Principal
    address: str
    """The address that the call came from, such as `192.0.2.1:50312`."""
    method: str
    """The RPC, such as `Directory.SetUser`."""
    request_id: str
    """Empty if the request has none."""


COMMAND_LINE: Final = Caller(Principal("cli", Role.ADMIN), address="", method="", request_id="")
"""The caller of changes that a command makes in the database itself."""

CURRENT_CALLER: Final[ContextVar[Caller | None]] = ContextVar("localdial_current_caller", default=None)
"""None in background work, such as the sweep."""


def principal_of(caller: Caller | None) -> str:
    """Return the caller as the record of changes names it, and the server itself for None."""
    return caller.principal.name[:LONGEST_PRINCIPAL] if caller is not None else SYSTEM
