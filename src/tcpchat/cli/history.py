"""What was typed, kept for the arrow up: over restarts, and without what may be a password."""

import os
from pathlib import Path

from prompt_toolkit.history import FileHistory, History, InMemoryHistory

from tcpchat.cli.secret import Question, history_file, may_be_kept


class KeptHistory(FileHistory):
    """What was typed, over restarts. A file that cannot be written is no reason to stop typing."""

    def __init__(self, file: Path, question: Question) -> None:
        super().__init__(str(file))
        self._question = question

    def append_string(self, string: str) -> None:
        """See `FileHistory`."""
        if may_be_kept(string) and not self._question.wanted:
            super().append_string(string)

    def store_string(self, string: str) -> None:
        """See `FileHistory`."""
        try:
            super().store_string(string)
        except OSError:
            return


class ForgottenHistory(InMemoryHistory):
    """What was typed, while this runs."""

    def __init__(self, question: Question) -> None:
        super().__init__()
        self._question = question

    def append_string(self, string: str) -> None:
        """See `InMemoryHistory`."""
        if may_be_kept(string) and not self._question.wanted:
            super().append_string(string)


def history(question: Question) -> History:
    """In a file that only its owner can read, if there can be one."""
    try:
        file = history_file()
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
        file.chmod(0o600)
    except OSError:
        return ForgottenHistory(question)
    return KeptHistory(file, question)
