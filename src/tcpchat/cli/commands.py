"""What can be typed: a line to say, or a slash and a word of the table at the foot."""

import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NamedTuple

from tcpchat.cli import moderation, own_account
from tcpchat.cli.preferences import keep
from tcpchat.cli.show import Line, notice, reply_lines, same
from tcpchat.model import commands, names, replies
from tcpchat.model.text import showable
from tcpchat.wire.ignoring import described, too_many

if TYPE_CHECKING:
    from tcpchat.cli.talk import Talk
    from tcpchat.client.view import Conversation

HISTORY_LINES = 50
MOST_HISTORY_LINES = 500

MOST_URLS = 10
TRAILING = ".,;:!?)'\""
"""What mostly ends the sentence around an address, and not the address."""

_URL = re.compile(r"https?://[^\s<>\"]+")

CHOICES = {
    "bell": {"off": "nothing", "mentions": "what is meant for you", "all": "everything that is said"},
    "joins": {"all": "always", "smart": "of those who spoke lately", "none": "never"},
}
"""What a setting can be, in words."""

Run = Callable[["Talk", str], Awaitable[None]]


SAID = frozenset({"", "me", "msg", "reply", "r"})
"""What is said to others, by the name of the command: if it is not stored, whoever typed it wants it back."""


class Wish(NamedTuple):
    """What a line that was `typed` asks for: what to do, and with which words.

    `name` is empty for a line to say. `to` is where one was when it was typed, whatever that is called by now; `led`: a
    command was before it that leads elsewhere, and was not done yet.
    """

    typed: str
    run: Run
    argument: str
    name: str = ""
    to: "Conversation | None" = None
    led: bool = False


def read(line: str) -> Wish:
    """Understand a typed line. What looks like a command is never said: a typing error must not tell a secret."""
    if not line.startswith("/") or line.startswith("//"):
        return Wish(line, say, line.removeprefix("/") if line.startswith("//") else line)
    name, _, argument = line[1:].partition(" ")
    name, argument = name.lower(), argument.strip()
    command = COMMANDS.get(name)
    if command is None:
        return Wish(line, unknown, name, "unknown")
    if len(argument.split()) < command.words:
        return Wish(line, incomplete, name, "incomplete")
    return Wish(line, command.run, argument, name)


def leads(wish: Wish) -> bool:
    """Whether one is elsewhere after it."""
    words = len(wish.argument.split())
    return wish.name in {"join", "part"} or (wish.name == "room" and words > 0) or (wish.name == "msg" and words == 1)


def usage(name: str) -> str:
    """``/msg NAME TEXT``"""
    return COMMANDS[name].run.__doc__ or ""


async def say(talk: "Talk", text: str) -> None:
    """A line without a slash."""
    await talk.say(talk.here, text)


async def unknown(talk: "Talk", name: str) -> None:
    """A slash and a word that means nothing."""
    await talk.refuse(f"There is no /{name[:30]}, nothing was sent. /help lists what there is; //{name[:30]} says it.")


async def incomplete(talk: "Talk", name: str) -> None:
    """A command without the words it needs."""
    await talk.refuse(f"Something is missing: {usage(name)}")


async def nick(talk: "Talk", argument: str) -> None:
    """/nick NAME"""
    await talk.chat.rename(argument)


async def join(talk: "Talk", argument: str) -> None:
    """/join #ROOM [KEY]"""
    room, _, key = argument.partition(" ")
    await talk.join(as_room(room), key.strip())


async def part(talk: "Talk", argument: str) -> None:
    """/part [#ROOM] [REASON]"""
    named = names.is_room(argument) or talk.view.find(as_room(argument)) is not None
    room, _, reason = as_room(argument).partition(" ") if named else (talk.here, "", argument)
    if room:
        await talk.part(room, reason)
    else:
        await talk.refuse(f"You are in no room. /join {names.LOBBY}")


async def room(talk: "Talk", argument: str) -> None:
    """/room [#ROOM, NAME or NUMBER]"""
    if not argument:
        await talk.show_where()
    elif (found := _conversation(talk, argument)) is not None:
        await talk.lead(found)
    elif argument.isascii() and argument.isdigit():
        await talk.refuse(f"None of your rooms and conversations is number {argument[:9]}. /room lists them.")
    else:
        await talk.refuse(f"You are not in {as_room(argument)}. /join {as_room(argument)}")


async def rooms(talk: "Talk", argument: str) -> None:
    """/rooms"""
    found = await talk.chat.request(commands.ListRooms())
    assert isinstance(found, replies.Rooms)
    talk.view.listed = [one.room for one in found.rooms]
    await talk.show(reply_lines(found))


