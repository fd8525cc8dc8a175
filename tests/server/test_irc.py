"""IRC clients."""

import re
from pathlib import Path

import pytest

import tcpchat
from tcpchat.wire.irc.capabilities import OFFERED
from tests.conftest import Connect
from tests.peer import Peer

EVERY_CAP = "batch echo-message message-tags server-time"


async def test_registration_waits_for_the_end_of_negotiation(connect: Connect) -> None:
    peer = await connect()
    peer.send("CAP LS 302", "NICK ann", "USER ann 0 * :Ann")
    first, last = (await peer.until(r"^:\S+ CAP \* LS \* :(.*)\r\n:\S+ CAP \* LS :(.*)\r\n")).groups()
    offered = [*first.split(), *last.split()]
    assert {one.partition("=")[0] for one in offered} == set(OFFERED)
    assert {*EVERY_CAP.split(), "sasl=PLAIN,SCRAM-SHA-256", "draft/multiline=max-bytes=4096,max-lines=100"} <= {
        *offered
    }
    peer.send("CAP REQ :server-time nonsense", "CAP REQ :server-time -server-time message-tags", "CAP LIST", "CAP END")
    await peer.until(r"^:\S+ CAP \* NAK :server-time nonsense\r\n")
    await peer.until(r"^:\S+ CAP \* ACK :server-time -server-time message-tags\r\n")
    await peer.until(r"^:\S+ CAP \* LIST :cap-notify message-tags\r\n")
    await peer.until(r"^:\S+ 001 ann ")
    await peer.until(r"^:\S+ 005 ann .*CASEMAPPING=precis.*CHANTYPES=#& .*:are supported by this server\r\n")
    await peer.until(r"^:\S+ 376 ann ")


async def test_a_taken_nick_is_433_and_another_one_may_follow(connect: Connect) -> None:
    ann, other = await connect(), await connect()
    await ann.enter_irc("ann")
    other.send("NICK ANN")
    await other.until(r"^:\S+ 433 \* ANN :")
    other.send("NICK 9")
    await other.until(r"^:\S+ 432 \* 9 :")
    other.send("USER x 0 * :X", "PING early")
    await other.until(r"^:\S+ PONG \S+ early\r\n")
    assert " 001 " not in other.seen.decode()
    other.send("NICK bob")
    await other.until(r"^:\S+ 001 bob ")


@pytest.mark.threat(33)
async def test_before_registration_little_is_possible(connect: Connect) -> None:
    peer = await connect()
    peer.send("NICK ann", "JOIN #lobby", "PING early", "NOSUCH")
    await peer.until(r"^:\S+ 451 \* :")
    await peer.until(r"^:(\S+) PONG \1 early\r\n")
    await peer.until(r"^:\S+ 451 \* :")


async def test_joining_tells_everybody_then_the_names(connect: Connect) -> None:
    ann, bob = await connect(), await connect()
    await ann.enter_irc("ann", "#tea")
    assert " 331 " not in ann.seen.decode()
    await bob.enter_irc("bob")
    bob.send("JOIN #Tea")
    await ann.until(r"^:bob!bob@localhost JOIN #tea\r\n")
    await bob.until(r"^:bob!bob@localhost JOIN #tea\r\n:\S+ 353 bob = #tea :@ann bob\r\n:\S+ 366 bob #tea :")
    bob.send("JOIN #tea", "PING done")
    await bob.until("PONG")
    assert bob.seen.count(b" JOIN ") == 1


async def test_what_is_said_reaches_the_others_only(connect: Connect) -> None:
    ann, bob = await connect(), await connect()
    await ann.enter_irc("ann", "#tea")
    await bob.enter_irc("bob", "#tea")
    ann.send("PRIVMSG #tea :hello world", "NOTICE #tea psst", "PRIVMSG bob,#tea :\x01ACTION waves\x01", "PING done")
    await bob.until(r"^:ann!ann@localhost PRIVMSG #tea :hello world\r\n:ann!ann@localhost NOTICE #tea :psst\r\n")
    await bob.until("^:ann!ann@localhost PRIVMSG (bob|#tea) :\x01ACTION waves\x01\r\n")
    await bob.until("^:ann!ann@localhost PRIVMSG (bob|#tea) :\x01ACTION waves\x01\r\n")
    await ann.until("PONG")
    assert not re.search(rb"^:ann!\S+ (PRIVMSG|NOTICE) ", ann.seen, re.MULTILINE)


