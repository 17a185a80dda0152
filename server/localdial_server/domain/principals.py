"""Who calls: the principal that a credential stands for, and its role."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a principal may do. `rpc.access` has the methods of each role."""

    DIALER = "dialer"
    """Resolves caller IDs and routes call-backs of its organization."""
    VIEWER = "viewer"
    """Reads everything of its organization."""
    MANAGER = "manager"
    """Reads and changes the numbers, mappings and users of its organization."""
    GATEWAY = "gateway"
    """Routes call-backs of all organizations, for a PBX or the voice webhook."""
    ADMIN = "admin"
    """Calls every method for all organizations."""

    @property
    def has_organization(self) -> bool:
        """Whether a principal with this role belongs to one organization."""
        return self not in {Role.GATEWAY, Role.ADMIN}


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated caller.

    `name` identifies the credential in the log and the audit trail, without any secret. `organization_id` is
    None exactly if the role spans all organizations (`Role.has_organization`).
    """

    name: str
    role: Role
    organization_id: str | None = None

    def __post_init__(self) -> None:
        if self.role.has_organization != (self.organization_id is not None):
            raise ValueError(f"the role {self.role} with the organization {self.organization_id!r}")


ANONYMOUS = Principal("anonymous", Role.ADMIN)
"""The caller of a server that requires no credentials."""
