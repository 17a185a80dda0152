"""The command-line arguments of the drills."""

import argparse


def argument_parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser that shows the description, a module's docstring, with its line breaks."""
    return argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
