"""ChanServ: rooms that belong to an account."""

from collections.abc import Callable, Generator, Iterator
from datetime import UTC, datetime

from tcpchat.model import commands, names, replies
from tcpchat.wire.dialect import Request
from tcpchat.wire.irc.message import Message
from tcpchat.wire.irc.topic import Context, Tables, asked, keep_answer, keep_refusal
from tcpchat.wire.irc.writing import line, word

CHANSERV = "ChanServ"
CHANSERV_FOLDED = names.fold(CHANSERV)


def read_services(context: Context, message: Message) -> Iterator[Request | bytes]:
    """CHANSERV <command> [<parameters>]: HELP lists the commands"""
    words = " ".join(message.params).split()
    verb = words[0].upper() if words else "HELP"
    if verb not in _SERVICES:
        yield serve(context, f"There is no {word(verb)[:40]} here. HELP lists what there is.")
    elif len(words) <= _WORDS.get(verb, 0):
        usage = next((usage for usage in _USAGE if usage.startswith(verb)), f"{verb} <room> [<nick>]")
        yield serve(context, f"How to use it: {usage}")
    else:
        yield from _SERVICES[verb](context, words[1:])


def serve(context: Context, text: str) -> bytes:
    """What ChanServ says."""
    return line(f":{CHANSERV}!{CHANSERV}@{context.server}", "NOTICE", context.me or "*", last=text)


def _help(context: Context, words: list[str]) -> Iterator[Request | bytes]:
    yield serve(context, "ChanServ looks after rooms that belong to an account. It understands:")
    for usage, about in _USAGE.items():
        yield serve(context, f"{usage}: {about}")


def _register(context: Context, words: list[str]) -> Iterator[Request | bytes]:
    yield from _done(context, commands.RegisterRoom(room=words[0]), f"{words[0]} is registered to your account.")


def _drop(context: Context, words: list[str]) -> Iterator[Request | bytes]:
    yield from _done(context, commands.DropRoom(room=words[0]), f"{words[0]} is not registered any more.")


def _transfer(context: Context, words: list[str]) -> Iterator[Request | bytes]:
    wish = commands.TransferRoom(room=words[0], account=words[1])
    yield from _done(context, wish, f"{words[0]} belongs to {words[1]} now.")


def _info(context: Context, words: list[str]) -> Iterator[Request | bytes]:
    reply = yield from _ask(context, commands.ShowRoom(room=words[0]))
    if isinstance(reply, replies.RoomReply):
        since = datetime.fromtimestamp(reply.created // 1_000, UTC)
        yield serve(context, f"Room: {reply.room}")
        yield serve(context, f"Founder: {reply.founder}")
        yield serve(context, f"Created: {since:%Y-%m-%d %H:%M:%S} UTC")
        for account, letters in reply.ranks.items():
            yield serve(context, f"{account}: +{letters}")


def _change(sign: str, mode: str) -> Callable[[Context, list[str]], Iterator[Request | bytes]]:
    def change(context: Context, words: list[str]) -> Iterator[Request | bytes]:
        nick = words[1] if len(words) > 1 else context.me
        change = commands.ModeChange("+" if sign == "+" else "-", mode, nick)
        changed = yield from _ask(context, commands.SetModes(room=words[0], changes=[change]))
        if isinstance(changed, replies.Changed):
            for problem in changed.problems:
                yield serve(context, problem.text)

    return change


def _done(context: Context, wish: commands.Command, text: str) -> Iterator[Request | bytes]:
    if isinstance((yield from _ask(context, wish)), replies.Done):
        yield serve(context, text)


def _ask(context: Context, wish: commands.Command) -> Generator[Request | bytes, None, object]:
    """Ask for something, and see what comes of it; a refusal is told in its own words."""
    answer = yield from asked(context, wish, Message("CHANSERV"))
    if isinstance(answer, replies.Refused):
        yield serve(context, answer.text)
    return answer


_USAGE = {
    "REGISTER <room>": "have a room, of which you are an operator, as your account's own",
    "INFO <room>": "whose it is, and since when",
    "TRANSFER <room> <account>": "give it to another account",
    "DROP <room>": "give it up",
    "OP <room> [<nick>]": "make somebody an operator; DEOP, VOICE and DEVOICE are like it",
    "HELP": "this list",
}

_WORDS = {"REGISTER": 1, "INFO": 1, "TRANSFER": 2, "DROP": 1, "OP": 1, "DEOP": 1, "VOICE": 1, "DEVOICE": 1}
"""How many words must follow."""

_SERVICES: dict[str, Callable[[Context, list[str]], Iterator[Request | bytes]]] = {
    "HELP": _help,
    "REGISTER": _register,
    "INFO": _info,
    "TRANSFER": _transfer,
    "DROP": _drop,
    "OP": _change("+", "o"),
    "DEOP": _change("-", "o"),
    "VOICE": _change("+", "v"),
    "DEVOICE": _change("-", "v"),
}

TABLES = Tables(
    readers={"CHANSERV": read_services, "CS": read_services},
    answers={
        ("CHANSERV", replies.Done): keep_answer,
        ("CHANSERV", replies.RoomReply): keep_answer,
        ("CHANSERV", replies.Changed): keep_answer,
    },
    refused={"CHANSERV": keep_refusal},
)
