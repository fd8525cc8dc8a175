"""What keeps a program from starting, or from going on, said so that the reader knows what to do."""

import os

EX_USAGE = 64
EX_DATAERR = 65
EX_NOHOST = 68
EX_UNAVAILABLE = 69
EX_SOFTWARE = 70
EX_OSERR = 71
EX_CANTCREAT = 73
EX_IOERR = 74
EX_TEMPFAIL = 75
EX_PROTOCOL = 76
EX_NOPERM = 77
EX_CONFIG = 78
"""The exit codes of sysexits.h, which `os` has on POSIX only."""


class CannotStart(Exception):
    """The way to go on is in the text; `exit_code` is for scripts."""

    def __init__(self, text: str, exit_code: int) -> None:
        super().__init__(text)
        self.exit_code = exit_code


class LogFailed(Exception):
    """The disk failed under the log: nobody can know what is on it before it is opened anew."""


def in_words(error: OSError) -> str:
    """The system's own words for an error, without its number and file name."""
    return (error.strerror or (os.strerror(error.errno) if error.errno else str(error))).lower()
