"""localdial: local presence caller IDs, and call-backs that reach who called."""
