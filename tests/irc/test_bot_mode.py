"""Bots say of themselves that they are bots (IRCv3 bot-mode)."""

from tests.conftest import Connect
from tests.irc.asking import SERVER, TEXT, exactly, told
from tests.irc.peers import Line, ask, commands, drain, enter, isupport, one, only
from tests.peer import Peer


async def bot(connect: Connect, room: str = "", caps: str = "") -> Peer:
    """A new client that has said that it is a bot."""
    peer = await enter(connect, "bot", room, caps)
    exactly(await told(peer, "MODE bot +B"), r":bot!bot@localhost MODE bot \+B")
    return peer


def is_of_a_bot(line: Line) -> bool:
    """Whether it has the tag, which never has a value."""
    if "bot" not in line.tags:
        return False
    assert "bot" in line.removeprefix("@").split(" ")[0].split(";"), f"a tag with a value: {line}"
    return True


async def test_the_mode_of_bots_is_announced_and_set(connect: Connect) -> None:
    """«Servers publishing the BOT ISUPPORT token let clients mark themselves as bots by setting a user mode. The
    value of the BOT token is the mode character which is used to enable bot mode and is also the flag used in WHO
    responses of bots» (IRCv3 bot-mode)"""
    peer = await bot(connect)
    assert isupport(peer)["BOT"] == "B"
    exactly(await told(peer, "MODE bot"), rf"{SERVER} 221 bot \+B")
    assert await told(peer, "MODE bot +B") == []
    exactly(await told(peer, "MODE bot -B"), ":bot!bot@localhost MODE bot -B")


async def test_whois_says_who_is_a_bot(connect: Connect) -> None:
    """«:<server> 335 <nick> <target> :<message>. This numeric is returned as part of a bot's WHOIS reply.» (IRCv3
    bot-mode)"""
    peer, ann = await bot(connect), await enter(connect, "ann")
    lines = await told(ann, "WHOIS bot")
    exactly(only(lines, "335"), f"{SERVER} 335 ann bot {TEXT}")
    assert lines[-1].command == "318"
    assert only(await told(peer, "WHOIS ann"), "335") == []
    await told(peer, "MODE bot -B")
    assert only(await told(ann, "WHOIS bot"), "335") == []


async def test_who_has_a_flag_for_bots(connect: Connect) -> None:
    """«When a RPL_WHOREPLY (352) numeric is returned for a bot, the character used as the value of the ISUPPORT BOT
    token is returned in the flags (alongside H|G).» (IRCv3 bot-mode); «Optionally, the highest channel membership
    prefix […]. Optionally, one or more user mode characters and other arbitrary server-specific flags.»
    (modern.ircdocs.horse, "RPL_WHOREPLY": «in this order»)"""
    peer, ann = await bot(connect, "#tea"), await enter(connect, "ann", "#tea")
    await drain(peer)
    flags = {line.params[5]: line.params[6] for line in only(await told(ann, "WHO #tea"), "352")}
    assert flags == {"bot": "H@B", "ann": "H"}
    await told(peer, "AWAY :for repair", "OPER root secret")
    flags = {line.params[5]: line.params[6] for line in only(await told(ann, "WHO #tea"), "352")}
    assert flags == {"bot": "G*@B", "ann": "H"}
    assert one(only(await told(ann, "WHO bot"), "352")).params[6] in {"G*B", "G*@B"}
    assert "B" in one(only(await told(ann, "WHO bot %f"), "354")).params[1]


async def test_what_bots_do_has_a_tag(connect: Connect) -> None:
    """«The bot tag indicates that the given user is a bot. This tag SHOULD be added by the server to all commands
    sent by a bot (e.g. PRIVMSG, JOIN, MODE, NOTICE, and all others).»; «Servers MUST NOT send this tag with a value»
    (IRCv3 bot-mode)"""
    peer, ann = await bot(connect), await enter(connect, "ann", "#tea,#milk", "message-tags")
    await told(peer, "JOIN #tea", "PRIVMSG #tea :beep boop", "PRIVMSG ann :beep boop", "NOTICE #tea :beep")
    lines = await ask(ann)
    assert commands(lines) == ["JOIN", "PRIVMSG", "PRIVMSG", "NOTICE"]
    assert all(map(is_of_a_bot, lines)), lines
    await told(ann, "MODE #tea +o bot")
    await told(peer, "MODE #tea -t", "TOPIC #tea :of bots", "PART #tea :bye", "JOIN #milk", "NICK robot")
    lines = await ask(ann)
    assert commands(lines) == ["MODE", "TOPIC", "PART", "JOIN", "NICK"]
    assert all(map(is_of_a_bot, lines)), lines
    peer.send("QUIT :bye")
    await peer.end()
    assert is_of_a_bot(one(await ask(ann)))


async def test_the_tag_is_not_for_those_who_know_no_tags(connect: Connect) -> None:
    """«This tag MUST only be sent to users who have requested the message-tags capability.» (IRCv3 bot-mode)"""
    peer, ann = await bot(connect), await enter(connect, "ann", "#tea", "server-time")
    await told(peer, "JOIN #tea", "PRIVMSG #tea :beep boop", "PRIVMSG ann :beep boop")
    lines = await ask(ann)
    assert commands(lines) == ["JOIN", "PRIVMSG", "PRIVMSG"]
    assert all(set(line.tags) == {"time"} for line in lines), lines


async def test_people_and_those_who_are_bots_no_more_have_no_tag(connect: Connect) -> None:
    """«The bot tag indicates that the given user is a bot.» (IRCv3 bot-mode)"""
    peer, ann = await bot(connect, "#tea"), await enter(connect, "ann", "#tea", "message-tags")
    eve = await enter(connect, "eve", "#tea")
    await told(eve, "PRIVMSG #tea :hi")
    await told(peer, "MODE bot -B", "PRIVMSG #tea :I am human")
    lines = only(await ask(ann), "PRIVMSG")
    assert len(lines) == 2
    assert not any(map(is_of_a_bot, lines)), lines


async def test_a_client_cannot_set_the_tag_itself(connect: Connect) -> None:
    """«This tag SHOULD be added by the server» (IRCv3 bot-mode); of the tags that clients send only those that are
    for other clients, with a `+`, are passed on (IRCv3 message-tags)"""
    ann = await enter(connect, "ann", "#tea", "message-tags")
    eve = await enter(connect, "eve", "#tea", "message-tags")
    await drain(ann)
    await ask(eve, "@bot PRIVMSG #tea :beep")
    assert "bot" not in one(await ask(ann)).tags


async def test_the_echo_to_a_bot_has_the_tag(connect: Connect) -> None:
    """«This tag SHOULD be added by the server to all commands sent by a bot» (IRCv3 bot-mode): echoed ones as well."""
    peer = await bot(connect, "#tea", "echo-message message-tags")
    assert is_of_a_bot(one(await ask(peer, "PRIVMSG #tea :beep boop")))
