"""Threads for blocking work, so that the event loop never blocks."""