async def who(talk: "Talk", argument: str) -> None:
    """/who [#ROOM or NAME]"""
    about = argument or talk.here
    if about and not names.is_room(about):
        await talk.ask(commands.Whois(nick=about))
    else:
        await talk.ask(commands.ListPeople(room=about))


async def msg(talk: "Talk", argument: str) -> None:
    """/msg NAME [TEXT]"""
    to, _, text = argument.partition(" ")
    if text.strip():
        await talk.say(to, text.strip())
    elif names.is_room(to):
        await room(talk, to)
    elif same(to, talk.me):
        await talk.refuse("That is you.")
    else:
        await talk.lead(talk.view.open(to))


async def reply(talk: "Talk", argument: str) -> None:
    """/reply TEXT"""
    if not talk.last_teller:
        await talk.refuse("Nobody has told you anything yet, nothing was sent. /msg NAME TEXT tells somebody.")
    else:
        await talk.say(talk.last_teller, argument)


async def me(talk: "Talk", argument: str) -> None:
    """/me TEXT"""
    await talk.say(talk.here, argument, "action")


async def topic(talk: "Talk", argument: str) -> None:
    """/topic [TEXT]"""
    if talk.here and not names.is_room(talk.here):
        await talk.refuse(f"You talk with {talk.here}; only rooms have a topic.")
    elif argument:
        await talk.chat.set_topic(talk.here, argument)
    else:
        await talk.ask(commands.ShowTopic(room=talk.here))


async def history(talk: "Talk", argument: str) -> None:
    """/history [#ROOM or NAME] [HOW MANY]"""
    *of, last = argument.split() or [""]
    if last and not (last.isascii() and last.isdigit()):
        of, last = [*of, last], ""
    if len(of) > 1:
        await talk.refuse(f"{argument[:30]} is not a number: {usage('history')}")
    else:
        limit = min(int(last[:6] or HISTORY_LINES), MOST_HISTORY_LINES)
        await talk.show_past(of[0] if of else talk.here, limit)


async def search(talk: "Talk", argument: str) -> None:
    """/search [#ROOM] WORDS"""
    room, _, words = argument.partition(" ")
    here = names.is_room(room) and words
    await talk.ask(commands.Search(words=words, target=room) if here else commands.Search(words=argument))


async def urls(talk: "Talk", argument: str) -> None:
    """/url"""
    here = talk.view.find(talk.here)
    texts = [getattr(item, "text", "") for item in here.items] if here is not None else []
    found = [url.rstrip(TRAILING) for text in texts for url in _URL.findall(showable(text))]
    last = list(dict.fromkeys(reversed(found)))[:MOST_URLS][::-1]
    await talk.show([Line(url) for url in last] or notice("Nobody has named a web address here yet."))


async def bell(talk: "Talk", argument: str) -> None:
    """/bell [off, mentions or all]"""
    await _choose(talk, "bell", argument, "The bell rings for: {}.")


async def joins(talk: "Talk", argument: str) -> None:
    """/joins [all, smart or none]"""
    if await _choose(talk, "joins", argument, "Coming and going is shown: {}."):
        talk.view.joins = talk.preferences.joins


async def ignore(talk: "Talk", argument: str) -> None:
    """/ignore [NAME]"""
    if not argument:
        await talk.show(notice(described(talk.ignored)))
    elif same(argument, talk.me):
        await talk.refuse("That is you.")
    elif talk.ignored.full:
        await talk.refuse(too_many(talk.ignored))
    else:
        person = await talk.chat.request(commands.Whois(nick=argument))
        assert isinstance(person, replies.WhoisReply)
        talk.ignored.add(person.person.nick, person.person.account)
        await talk.show(notice(f"You do not hear {person.person.nick} any more, until you leave."))


async def unignore(talk: "Talk", argument: str) -> None:
    """/unignore NAME"""
    if talk.ignored.remove(argument):
        await talk.show(notice(f"You hear {argument} again."))
    else:
        await talk.refuse(f"You do not ignore {argument}.")


async def away(talk: "Talk", argument: str) -> None:
    """/away [WHY]"""
    await talk.chat.request(commands.Away(text=argument))
    await talk.show(notice("You are marked as away." if argument else "You are back."))


async def show_help(talk: "Talk", argument: str) -> None:
    """/help [COMMAND]"""
    wanted = argument.removeprefix("/").lower()
    if wanted and wanted not in COMMANDS:
        await talk.refuse(f"There is no /{wanted[:30]}. /help lists what there is.")
    elif wanted:
        await talk.show(notice(f"{usage(wanted)}  {COMMANDS[wanted].help}"))
    else:
        width = max(map(len, _named(_EVERYDAY)))
        shown = [f"{name:{width}}  {COMMANDS[name[1:]].help}" for name in _named(_EVERYDAY)]
        others = [f"{whom}: {' '.join(_named(module.__name__))}" for whom, module in _FURTHER.items()]
        await talk.show(notice(*shown, *others, "/help NAME says how one is written.", *talk.keys))


