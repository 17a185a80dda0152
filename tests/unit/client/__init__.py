"""Tests of the Python client, against a gRPC server whose answers each test sets."""
