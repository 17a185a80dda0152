"""Names for failures of our own code, so that an operator finds the cause of a response in the log."""

import logging
import uuid

from localdial_server.domain.errors import Reason, ServiceError
from localdial_server.observability.log_limit import LimitedLog


class InternalError(ServiceError, reason=Reason.INTERNAL):
    """An error in our own code. The log has its cause under `incident_id`."""

    def __init__(self, incident_id: str) -> None:
        super().__init__(
            f"internal error; the server's log has incident {incident_id}", incident_id=incident_id
        )


class Incidents:
    """Logs failures. Repeats that the limit on the log leaves out are part of the incident before them."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = LimitedLog(log)
        self._logged: dict[str, str] = {}

    def record(self, method: str, error: Exception) -> InternalError:
        """Log what failed in the method, and return the error that tells the caller where to look."""
        kind = f"{method} {type(error).__qualname__}"
        incident_id = str(uuid.uuid4())
        fields = {"method": method, "incident_id": incident_id}
        if self._log.exception("a handler failed", kind=kind, extra=fields, error=error):
            self._logged[kind] = incident_id
        return InternalError(self._logged[kind])
