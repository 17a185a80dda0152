"""The settings of a server: one typed object, read once when it starts."""
