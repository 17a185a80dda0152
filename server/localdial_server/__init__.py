"""localdial: show callees a number with their own area code, and route their call-backs."""

import os

# gRPC writes a log of its own to stderr, and callers can make it write. It is off unless asked for, and gRPC
# reads the setting when it is imported.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
