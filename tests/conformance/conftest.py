"""Lets failures in the suites show values, as those in test modules do."""

import pytest

pytest.register_assert_rewrite(
    "tests.conformance.carrier_account",
    "tests.conformance.carrier_mishap_suite",
    "tests.conformance.carrier_suite",
)