async def test_tags_are_exactly_those_negotiated(connect: Connect) -> None:
    plain, tagged, timed = await connect(), await connect(), await connect()
    await plain.enter_irc("plain", "#tea")
    await tagged.enter_irc("tagged", "#tea", EVERY_CAP)
    await timed.enter_irc("timed", "#tea", "server-time")
    tagged.send("PRIVMSG #tea :hi")
    await plain.until(r"^:tagged!tagged@localhost PRIVMSG #tea :hi\r\n")
    time = r"time=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
    await timed.until(rf"^@{time} :tagged!tagged@localhost PRIVMSG #tea :hi\r\n")
    await tagged.until(rf"^@{time};msgid=\w+-\d+ :tagged!tagged@localhost PRIVMSG #tea :hi\r\n")


async def test_history_comes_to_those_who_can_tell_it_from_what_is_said_now(connect: Connect) -> None:
    ann, new, timed, old = [await connect() for _ in range(4)]
    await ann.enter_irc("ann", "#tea")
    ann.send("PRIVMSG #tea :before you came", "PING done")
    await ann.until("PONG")
    await new.enter_irc("new", "#tea", EVERY_CAP)
    await new.until(
        r"^:\S+ BATCH \+(\w+) chathistory #tea\r\n"
        r"@batch=\1;time=\S+;msgid=\S+ :ann!ann@localhost PRIVMSG #tea :before you came\r\n"
        r":\S+ BATCH -\1\r\n"
    )
    await timed.enter_irc("timed", "#tea", "server-time")
    await timed.until(
        r"^:\S+ NOTICE #tea :Said here before:\r\n"
        r"@time=\S+Z :ann!ann@localhost PRIVMSG #tea :before you came\r\n"
        r":\S+ NOTICE #tea :Now:\r\n"
    )
    await old.enter_irc("old", "#tea")
    old.send("PING done")
    await old.until("PONG")
    assert "before you came" not in old.seen.decode()


async def test_a_pong_comes_after_the_effects_of_what_was_asked_before(connect: Connect) -> None:
    ann, bob = await connect(), await connect()
    await ann.enter_irc("ann", "#tea", "echo-message")
    await bob.enter_irc("bob", "#tea")
    ann.send(*(f"PRIVMSG #tea :{n}" for n in range(50)), "PING done", "PRIVMSG #tea :after")
    await ann.until("PONG")
    assert len(re.findall("PRIVMSG #tea", ann.seen.decode())) == 50


async def test_a_text_longer_than_a_line_arrives_whole_in_several(connect: Connect) -> None:
    ann, json = await connect(), await connect()
    await ann.enter_irc("ann", "#tea", "message-tags")
    await json.enter_json("joe", "#tea")
    text = "汉字" * 500
    assert "ok" in await json.ask(do="say", room="#tea", text=text)
    await ann.until(r"^@msgid=\S+ :joe")
    ann.send("PING done")
    await ann.until("PONG")
    lines = re.findall(rb"^(?:@\S+ )?(:joe.* PRIVMSG #tea :(.*))\r\n", ann.seen, re.MULTILINE)
    assert max(len(line) for line, _ in lines) <= 510
    assert b"".join(piece for _, piece in lines).decode() == text
    assert ann.seen.count(b"msgid=") == 1, "an id is unique: only the first line has it"


