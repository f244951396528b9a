"""What stops the embedded servers from starting."""


class EmbeddedServersError(Exception):
    """The embedded servers cannot be used; the message is one line for the terminal and says what to do."""
