"""How what is typed may go on, and what a command does."""

from tcpchat.cli.commands import COMMANDS, usage
from tcpchat.cli.screen.composer import Candidate
from tcpchat.client.view import View
from tcpchat.model import names
from tcpchat.model.text import showable


def candidates(view: View, before: str) -> list[Candidate]:
    """Commands at the start of a line; the names of rooms; and people, those who spoke last first."""
    word = before.rpartition(" ")[2].rpartition("\n")[2]
    if not word:
        return []
    found = _of(view, word, first=word == before)
    return [one for one in found if names.fold(one.text).startswith(names.fold(word))]


def help_of(line: str) -> str:
    """``/msg NAME TEXT: tell one person something``, or all commands that begin so; empty if it is none."""
    word = line.partition(" ")[0]
    if not word.startswith("/") or word.startswith("//"):
        return ""
    name = word[1:].lower()
    if name in COMMANDS:
        return described(name)
    return "  ".join(f"/{one}" for one in COMMANDS if one.startswith(name)) if word == line else ""


def described(name: str) -> str:
    """``/msg NAME TEXT: tell one person something``"""
    return f"{usage(name)}: {COMMANDS[name].help}"


def _of(view: View, word: str, *, first: bool) -> list[Candidate]:
    if first and word.startswith("/"):
        return [Candidate(f"/{name} ", described(name)) for name in COMMANDS]
    if names.is_room(word):
        return sorted(Candidate(f"{showable(one.name)} ") for one in view if one.is_room)
    end = ": " if first else " "
    here = view.current
    return [
        Candidate(f"{showable(one)}{end}") for one in (here.speakers() if here is not None else ()) if one != view.me
    ]
