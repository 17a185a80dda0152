"""`localdial version`: print the version."""

from localdial_server.cli.command import local_command
from localdial_server.cli.installed_version import installed_version
from localdial_server.cli.output import Output


@local_command
def version(out: Output) -> None:
    """Print the version."""
    out.result({"version": installed_version()}, f"localdial {installed_version()}")