async def test_a_text_from_a_client_comes_in_one_line_or_not_at_all(connect: Connect) -> None:
    ann, bob = await connect(), await connect()
    await ann.enter_irc("ann", "#tea")
    await bob.enter_irc("bob", "#tea")
    room = 510 - len(":ann!ann@localhost PRIVMSG #tea :")
    fits, too_long = "y" * room, "x" * (room + 1)
    ann.send(f"PRIVMSG #tea :{too_long}", f"PRIVMSG #tea :{fits}", f"NOTICE #tea :x{too_long}", "PING done")
    await ann.until(r"^:\S+ 417 ann :(.*\r\n)*:\S+ PONG")
    bob.send("PING done")
    await bob.until("PONG")
    assert re.findall(r"PRIVMSG #tea :(.*)\r\n", bob.seen.decode()) == [fits]
    assert "x" * 20 not in bob.seen.decode()


async def test_questions_are_answered_with_their_numerics(connect: Connect) -> None:
    ann, bob = await connect(), await connect()
    await bob.enter_irc("bob", "#tea")
    await ann.enter_irc("ann", "#tea")
    ann.send("TOPIC #tea :not mine to set")
    await ann.until(r"482 ann #tea :")
    bob.send("MODE #tea -t")
    await ann.until(r"^:bob!bob@localhost MODE #tea -t\r\n")
    for asked, answer in {
        "TOPIC #tea": r"331 ann #tea :",
        "TOPIC #tea :of tea": r"TOPIC #tea :of tea",
        "TOPIC #tea ": r"332 ann #tea :of tea\r\n:\S+ 333 ann #tea ann \d+\r\n",
        "NAMES #tea": r"353 ann = #tea :@bob ann\r\n:\S+ 366 ann #tea :",
        "NAMES #nowhere": r"366 ann #nowhere :",
        "WHO #tea": r"352 ann #tea bob localhost \S+ bob H@ :0 bob\r\n(.*\r\n)+:\S+ 315 ann #tea :",
        "WHO bob": r"352 ann \* bob localhost \S+ bob H :0 bob\r\n:\S+ 315 ann bob :",
        "WHO nobody": r"315 ann nobody :",
        "WHOIS bob": r"311 ann bob bob localhost \* :bob\r\n:\S+ 319 ann bob :@#tea\r\n(.*\r\n)*:\S+ 318 ann bob :",
        "WHOIS nobody": r"401 ann nobody :.*\r\n:\S+ 318 ann nobody :",
        "LIST": r"321 ann (.*\r\n)+:\S+ 322 ann #tea 2 :of tea\r\n(.*\r\n)*:\S+ 323 ann :",
        "MODE #tea": r"324 ann #tea \+n\r\n:\S+ 329 ann #tea \d+\r\n",
        "MODE #tea b": r"368 ann #tea :",
        "MODE #nowhere": r"403 ann #nowhere :",
        "MODE ann": r"221 ann \+",
        "MODE bob": r"502 ann :",
        "AWAY :eating": r"306 ann :",
        "AWAY": r"305 ann :",
        "MOTD": r"375 ann (.*\r\n)+:\S+ 376 ann :",
        "USERHOST bob nobody ann": r"302 ann :bob=\+bob@localhost ann=\+ann@localhost\r\n",
        "ISON nobody :BOB ann": r"303 ann :bob ann\r\n",
        "ISON nobody": r"303 ann :\r\n",
        "USERHOST": r"461 ann USERHOST :",
        "VERSION": r"351 ann tcpchat-\S+ \S+ :.*\r\n:\S+ 005 ann ",
        "TIME": r"391 ann \S+ \d+ 0 :.* UTC\r\n",
        "ADMIN": r"256 ann \S+ :.*\r\n:\S+ 257 ann :.*\r\n:\S+ 258 ann :.*\r\n:\S+ 259 ann :",
        "INFO": r"371 ann :(.*\r\n)+:\S+ 374 ann :",
        "LINKS": r"364 ann (\S+) \1 :0 tcpchat\r\n:\S+ 365 ann \* :",
        "HELP": r"704 ann \* :(.*\r\n)+:\S+ 705 ann \* :.*PRIVMSG(.*\r\n)+:\S+ 706 ann \* :",
        "HELP privmsg": (
            r"704 ann PRIVMSG :.*\r\n:\S+ 705 ann PRIVMSG :PRIVMSG <target>\{,<target>\} :<text>\r\n"
            r":\S+ 706 ann PRIVMSG :"
        ),
        "HELP nonsense": r"524 ann NONSENSE :",
        "PRIVMSG nobody :hi": r"401 ann nobody :",
        "PRIVMSG #nowhere :hi": r"404 ann #nowhere :",
        "PRIVMSG": r"411 ann :",
        "PRIVMSG bob": r"412 ann :",
        "PART #nowhere": r"442 ann #nowhere :",
        "JOIN nowhere": r"403 ann",
        "JOIN": r"461 ann JOIN :",
        "NICK": r"431 ann :",
        "NICK bob": r"433 ann bob :",
        "NICK 9": r"432 ann",
        "USER a b c d": r"462 ann :",
        "CAP NONSENSE": r"410 ann NONSENSE :",
        "NONSENSE": r"421 ann NONSENSE :",
        "PRIVMSG bob :" + "x" * 600: r"417 ann :",
        "PRIVMSG bob :" + "x" * 490: r"417 ann :",
        b"PRIVMSG bob :\xff": r"FAIL PRIVMSG INVALID_UTF8 :",
        b"NICK \xff": r"FAIL NICK INVALID_UTF8 :",
        b"\xff": r"FAIL \* INVALID_UTF8 :",
    }.items():
        ann.send(asked)
        await ann.until(answer)


