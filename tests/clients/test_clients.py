"""irssi and WeeChat, with the settings they come with: what one does with them all day works, and is on the screen."""

import re

import tcpchat
from tcpchat.config import Tls
from tests.clients.conftest import ROOM, Running, Start
from tests.clients.programs import Program
from tests.conftest import Connect
from tests.peer import Peer

LONG = "".join(chr(0x4E00 + number) for number in range(300))
"""300 characters of which no two are the same: 900 bytes, and an IRC line has 512."""


async def test_it_talks_and_is_answered(client: Program, ann: Peer) -> None:
    client.type("is there any tea?")
    await ann.until(rf":{client.nick}!\S+ PRIVMSG {ROOM} :is there any tea\?\r")
    ann.send(f"PRIVMSG {ROOM} :日本茶 or Ceylon?")
    await client.shows(client.said("ann", r"日本茶 or Ceylon\?"))


async def test_a_private_message_is_shown_and_answered(client: Program, ann: Peer) -> None:
    ann.send(f"PRIVMSG {client.nick} :just between us")
    await ann.until("just between us")
    client.type("/query ann")
    await client.shows(client.said("ann", "just between us"))
    client.type("of course")
    await ann.until(rf":{client.nick}!\S+ PRIVMSG ann :of course\r")


async def test_new_nicks_are_seen_by_both(client: Program, ann: Peer) -> None:
    client.type("/nick tess")
    await ann.until(rf":{client.nick}!\S+ NICK :?tess\r")
    await client.shows("You.*tess|now known as tess")
    ann.send("NICK annabel")
    await client.shows("ann is now known as annabel")
    ann.send(f"PRIVMSG {ROOM} :a new name for both of us")
    await client.shows(client.said("annabel", "a new name for both of us"))


async def test_what_was_said_meanwhile_is_on_the_screen_of_who_comes_back(
    client: Program, ann: Peer, start: Start, server: Running
) -> None:
    client.type("/quit")
    await ann.until(rf":{client.nick}!\S+ QUIT ")
    await client.ends()
    ann.send(f"PRIVMSG {ROOM} :the kettle is on", f"PRIVMSG {ROOM} :お茶が入りました")
    await ann.until("お茶が入りました")
    again = start()
    await again.connect(server.port)
    await again.join(ROOM)
    await again.shows(again.said("ann", "the kettle is on"))
    await again.shows(again.said("ann", "お茶が入りました"))


async def test_it_logs_in_with_its_ordinary_commands(
    program: type[Program], start: Start, connect: Connect, server: Running
) -> None:
    await register(await connect(), program.nick, "sesame")
    client = start()
    await client.log_in(server.port, "sesame")
    await client.shows(client.is_connected)
    await client.shows(f"(?i)logged in as {client.nick}")
    ann = await (await connect()).enter_irc("ann")
    ann.send(f"WHOIS {client.nick}")
    await ann.until(rf" 330 ann {client.nick} {client.nick} :")


async def test_a_wrong_password_is_said_to_be_wrong(
    program: type[Program], start: Start, connect: Connect, server: Running
) -> None:
    await register(await connect(), program.nick, "sesame")
    client = start()
    await client.log_in(server.port, "parsley")
    await client.shows("(?i)sasl.*fail")


async def test_it_comes_by_tls_to_the_certificate_whose_fingerprint_it_is_told(
    program: type[Program], start: Start
) -> None:
    config = tcpchat.Config(tls=Tls(self_signed=True), tls_listen=("127.0.0.1:0",))
    async with tcpchat.Server(config, port=0) as server:
        assert server.certificate is not None
        client = start()
        await client.connect_by_tls(server.tls_addresses[0][1], server.certificate.fingerprint)
        await client.shows(client.is_connected)
        ann = await (await Peer.open(server.port)).enter_irc("ann")
        ann.send(f"WHOIS {client.nick}")
        await ann.until(rf" 671 ann {client.nick} :is using a secure connection")
        await ann.close()


async def test_it_does_not_come_to_another_certificate(program: type[Program], start: Start) -> None:
    config = tcpchat.Config(tls=Tls(self_signed=True), tls_listen=("127.0.0.1:0",))
    async with tcpchat.Server(config, port=0) as server:
        client = start()
        await client.connect_by_tls(server.tls_addresses[0][1], "ab" * 32)
        await client.shows("(?i)mismatch|fingerprint does not match|certificate fingerprint.*not")


async def test_a_long_text_arrives_whole(client: Program, ann: Peer) -> None:
    client.type(LONG)
    arrived = ""
    while len(arrived) < len(LONG):
        arrived += (await ann.until(rf":{client.nick}!\S+ PRIVMSG {ROOM} :(.*)\r"))[1]
    assert arrived == LONG


async def test_a_long_text_is_shown_whole(client: Program, connect: Connect) -> None:
    joe = await (await connect()).enter_json("joe", ROOM)
    await joe.ask(do="say", room=ROOM, text=LONG)
    await client.shows(LONG[-1])
    assert "".join(re.findall(r"[\u4e00-\u9fff]", client.screen())) == LONG


async def test_the_list_of_rooms_names_room_people_and_topic(client: Program, ann: Peer) -> None:
    ann.send("JOIN #coffee", "TOPIC #coffee :strong and black")
    await ann.until("strong and black")
    client.type(client.to_the_server, client.list_rooms)
    await client.shows(r"#coffee\W+1\b.*strong and black")
    await client.shows(rf"{ROOM}\W+2\b")


async def test_whois_tells_who_somebody_is(client: Program, ann: Peer) -> None:
    client.type(client.to_the_server, "/whois ann")
    await client.shows(r"ann\]? .*ann@")
    await client.shows(ROOM)
    await client.shows("(?i)End of /?WHOIS")


async def test_who_is_away_sees_it_and_who_writes_to_them_is_told(client: Program, ann: Peer) -> None:
    client.type("/away out for milk")
    await client.shows(client.is_away)
    client.type(client.to_the_server)
    await client.shows("You have been marked as being away")
    ann.send(f"PRIVMSG {client.nick} :are you there?")
    await ann.until(f" 301 ann {client.nick} :out for milk\r")


async def test_a_topic_is_set_for_all_and_stays_on_the_screen(client: Program, ann: Peer) -> None:
    client.type("/topic Darjeeling only")
    await ann.until(rf":{client.nick}!\S+ TOPIC {ROOM} :Darjeeling only\r")
    await client.shows("^.*Darjeeling only.*$")


async def test_the_founder_of_a_room_kicks_somebody(client: Program, ann: Peer) -> None:
    client.type("/kick ann coffee was mentioned")
    await ann.until(rf":{client.nick}!\S+ KICK {ROOM} ann :coffee was mentioned\r")
    await client.shows(r"ann.*kicked|kicked.*ann")
    ann.send(f"PRIVMSG {ROOM} :may I come back?")
    await ann.until(f" (404|442) ann {ROOM} :")


async def register(owner: Peer, nick: str, password: str) -> None:
    """Make an account, as a client would that can, and leave."""
    await owner.enter_irc(nick, caps="draft/account-registration")
    owner.send(f"REGISTER * * {password}")
    await owner.until(f"REGISTER SUCCESS {nick} ")
    owner.send("QUIT")
    await owner.end()
