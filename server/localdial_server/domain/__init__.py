"""The rules as pure functions of plain values: no I/O, no gRPC, no SQL."""
