"""Errors of the launcher."""


class LauncherError(Exception):
    """The target can't continue. The message says in one line what to do; it is shown without a traceback."""


class ProcessDied(LauncherError):
    """A supervised process ended when it should not have. The message contains its last log lines."""
