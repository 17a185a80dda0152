"""The names that gRPC's health service has for call-backs, besides the services' own."""

from typing import Final

CALL_BACKS: Final = "localdial.v1.CallRouting.RouteInboundCall"
"""SERVING while call-backs are routed by the rules, from the database."""

DEGRADED_CALL_BACKS: Final = f"{CALL_BACKS}.allow_degraded"
"""SERVING while call-backs that may be degraded are answered, by the rules or from memory."""
