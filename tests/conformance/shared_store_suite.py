"""The conformance suite of the stores that several servers may share.

Such a store is tested by it and by `StoreSuite`; see `test_stores`.
"""

from tests.conformance.audit_suite import SharedAuditSuite
from tests.conformance.call_counts_suite import SharedCallCountsSuite
from tests.conformance.shared_changes_suite import SharedChangesSuite
from tests.conformance.shared_reads_suite import SharedReadsSuite


class SharedStoreSuite(SharedChangesSuite, SharedReadsSuite, SharedAuditSuite, SharedCallCountsSuite):
    """All suites of the stores that several servers may share."""
