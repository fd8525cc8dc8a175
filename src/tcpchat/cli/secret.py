"""What one is asked at the terminal, such as a password that is not shown, and kept in no history."""

import asyncio
from pathlib import Path

from tcpchat.cli import places

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


def history_file() -> Path:
    """Where what was typed is kept: only its owner can read it."""
    return places.state() / "history"
