"""What is an answer to what: a server may be of another version, or none of ours."""

from typing import Any

from tcpchat.model import commands, events, replies

MOST_TIME = 253_402_214_400_000
"""The end of the year 9999, in milliseconds since 1970: what is later can be written by no clock."""


def fits(command: commands.Command, reply: replies.Reply) -> bool:
    """Whether a request can be answered so."""
    return isinstance(reply, _ANSWERS.get(type(command), replies.Reply))


def check(what: events.Event | replies.Reply) -> None:
    """Look at what no type says.

    :raises ValueError: if it tells of a time that there is not.
    """
    for one in (what, *getattr(what, "events", ())):
        if not 0 <= getattr(one, "time", 0) <= MOST_TIME:
            raise ValueError("That is no time")


_ANSWERS: dict[type[Any], type[replies.Reply]] = {
    commands.Join: replies.Seated,
    commands.Say: replies.Stored,
    commands.Tell: replies.Stored,
    commands.History: replies.Page,
    commands.Search: replies.Found,
    commands.ListRooms: replies.Rooms,
    commands.Whois: replies.WhoisReply,
}
"""Of what is looked at more closely than to be shown."""
