"""Shift the clock by `CLOCK_SHIFT_SECONDS`. Python imports this module from PYTHONPATH at startup.

The server reads its clock with `time_ns`. gRPC compares `time` with the clock of its own library, which
stays.
"""

import os
import time

_SHIFT = int(os.environ["CLOCK_SHIFT_SECONDS"]) * 1_000_000_000

_time_ns = time.time_ns
time.time_ns = lambda: _time_ns() + _SHIFT
