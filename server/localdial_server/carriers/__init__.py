"""Carrier adapters: each implements the port in ``localdial_server.app.ports.carrier``."""
