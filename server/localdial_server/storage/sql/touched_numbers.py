"""What a transaction touched of an organization's snapshot: numbers only, or more."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from localdial_server.domain.routing_snapshot import NumberChanges
from localdial_server.storage.sql.reader import SqlReader

# Reading more numbers within the transaction would delay other writes for longer than a load takes
# outside of it.
_MOST_NUMBERS = 20


class TouchedNumbers:
    """Collects what one transaction touches, for `NumberChanges`."""

    def __init__(self) -> None:
        self._numbers: defaultdict[str, set[str]] = defaultdict(set)
        self._touched_more: set[str] = set()
        self._since: dict[str, int] = {}

    def add_numbers(self, organization_id: str, phone_numbers: Sequence[str]) -> None:
        """Note that the numbers or their mappings changed."""
        self._numbers[organization_id].update(phone_numbers)

    def add_more(self, organization_id: str) -> None:
        """Note that the organization itself or its users changed."""
        self._touched_more.add(organization_id)

    def bumped(self, organization_id: str, revision: int) -> None:
        """Note that the organization's revision was bumped to this one."""
        self._since.setdefault(organization_id, revision - 1)

    def changes(self, reader: SqlReader) -> Mapping[str, NumberChanges]:
        """Return the changes of each organization of which nothing but a few numbers was touched.

        Call this at the end of the transaction, with its reader. An organization whose revision was only
        read is left out: what its snapshot lacks was committed by others.
        """
        changes = {}
        for organization_id, since in self._since.items():
            touched = self._numbers[organization_id]
            if organization_id not in self._touched_more and len(touched) <= _MOST_NUMBERS:
                left = reader.numbers_by_phone_number(organization_id, list(touched))
                changes[organization_id] = NumberChanges(since, {each: left.get(each) for each in touched})
        return changes
