"""What large requests that are refused do to the memory of the server."""

import time

from tests.drills.attacks.scene import Report
from tests.drills.attacks.server import ServerUnderTest, Watch
from tests.drills.attacks.sizes import largest_requests, send

MOST_MB = 100

# Less than the largest take if they stay in memory. The first ones leave some memory with the
# server for its next calls.
KEPT_MB = 40


def test_forty_of_the_largest_requests_take_little_memory_and_give_it_back() -> None:
    with ServerUnderTest() as server:
        after = []
        for _ in range(2):
            for path, data in largest_requests():
                report = Report()
                with Watch(server) as use:
                    send(server.address, path, data, report)
                    time.sleep(0.5)
                assert set(report.statuses) <= {"INVALID_ARGUMENT", "RESOURCE_EXHAUSTED"}
                assert use.mb_most - use.mb_before < MOST_MB
            after.append(server.resident_mb())
        assert after[1] - after[0] < KEPT_MB
