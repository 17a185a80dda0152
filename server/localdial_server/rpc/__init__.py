"""The gRPC surface: decode, call a use case, encode."""
