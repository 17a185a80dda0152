"""Tests of the Python client, against a gRPC server that answers what each test tells it to."""
