"""What one is asked at the terminal, such as a password that is not shown, and kept in no history."""

import asyncio
import os
from pathlib import Path

from prompt_toolkit.history import FileHistory, History, InMemoryHistory

SECRET = ("/register", "/login", "/password", "/drop")
"""Commands that one might type a password behind."""


class Question:
    """What is typed next is the answer to it; if it is `hidden`, only whoever asks sees it."""

    def __init__(self) -> None:
        self.text = ""
        self.hidden = False
        self._answer: asyncio.Future[str] | None = None

    @property
    def wanted(self) -> bool:
        """Whether what is typed now is the answer."""
        return self._answer is not None

    async def ask(self, text: str, *, hidden: bool) -> str:
        """What is typed; empty if nothing is, or Ctrl-C."""
        self.text, self.hidden, self._answer = text, hidden, asyncio.get_running_loop().create_future()
        try:
            return await self._answer
        finally:
            self._answer = None

    def answer(self, typed: str) -> None:
        """It was typed."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(typed)


def may_be_kept(typed: str) -> bool:
    """Whether a line has surely no password in it."""
    return not typed.lstrip().lower().startswith(SECRET)


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
    from platformdirs import user_state_path

    try:
        file: Path = user_state_path("tcpchat", appauthor=False) / "history"
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
        file.chmod(0o600)
    except OSError:
        return ForgottenHistory(question)
    return KeptHistory(file, question)
