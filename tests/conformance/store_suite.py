"""The conformance suite of the stores: every promise of ``app/store.py`` is a test.

A store joins by a subclass with a fixture ``backend``; see ``test_stores``. One
that several servers may share joins ``SharedStoreSuite`` as well.
"""

from tests.conformance.call_log_suite import CallLogSuite
from tests.conformance.snapshots_suite import SnapshotsSuite
from tests.conformance.store_lists_suite import StoreListsSuite
from tests.conformance.store_numbers_suite import StoreNumbersSuite
from tests.conformance.store_text_suite import StoreTextSuite
from tests.conformance.store_transactions_suite import StoreTransactionsSuite


class StoreSuite(
    StoreTransactionsSuite, StoreNumbersSuite, StoreListsSuite, StoreTextSuite, CallLogSuite, SnapshotsSuite
):
    """Every store, all of it."""
