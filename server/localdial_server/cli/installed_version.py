"""The version of the installed package."""

from importlib import metadata


def installed_version() -> str:
    """Return the version, or a remark in its place if the package is not installed."""
    try:
        return metadata.version("localdial")
    except metadata.PackageNotFoundError:
        return "(not installed)"
