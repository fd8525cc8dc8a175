"""MODE: what holds in a room, who may do what in it, and what one is oneself."""

from collections.abc import Iterator

from tcpchat.model import commands, events, names, replies
from tcpchat.model.commands import ModeChange
from tcpchat.wire.dialect import Request
from tcpchat.wire.irc import numerics
from tcpchat.wire.irc.message import Message
from tcpchat.wire.irc.topic import Context, Tables, message_of, param
from tcpchat.wire.irc.writing import Form, line, room_in_line, word

LISTS = {
    "b": (numerics.RPL_BANLIST, numerics.RPL_ENDOFBANLIST, "End of channel ban list"),
    "e": (numerics.RPL_EXCEPTLIST, numerics.RPL_ENDOFEXCEPTLIST, "End of channel exception list"),
    "I": (numerics.RPL_INVEXLIST, numerics.RPL_ENDOFINVEXLIST, "End of channel invite exception list"),
}
"""Modes that are lists, and how they are told."""

ALWAYS = frozenset("bekIov")
"""Modes that have a value whether they are set or taken away."""

WHEN_SET = frozenset("dl")
"""Modes that have a value when they are set."""

MOST_VALUES_BYTES = 300


def read_mode(context: Context, message: Message) -> Iterator[Request | bytes]:
    """MODE <room or nick> [<modes> [<values>]]"""
    target = message.params[0]
    if names.is_room(target):
        yield from _read_room_mode(context, message)
    elif names.fold(target) == names.fold(context.me):
        yield Request(commands.SetOwnModes(changes=list(_own_changes(param(message, 1)))), message)
    else:
        yield Request(commands.ListPeople(nicks=[target]), message)


def _read_room_mode(context: Context, message: Message) -> Iterator[Request | bytes]:
    room = message.params[0]
    if len(message.params) == 1:
        yield Request(commands.ShowModes(room=room), message)
        return
    changes, asked = _room_changes(message.params[1], list(message.params[2:]))
    if changes:
        yield Request(commands.SetModes(room=room, changes=changes), message)
    for mode in asked:
        yield Request(commands.ShowMasks(room=room, mode=mode), message)


def _room_changes(written: str, values: list[str]) -> tuple[list[ModeChange], list[str]]:
    """The changes; and the lists that are asked for: those without a value."""
    changes: list[ModeChange] = []
    asked: dict[str, None] = {}
    sign = "+"
    for mode in written:
        if mode in "+-":
            sign = mode
            continue
        value = values.pop(0) if values and (mode in ALWAYS or (mode in WHEN_SET and sign == "+")) else None
        if mode in LISTS and value is None:
            asked[mode] = None
        elif value is not None or not _needs_value(mode, sign):
            changes.append(ModeChange("+" if sign == "+" else "-", mode, value or ""))
    return changes, list(asked)


def _needs_value(mode: str, sign: str) -> bool:
    return mode in "ov" or (mode in "dkl" and sign == "+")


def _own_changes(written: str) -> Iterator[ModeChange]:
    sign = "+"
    for mode in written:
        if mode in "+-":
            sign = mode
        else:
            yield ModeChange("+" if sign == "+" else "-", mode)


def write_modes(context: Context, request: Request, reply: replies.Modes) -> bytes:
    """324, 329."""
    letters, values = "+", []
    for mode, value in reply.modes.items():
        letters += mode
        values += [value] if value else []
    created = context.numeric(numerics.RPL_CREATIONTIME, reply.room, str(reply.created // 1_000))
    return context.numeric(numerics.RPL_CHANNELMODEIS, reply.room, letters, *values) + created


def write_masks(context: Context, request: Request, reply: replies.Masks) -> bytes:
    """367 and 368, 348 and 349, 346 and 347."""
    number, end, text = LISTS[reply.mode]
    listed = (context.numeric(number, reply.room, one.mask, one.by, str(one.time // 1_000)) for one in reply.masks)
    return b"".join(listed) + context.numeric(end, reply.room, last=text)


def write_changed(context: Context, request: Request, reply: replies.Changed) -> bytes:
    """What could not be changed: 472, 441, 401, 696, 478."""
    return _problems(context, reply.problems, numerics.ERR_UNKNOWNMODE)


def write_own_modes(context: Context, request: Request, reply: replies.OwnModes) -> bytes:
    """221 if it was asked for; 501 for what there is not."""
    if not param(message_of(request), 1):
        return context.numeric(numerics.RPL_UMODEIS, f"+{reply.modes}")
    return _problems(context, reply.problems[:1], numerics.ERR_UMODEUNKNOWNFLAG)


def write_of_others(context: Context, request: Request, reply: replies.People) -> bytes:
    """502, or 401 if there is nobody of that name."""
    if reply.people:
        return context.numeric(numerics.ERR_USERSDONTMATCH, last="Others' modes are theirs")
    nick = word(param(message_of(request), 0))
    return context.numeric(numerics.ERR_NOSUCHNICK, nick, last="There is nobody of that name")


def _problems(context: Context, problems: list[replies.Problem], unknown: str) -> bytes:
    numbers = _PROBLEMS | {"unknown_mode": unknown}
    return b"".join(
        context.numeric(
            numbers.get(problem.code, numerics.ERR_UNKNOWNERROR),
            *(() if numbers.get(problem.code) == numerics.ERR_UMODEUNKNOWNFLAG else map(word, problem.about)),
            last=problem.text,
        )
        for problem in problems
    )


def write_modes_set(event: events.ModesSet, form: Form) -> bytes:
    """:<source> MODE <room> <modes> <values>"""
    head = f"{form.head(event, event.by, 'MODE')} {event.room}"
    return b"".join(line(head, written) for written in _written(event.changes, head))


def write_own_modes_set(event: events.OwnModesSet, form: Form) -> bytes:
    """:<source> MODE <nick> <modes>"""
    head = f"{form.head(event, event.by, 'MODE')} {event.by}"
    return b"".join(line(head, written) for written in _written(event.changes, head))


def _written(changes: list[ModeChange], head: str) -> Iterator[str]:
    """The changes, as many to a line as fit."""
    most = min(MOST_VALUES_BYTES, room_in_line(head.rpartition("@")[2]))
    letters, values, sign, size = "", "", "", 0
    for change in changes:
        if letters and size + len(change.value.encode()) > most:
            yield letters + values
            letters, values, sign, size = "", "", "", 0
        letters += (change.sign if change.sign != sign else "") + change.mode
        sign = change.sign
        if change.value:
            values += f" {change.value}"
        size += len(change.value.encode()) + 3
    if letters:
        yield letters + values


_PROBLEMS = {
    "not_there": numerics.ERR_USERNOTINCHANNEL,
    "no_such_nick": numerics.ERR_NOSUCHNICK,
    "bad_value": numerics.ERR_INVALIDMODEPARAM,
    "list_full": numerics.ERR_BANLISTFULL,
}

TABLES = Tables(
    readers={"MODE": read_mode},
    writers={
        events.ModesSet: write_modes_set,
        events.OwnModesSet: write_own_modes_set,
    },
    answers={
        ("MODE", replies.Modes): write_modes,
        ("MODE", replies.Masks): write_masks,
        ("MODE", replies.Changed): write_changed,
        ("MODE", replies.OwnModes): write_own_modes,
        ("MODE", replies.People): write_of_others,
    },
    needs={"MODE": 1},
)
