"""The settings of a server: one typed object, read once at the start."""
