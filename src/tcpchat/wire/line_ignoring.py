"""What people with nc type to hear no more of somebody."""

from collections.abc import Iterator
from typing import Protocol

from tcpchat.model import commands, names, replies
from tcpchat.wire.dialect import Request
from tcpchat.wire.ignoring import Ignored, described, too_many
from tcpchat.wire.told import text_lines


class Hearer(Protocol):
    """Whoever types it."""

    me: str
    ignored: Ignored
    asked: replies.WhoisReply | None
    """What was answered to the question who somebody is."""


def read_ignore(hearer: Hearer, argument: str) -> Iterator[Request | bytes]:
    """/ignore [NAME]"""
    if not argument:
        yield text_lines(f"-- {described(hearer.ignored)}")
    elif names.fold(argument) == names.fold(hearer.me):
        yield text_lines("-- That is you.")
    elif hearer.ignored.full:
        yield text_lines(f"-- {too_many(hearer.ignored)}")
    else:
        yield from _ignore(hearer, argument)


def _ignore(hearer: Hearer, nick: str) -> Iterator[Request | bytes]:
    hearer.asked = None
    yield Request(commands.Whois(nick=nick), label=read_ignore)
    found, hearer.asked = hearer.asked, None
    if found is not None:
        hearer.ignored.add(found.person.nick, found.person.account)
        yield text_lines(f"-- You do not hear {found.person.nick} any more. /unignore {found.person.nick} ends it.")


def read_unignore(hearer: Hearer, argument: str) -> Iterator[Request | bytes]:
    """/unignore NAME"""
    if hearer.ignored.remove(argument):
        yield text_lines(f"-- You hear {argument} again.")
    else:
        yield text_lines(f"-- You do not ignore {argument}.")
