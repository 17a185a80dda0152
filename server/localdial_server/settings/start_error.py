"""What keeps a server from starting."""


class StartError(Exception):
    """The server cannot start; the text is one line that says what to do."""
