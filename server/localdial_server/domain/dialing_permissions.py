"""Which numbers an organization may show and dial: the protection against toll fraud.

A fraudster with the credentials of a manager sets a work phone to a number that earns money with every
call, and calls in. So costly numbers and, where the operator lists countries, those of other countries are
refused when they are set, and skipped when a call-back is routed. The operator decides, in the settings
of the server, because the credentials of a manager must not be enough to change it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from localdial_server.domain import international
from localdial_server.domain.area_codes import area_code_of
from localdial_server.domain.costly_numbers import CostlyKind, costly_kind
from localdial_server.domain.nanp import AREAS
from localdial_server.domain.possible_numbers import country_code_of

_NAMES: Final[Mapping[CostlyKind, str]] = {
    CostlyKind.PREMIUM_RATE: "premium-rate number",
    CostlyKind.SATELLITE: "number of a satellite or international network",
    CostlyKind.PERSONAL: "personal (follow-me) number",
    CostlyKind.PAGER: "pager number",
}


class Objection(NamedTuple):
    """Why a number may not be used."""

    cause: str
    """A `CostlyKind`, or `country`."""
    requirement: str
    """What a number must be instead, and what to do, as the rest of a sentence about a field."""


@dataclass(frozen=True, slots=True)
class DialingPermission:
    """The numbers that one organization may show and dial.

    `kinds` are the costly kinds that it may use. `countries` (ISO 3166-1 alpha-2) are those whose numbers it
    may dial; empty for all. Countries that share a country code count as one, except those of country code
    1. Toll-free numbers of country code 1 belong to all its countries, and international services such as
    +800 to none, so that only their kind counts.
    """

    kinds: frozenset[CostlyKind] = frozenset()
    countries: frozenset[str] = frozenset()
    _country_codes: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        codes = frozenset(map(international.country_code_of, self.countries))
        object.__setattr__(self, "_country_codes", codes)

    def against_showing(self, number: str) -> Objection | None:
        """Return why a possible number may not be a caller ID, None if it may."""
        kind = costly_kind(number)
        if kind is None or kind in self.kinds:
            return None
        return Objection(
            kind.value,
            f"must not be a {_NAMES[kind]}, because calls to it cost more; use a landline, a mobile or a "
            f"toll-free number, or ask the server's operator to add {kind.value} to the organization's "
            "allowed_number_kinds (LOCALDIAL_ORGANIZATION_LIMITS)",
        )

    def against_dialing(self, number: str) -> Objection | None:
        """Return why a possible number may not be the destination of a call, None if it may."""
        objection = self.against_showing(number)
        if objection is not None or not self.countries:
            return objection
        foreign = self._foreign_country(number)
        if foreign is None:
            return None
        return Objection(
            "country",
            f"must be in a country that the organization may call, and {foreign} is not one; use another "
            "number, or ask the server's operator to add the country to LOCALDIAL_DESTINATION_COUNTRIES, or "
            "to the organization's destination_countries (LOCALDIAL_ORGANIZATION_LIMITS)",
        )

    def _foreign_country(self, number: str) -> str | None:
        """Return the country of a number outside `countries`, such as `JM` or `+44`; None inside."""
        code = country_code_of(number)
        if code == "1" and (area := AREAS.get(area_code_of(number) or "")) is not None:
            return None if area.country in self.countries else area.country
        if code is None or code in self._country_codes:
            return None
        return f"+{code}" if international.country_of_prefix(f"+{code}") is not None else None


@dataclass(frozen=True, slots=True)
class DialingPermissions:
    """The permission of every organization: its own, or else the default."""

    default: DialingPermission = DialingPermission()
    own: Mapping[str, DialingPermission] = field(default_factory=dict)

    def of(self, organization_id: str) -> DialingPermission:
        """Return the organization's permission."""
        return self.own.get(organization_id, self.default)