async def test_a_notice_is_never_answered(connect: Connect) -> None:
    ann = await connect()
    await ann.enter_irc("ann")
    ann.send("NOTICE nobody :hi", "NOTICE #nowhere :hi", "PING done")
    await ann.until(r"^:\S+ PONG")
    assert " 40" not in ann.seen.decode()


async def test_a_new_nick_is_seen_once_by_those_who_share_rooms(connect: Connect) -> None:
    ann, bob, eve = await connect(), await connect(), await connect()
    await ann.enter_irc("ann", "#tea,#milk")
    await bob.enter_irc("bob", "#tea,#milk")
    await eve.enter_irc("eve", "#elsewhere")
    ann.send("NICK Ann", "NICK anna", "QUIT :bye")
    await bob.until(r"^:ann!ann@localhost NICK :?Ann\r\n:Ann!ann@localhost NICK :?anna\r\n")
    await bob.until(r"^:anna!ann@localhost QUIT :bye\r\n")
    assert "ERROR :Closing link: bye" in await ann.end()
    bob.send("PING done")
    await bob.until("PONG")
    assert bob.seen.count(b"QUIT") == 1
    eve.send("PING done")
    await eve.until("PONG")
    assert b":ann" not in eve.seen


@pytest.mark.threat(20)
async def test_a_source_from_a_client_is_not_believed(connect: Connect) -> None:
    ann, bob = await connect(), await connect()
    await ann.enter_irc("ann", "#tea")
    await bob.enter_irc("bob", "#tea")
    bob.send("@time=2000-01-01T00:00:00.000Z;msgid=x :ann!ann@localhost PRIVMSG #tea :I am ann")
    await ann.until(r"^:bob!bob@localhost PRIVMSG #tea :I am ann\r\n")


async def test_after_a_restart_all_that_was_said_is_shown_on_joining(tmp_path: Path) -> None:
    """Also what was said after the topic was set, which is all that the server remembers of a room by itself."""
    config = tcpchat.Config(data=tmp_path / "data")
    async with tcpchat.Server(config, port=0) as server:
        ann = await Peer.open(server.port)
        await ann.enter_irc("ann", "#tea")
        ann.send("PRIVMSG #tea :one", "TOPIC #tea :of tea", "PRIVMSG #tea :two", "PING done")
        await ann.until("PONG")
        await ann.close()
    async with tcpchat.Server(config, port=0) as server:
        for nick in ("bob", "eve"):
            peer = await Peer.open(server.port)
            await peer.enter_irc(nick, "#tea", "batch server-time")
            await peer.until(r"BATCH \+\S+ chathistory #tea\r\n.* :one\r\n.* :two\r\n:\S+ BATCH -")
            await peer.close()
