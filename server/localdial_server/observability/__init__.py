"""Logs and metrics, for the operators of a running server."""
