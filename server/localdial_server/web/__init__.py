"""The HTTP side of the server: the voice webhook."""
