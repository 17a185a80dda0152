"""The state of this process and of what it depends on, for GetStatus."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from importlib import metadata
from typing import TYPE_CHECKING, Final

from typing_extensions import override

from localdial_server.app.ports.carrier import Refused
from localdial_server.app.ports.server_state import (
    CertificateStatus,
    Component,
    ComponentState,
    ComponentStatus,
    ServerState,
)
from localdial_server.carriers.watched import WatchedCarriers

if TYPE_CHECKING:
    from localdial_server.runtime.storage import Storage
    from localdial_server.tls.server_certificates import ServerCertificates

_CERTIFICATE_WARNING: Final = timedelta(days=14)

_Seen = tuple[ComponentState, str]

_OK: Final[_Seen] = (ComponentState.OK, "")
_NO_DATABASE: Final = (
    "The database does not answer. Start it, or restore its connection; the log has the cause."
)
_NO_RECORDS: Final = (
    "Calls cannot be recorded, so none is resolved. Make room on the disk or restore the database; the log "
    "has the cause."
)
_NO_CARRIER: Final = (
    "The carrier did not answer the last request. Purchases and releases that are open are tried again; the "
    "log has the cause."
)
_DEGRADED: Final = (
    "Call-backs that allow it go to the organization number, because the last callers are not known until "
    "the database is back."
)
_KEPT_CERTIFICATE: Final = (
    "The new certificate cannot be used, so the server keeps the former one. The log has the cause."
)


class ProcessState(ServerState):
    """The state of this process. Call `observe` at intervals, so that changes have their times."""

    def __init__(
        self, storage: "Storage", carriers: WatchedCarriers, certificates: "ServerCertificates | None"
    ) -> None:
        self._storage = storage
        self._carriers = carriers
        self._certificates = certificates
        self._start_time = _now()
        self._version = _version()
        self._seen: dict[Component, ComponentStatus] = {}
        self._records_calls = self._routes_call_backs = True
        self._observe()

    @property
    @override
    def version(self) -> str:
        return self._version

    @property
    @override
    def start_time(self) -> int:
        return self._start_time

    def observe(self, *, records_calls: bool, routes_call_backs: bool) -> None:
        """Note the state of each component now.

        `records_calls`: outbound calls can be recorded. `routes_call_backs`: call-backs are routed by the
        rules.
        """
        self._records_calls, self._routes_call_backs = records_calls, routes_call_backs
        self._observe()

    @override
    def components(self) -> Sequence[ComponentStatus]:
        self._observe()
        return [self._seen[component] for component in Component]

    @override
    def certificates(self) -> Sequence[CertificateStatus]:
        if self._certificates is None:
            return []
        current = self._certificates.current
        return [CertificateStatus(current.names, int(current.expires.timestamp() * 1_000_000))]

    @override
    def spooled_calls(self) -> int:
        return self._storage.spooled_calls()

    @override
    def staleness(self) -> float | None:
        return self._storage.staleness()

    def _observe(self) -> None:
        for component, (state, detail) in {
            Component.DATABASE: self._database(),
            Component.CALL_LOG: self._call_log(),
            Component.CARRIER: self._carrier(),
            Component.CALL_BACKS: self._call_backs(),
            Component.CERTIFICATES: self._certificate(),
        }.items():
            before = self._seen.get(component)
            since = before.since_time if before is not None and before.state is state else _now()
            self._seen[component] = ComponentStatus(component, state, detail, since)

    def _database(self) -> _Seen:
        if self._storage.is_up():
            return _OK
        return ComponentState.FAILED, _NO_DATABASE

    def _call_log(self) -> _Seen:
        if not self._records_calls:
            return ComponentState.FAILED, _NO_RECORDS
        if self.spooled_calls():
            return ComponentState.WARNING, "Calls wait on the server's disk until the database is back."
        return _OK

    def _carrier(self) -> _Seen:
        last = self._carriers.last_requests
        if not last.is_known:
            return ComponentState.UNKNOWN, "The server has not asked the carrier anything since its start."
        if last.error is None:
            return _OK
        if isinstance(last.error, Refused):
            return ComponentState.FAILED, last.error.explanation
        return ComponentState.FAILED, _NO_CARRIER

    def _call_backs(self) -> _Seen:
        if not self._routes_call_backs:
            if self._storage.number_index.is_complete:
                return ComponentState.WARNING, _DEGRADED
            return ComponentState.FAILED, "Call-backs are not routed until the database is back."
        warning = next(filter(None, (one.callback_warning for one in self._carriers.all())), "")
        if warning:
            return ComponentState.WARNING, f"{warning[0].upper()}{warning[1:]}."
        return _OK

    def _certificate(self) -> _Seen:
        certificates = self._certificates
        if certificates is None:
            return ComponentState.UNKNOWN, "The server has no certificate."
        left = certificates.current.expires - datetime.now(UTC)
        if left < timedelta(0):
            return ComponentState.FAILED, "The certificate has expired. Renew it."
        if certificates.is_reload_failing:
            return ComponentState.WARNING, _KEPT_CERTIFICATE
        if left < _CERTIFICATE_WARNING:
            return ComponentState.WARNING, "The certificate expires soon. Renew it."
        return _OK


def _version() -> str:
    try:
        return metadata.version("localdial")
    except metadata.PackageNotFoundError:
        return "(not installed)"


def _now() -> int:
    return time.time_ns() // 1000
