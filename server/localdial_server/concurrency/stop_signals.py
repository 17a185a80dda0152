"""The signals that stop a process, or tell it to read its certificates again."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Sequence
from typing import Final

# A shell that ends sends SIGHUP a moment before its terminal is gone.
_TERMINAL_SECONDS: Final = 0.1


def stop_signals() -> Sequence[signal.Signals]:
    """Return the signals that stop a process without certificates: SIGTERM, SIGINT, SIGHUP unless ignored.

    SIGHUP comes when the terminal closes; `nohup` has it ignored.
    """
    signals = [signal.SIGTERM, signal.SIGINT]
    return [*signals, signal.SIGHUP] if _hears_hangups() else signals


def handle_signals(stop: Callable[[], None], reload: Callable[[], None]) -> None:
    """Call `stop` on SIGTERM and SIGINT, and when the terminal closes; call `reload` on any other SIGHUP.

    The functions run in the running event loop.
    """
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop)
    loop.add_signal_handler(signal.SIGINT, stop)
    if not _hears_hangups():
        return
    if not _has_terminal():
        loop.add_signal_handler(signal.SIGHUP, reload)
        return

    def stop_or_reload() -> None:
        (reload if _has_terminal() else stop)()

    loop.add_signal_handler(signal.SIGHUP, lambda: loop.call_later(_TERMINAL_SECONDS, stop_or_reload))


def _hears_hangups() -> bool:
    return signal.getsignal(signal.SIGHUP) != signal.SIG_IGN


def _has_terminal() -> bool:
    """Return whether the process has a terminal that may close, and that has not closed yet."""
    with contextlib.suppress(OSError):
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NONBLOCK))
        return True
    return False