async def leave(talk: "Talk", argument: str) -> None:
    """/quit [FAREWELL]"""


async def _choose(talk: "Talk", key: str, argument: str, told: str) -> bool:
    """Choose one of the values of a setting, and keep it; without an argument, say which it is."""
    if argument and argument not in CHOICES[key]:
        await talk.refuse(f"{argument[:30]} is none of these: {usage(key)}")
        return False
    if argument:
        setattr(talk.preferences, key, argument)
        if problem := keep(key, argument):
            await talk.refuse(problem)
    await talk.show(notice(told.format(CHOICES[key][getattr(talk.preferences, key)])))
    return argument != ""


def _named(module: str) -> list[str]:
    """The commands of a module, with their slashes; but for the short forms of others."""
    names_of = {command.run: name for name, command in reversed(COMMANDS.items()) if command.run.__module__ == module}
    return [f"/{name}" for name in reversed(names_of.values())]


def _conversation(talk: "Talk", argument: str) -> "Conversation | None":
    """By its number, as `/room` lists them, or by name."""
    numbered = {str(number): one for number, one in enumerate(talk.view, 1)}
    name = argument.removeprefix("@")
    return numbered.get(argument) or talk.view.find(name) or talk.view.find(as_room(name))


def as_room(name: str) -> str:
    """The name with its #, which is easily forgotten, and is a comment to a shell."""
    return name if names.is_room(name) else f"#{name}"


class Command(NamedTuple):
    """How it is done, what /help says of it, and how many words it needs."""

    run: Run
    help: str
    words: int = 0


COMMANDS = {
    "nick": Command(nick, "take another nickname", 1),
    "join": Command(join, "go into a room; what you type goes there", 1),
    "part": Command(part, "leave a room, or end a conversation"),
    "room": Command(room, "talk in another of your rooms or conversations, or list them"),
    "rooms": Command(rooms, "which rooms there are"),
    "who": Command(who, "who is here, or who somebody is"),
    "msg": Command(msg, "tell one person something, or talk with them from now on", 1),
    "reply": Command(reply, "answer whoever told you something last; /r is the same", 1),
    "r": Command(reply, "the same as /reply", 1),
    "me": Command(me, "say what you do", 1),
    "topic": Command(topic, "see or set what the room is about"),
    "history": Command(history, "what was said before"),
    "search": Command(search, "find what was said, in one of your rooms or in all", 1),
    "url": Command(urls, "the last web addresses that were named here"),
    "bell": Command(bell, "for what the bell rings"),
    "joins": Command(joins, "whose coming and going is shown"),
    "away": Command(away, "say that you are away, or back"),
    "ignore": Command(ignore, "hear nothing more of somebody, or list whom"),
    "unignore": Command(unignore, "hear them again", 1),
    "kick": Command(moderation.kick, "put somebody out of the room, if you are its operator", 1),
    "ban": Command(moderation.ban, "keep somebody out of the room", 1),
    "unban": Command(moderation.unban, "let them in again, and speak", 1),
    "mute": Command(moderation.mute, "keep somebody from speaking in the room; /unban ends it", 1),
    "slow": Command(moderation.slow, "let everybody speak only every so many seconds; 0 ends it", 1),
    "key": Command(moderation.key, "lock the room with a key, or take the key away"),
    "admit": Command(moderation.admit, "say who may come into the room", 1),
    "op": Command(moderation.op, "make somebody an operator of the room", 1),
    "deop": Command(moderation.deop, "make them none", 1),
    "invite": Command(moderation.invite, "ask somebody into the room", 1),
    "keep": Command(moderation.keep, "have the room as your account's own, if you are its operator"),
    "abandon": Command(moderation.abandon, "give the room up"),
    "register": Command(own_account.register, "have an account: then your name is nobody else's"),
    "login": Command(own_account.login, "log in to your account"),
    "password": Command(own_account.password, "give your account another password"),
    "regain": Command(own_account.regain, "take the name of your account, whoever has it now"),
    "drop": Command(own_account.drop, "give up your account, for ever"),
    "help": Command(show_help, "this list, or what one command does"),
    "quit": Command(leave, "leave; so does Ctrl-D"),
}

_EVERYDAY = __name__
_FURTHER = {"For operators": moderation, "For your account": own_account}
"""Whom the commands of other modules are for."""
