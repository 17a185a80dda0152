"""Server processes: how their parts are built, and how they start, run and stop."""
