"""The version of this package, in one place: the build reads it, and every call tells it to the server."""

__version__ = "0.1.0"
