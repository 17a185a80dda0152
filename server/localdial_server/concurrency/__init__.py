"""Threads for blocking work, so that the event loop never blocks, and the signals that stop a process."""
