"""The conformance suite of the stores: every promise of `app/ports/store.py` is a test.

A store is tested by a subclass with a `backend` fixture; see `test_stores`. A store that
several servers may share is tested by `SharedStoreSuite` as well.
"""

from tests.conformance.api_keys_suite import ApiKeysSuite
from tests.conformance.audit_suite import AuditSuite
from tests.conformance.call_backs_suite import CallBacksSuite
from tests.conformance.call_counts_suite import CallCountsSuite
from tests.conformance.call_log_suite import CallLogSuite
from tests.conformance.inbound_calls_suite import InboundCallsSuite
from tests.conformance.number_index_suite import NumberIndexSuite
from tests.conformance.snapshots_suite import SnapshotsSuite
from tests.conformance.store_lists_suite import StoreListsSuite
from tests.conformance.store_numbers_suite import StoreNumbersSuite
from tests.conformance.store_text_suite import StoreTextSuite
from tests.conformance.store_transactions_suite import StoreTransactionsSuite


class StoreSuite(
    StoreTransactionsSuite,
    StoreNumbersSuite,
    StoreListsSuite,
    StoreTextSuite,
    ApiKeysSuite,
    AuditSuite,
    CallLogSuite,
    CallCountsSuite,
    CallBacksSuite,
    InboundCallsSuite,
    SnapshotsSuite,
    NumberIndexSuite,
):
    """All suites of every store."""
