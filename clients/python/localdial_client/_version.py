"""The version of this package. The build reads it, and every call sends it to the server."""

__version__ = "0.1.0"
