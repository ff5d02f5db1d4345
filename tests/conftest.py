"""What holds for all tests, however they are started."""

import signal


def pytest_configure() -> None:
    """Undo what a shell does to commands in the background, whose children would ignore these signals too."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)
