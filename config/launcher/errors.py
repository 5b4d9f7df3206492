class LauncherError(Exception):
    """We can't go on. The message is one line that says what to do; it is shown without a traceback."""


class ProcessDied(LauncherError):
    """A process of ours ended when it should not have. The message holds its last lines."""
