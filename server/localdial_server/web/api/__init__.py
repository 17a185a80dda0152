"""The RPCs over HTTP: the Connect protocol (JSON and binary) and gRPC-Web."""
