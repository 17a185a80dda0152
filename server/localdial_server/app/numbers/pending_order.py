"""Numbers whose fate at the carrier is not known yet.

An intent is a PURCHASING row. It claims the number, so that nobody else here can
buy, import or release it meanwhile, and it tells after a crash what to look up.
"""

import uuid
from collections.abc import Callable
from dataclasses import replace

from localdial_server.app.ports.carrier import OwnedNumber
from localdial_server.app.ports.store import Store, Transaction
from localdial_server.domain.model import Number, NumberState

# Begins the reference of an order, and that of an intent to import, for which no order
# is placed.
_ORDER = "localdial-"
_IMPORT = "import-"


def new_order_reference() -> str:
    """Make a reference for an order."""
    return f"{_ORDER}{uuid.uuid4()}"


def new_import_reference() -> str:
    """Make a reference for an intent to import a number."""
    return f"{_IMPORT}{uuid.uuid4()}"


def is_ours(reference: str) -> bool:
    """Whether a number with this reference was tagged by localdial."""
    return reference.startswith((_ORDER, _IMPORT))


def is_import(intent: Number) -> bool:
    """Whether the number is to be imported, not bought: the carrier has it already."""
    return intent.state is NumberState.PURCHASING and intent.reference.startswith(_IMPORT)


def open_intent(transaction: Transaction, intent: Number) -> bool:
    """Claim the number and store the intent; False if it has another owner or a row."""
    organization_id, phone_number = intent.organization_id, intent.phone_number
    if transaction.number(organization_id, phone_number) is not None:
        return False
    if not transaction.claim(phone_number, organization_id):
        return False
    transaction.add_number(intent)
    if not is_import(intent):
        transaction.add_purchase(intent)
    return True


class Intents:
    """Ends intents, each once, however many look after it at the same time."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def adopt(
        self,
        intent: Number,
        owned: OwnedNumber,
        also: Callable[[Transaction, Number], None] = lambda _transaction, _number: None,
    ) -> Number | None:
        """Commit that the number is the organization's; None if the intent is gone.

        An intent that was adopted already is answered as the number now stands.
        ``also`` is run with the number in the transaction that adopts it.
        """

        def work(transaction: Transaction) -> Number | None:
            known = _find(transaction, intent)
            if known is None or known.state is not NumberState.PURCHASING:
                return known
            number = replace(
                known,
                state=NumberState.ACTIVE,
                reference=owned.reference,
                carrier_number_id=owned.carrier_number_id,
                locality=owned.locality,
                region=owned.region,
            )
            transaction.update_number(number)
            transaction.bump_revision(number.organization_id)
            also(transaction, number)
            return number

        return await self._store.write("order.adopt", work, serialize_on=intent.organization_id)

    async def drop(self, intent: Number) -> None:
        """Commit that nothing came of the intent, unless it was adopted or touched since."""

        def work(transaction: Transaction) -> None:
            known = _find(transaction, intent)
            is_as_looked_up = known is not None and known.purchase_time == intent.purchase_time
            if known is not None and is_as_looked_up and known.state is NumberState.PURCHASING:
                transaction.delete_number(known.organization_id, known.phone_number)
                transaction.delete_purchase(known.organization_id, known.reference)
                transaction.disclaim(known.phone_number, known.organization_id)

        await self._store.write("order.drop", work)

    async def touch(self, intent: Number, now: int) -> Number:
        """Commit that the carrier was busy with the order until now."""

        def work(transaction: Transaction) -> Number:
            known = _find(transaction, intent)
            if known is None or known.state is not NumberState.PURCHASING:
                return intent
            touched = replace(known, purchase_time=now)
            transaction.update_number(touched)
            return touched

        return await self._store.write("order.touch", work)


def _find(transaction: Transaction, intent: Number) -> Number | None:
    """Find the row of the intent: another intent for the number is not it."""
    known = transaction.number(intent.organization_id, intent.phone_number)
    return known if known is not None and known.reference == intent.reference else None
