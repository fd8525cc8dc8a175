"""The Tab key completes what is typed."""

from collections.abc import Iterator

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from tcpchat.cli.commands import COMMANDS
from tcpchat.cli.talk import Talk
from tcpchat.model import names
from tcpchat.model.text import showable


class Tab(Completer):
    """Commands at the start of a line, and the names of rooms and people."""

    def __init__(self, talk: Talk | None) -> None:
        self._talk = talk

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        """See `Completer`."""
        line = document.text_before_cursor
        word = line.rpartition(" ")[2]
        for candidate in self._candidates(word, first=word == line) if word else ():
            if names.fold(candidate).startswith(names.fold(word)):
                yield Completion(candidate, -len(word), display=candidate.strip())

    def _candidates(self, word: str, *, first: bool) -> list[str]:
        talk = self._talk
        if talk is None:
            return []
        if first and word.startswith("/"):
            return [f"/{name} " for name in COMMANDS]
        if names.is_room(word):
            return sorted(f"{showable(one.name)} " for one in talk.view if one.is_room)
        end = ": " if first else " "
        here = talk.view.current
        return [f"{showable(one)}{end}" for one in (here.speakers() if here is not None else ()) if one != talk.me]
