"""The state of this server process and of what it depends on."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol


class Component(Enum):
    """A part that the server depends on."""

    DATABASE = "database"
    CALL_LOG = "call_log"
    CARRIER = "carrier"
    CALL_BACKS = "call_backs"
    CERTIFICATES = "certificates"


class ComponentState(Enum):
    """How well a component works."""

    OK = "ok"
    WARNING = "warning"
    """It works, and needs attention."""
    FAILED = "failed"
    UNKNOWN = "unknown"
    """Nothing is known of it yet, or it is not used."""


@dataclass(frozen=True, slots=True)
class ComponentStatus:
    """The state of a component, what to do about it, and since when the server has seen it.

    `detail` is in whole sentences for people, without addresses and paths; empty if it works.
    """

    component: Component
    state: ComponentState
    detail: str
    since_time: int


@dataclass(frozen=True, slots=True)
class CertificateStatus:
    """The names of a certificate, and when it expires."""

    names: Sequence[str]
    expire_time: int


class ServerState(Protocol):
    """What the server knows of itself. Times are microseconds since the epoch."""

    @property
    def version(self) -> str:
        """The version of the server, such as `0.1.0`."""

    @property
    def start_time(self) -> int:
        """When the process was started."""

    def components(self) -> Sequence[ComponentStatus]:
        """Return the state of each component, as last seen."""

    def certificates(self) -> Sequence[CertificateStatus]:
        """Return the certificates of the server; none without TLS."""

    def spooled_calls(self) -> int:
        """Return how many calls wait on the disk of this process until the database is back."""

    def staleness(self) -> float | None:
        """Return how old in seconds a change can be that this process has not seen; None if not known."""
