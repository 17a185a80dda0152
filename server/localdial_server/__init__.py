"""localdial: show callees a number with their own area code, and route their call-backs."""
