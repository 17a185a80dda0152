"""Lets failures outside the test modules show values, as those in them do."""

import pytest

pytest.register_assert_rewrite(
    "tests.scenarios.comparing",
    "tests.scenarios.live_world",
    "tests.scenarios.runner",
    "tests.scenarios.use_case_world",
    "tests.scenarios.world",
)
