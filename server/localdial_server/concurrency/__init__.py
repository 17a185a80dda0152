"""Threads for what blocks, so that the event loop never does."""
