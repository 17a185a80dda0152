"""The signals that stop a process."""

import signal
from collections.abc import Sequence


def stop_signals() -> Sequence[signal.Signals]:
    """Return the signals that a process stops on: SIGTERM, SIGINT, and SIGHUP unless it is ignored.

    SIGHUP comes when the terminal closes; `nohup` has it ignored.
    """
    signals = [signal.SIGTERM, signal.SIGINT]
    return signals if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN else [*signals, signal.SIGHUP]
