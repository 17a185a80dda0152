"""Routing snapshots in memory, and how they stay true."""
