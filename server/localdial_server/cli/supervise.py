"""The program that `localdial serve` becomes if there are several workers."""

import sys

from localdial_server.cli.exit_codes import CliError, ExitCode
from localdial_server.runtime import supervision
from localdial_server.settings.errors import StartError


def main() -> None:
    """Supervise the workers that the environment describes, and exit."""
    handed_over = supervision.Supervision.received()
    try:
        supervision.run(handed_over)
    except KeyboardInterrupt:
        # Ctrl-C came before the supervisor handles signals.
        sys.exit(ExitCode.ERROR)
    except StartError as error:
        from localdial_server.cli.output import Output  # noqa: PLC0415 - loads gRPC

        Output(as_json=handed_over.as_json).error(CliError(str(error), ExitCode.ERROR))
        sys.exit(ExitCode.ERROR)


if __name__ == "__main__":
    main()
