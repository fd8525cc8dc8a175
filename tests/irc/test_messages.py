"""PRIVMSG and NOTICE: whom they reach, what is answered, how long they may be."""

import re

import pytest

from tests.conftest import Connect
from tests.irc.peers import SERVER, ask, bare, commands, drain, enter, isupport, one, only

# to rooms and to people


@pytest.mark.parametrize("verb", ["PRIVMSG", "NOTICE"])
async def test_what_is_said_in_a_room_reaches_the_others_once(connect: Connect, verb: str) -> None:
    """modern.ircdocs.horse, "PRIVMSG message": «The PRIVMSG command is used to send private messages between users, as
    well as to send messages to channels»; "NOTICE message": «<target> is interpreted the same way as it is for the
    PRIVMSG command.»"""
    ann, bob, eve = [await enter(connect, nick, "#tea") for nick in ("ann", "bob", "eve")]
    stranger = await enter(connect, "stranger")
    await drain(ann, bob)
    assert await ask(ann, f"{verb} #tea :hello there") == []
    for peer in (bob, eve):
        assert await ask(peer) == [f":ann!ann@localhost {verb} #tea :hello there"]
    assert await ask(stranger) == []


@pytest.mark.parametrize("verb", ["PRIVMSG", "NOTICE"])
async def test_what_is_said_to_somebody_reaches_only_them(connect: Connect, verb: str) -> None:
    """modern.ircdocs.horse, "PRIVMSG message": «The <source> of the message represents the user or server that sent the
    message, and the <target> represents the target of that PRIVMSG (which may be the client, a channel, etc).»"""
    ann, bob, eve = [await enter(connect, nick, "#tea") for nick in ("ann", "bob", "eve")]
    await drain(ann, bob)
    assert await ask(ann, f"{verb} bob :hey there!") == []
    line = one(await ask(bob))
    assert (line.source, line.command, line.params) == ("ann!ann@localhost", verb, ["bob", "hey there!"])
    assert await ask(eve) == []


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("word", "word"),
        (":two words", "two words"),
        ("::-)", ":-)"),
        (":a :b", "a :b"),
        (":  indented ", "  indented "),
        (":@not=a :tag", "@not=a :tag"),
        (":\x02bold\x0f \x0304red\x03 \x1ditalic\x1d", "\x02bold\x0f \x0304red\x03 \x1ditalic\x1d"),
        (":\x01VERSION\x01", "\x01VERSION\x01"),
        (":\x01ACTION waves\x01", "\x01ACTION waves\x01"),
        (":tab\there", "tab\there"),
        (":Grüße, 汉字, 😃, e\u0301", "Grüße, 汉字, 😃, e\u0301"),
    ],
)
async def test_a_text_arrives_as_it_was_sent(connect: Connect, written: str, text: str) -> None:
    """modern.ircdocs.horse, "Parameters": «the final parameter can be prepended with a (':', 0x3A) character, in which
    case that character is stripped and the rest of the message is treated as the final parameter, including any spaces
    it contains», and: «in other cases the use of a preceding ':' on the final parameter is OPTIONAL»."""
    ann, bob = await enter(connect, "ann", "#tea"), await enter(connect, "bob", "#tea")
    await drain(ann)
    assert await ask(ann, f"PRIVMSG #tea {written}", f"PRIVMSG bob {written}") == []
    assert [line.params for line in await ask(bob)] == [["#tea", text], ["bob", text]]


async def test_several_targets_each_get_it(connect: Connect) -> None:
    """modern.ircdocs.horse, "PRIVMSG message": «Parameters: <target>{,<target>} <text to be sent>»."""
    ann, bob, eve = [await enter(connect, nick, "#tea") for nick in ("ann", "bob", "eve")]
    await drain(ann, bob)
    errors = await ask(ann, "PRIVMSG #tea,nobody,bob :hi")
    assert re.fullmatch(rf":{SERVER} 401 ann nobody :.+", one(errors))
    assert sorted(line.params[0] for line in await ask(bob)) == ["#tea", "bob"]
    assert one(await ask(eve)).params == ["#tea", "hi"]


async def test_one_can_talk_to_oneself(connect: Connect) -> None:
    """modern.ircdocs.horse, "PRIVMSG message": «<target> is the nickname of a client or the name of a channel.» One's
    own is one."""
    ann = await enter(connect, "ann")
    assert one(await ask(ann, "PRIVMSG ann :note to self")).params == ["ann", "note to self"]


async def test_messages_stay_in_their_order(connect: Connect) -> None:
    """RFC 1459, "1.2": clients are connected by a stream; what one of them says in a room is seen in the order in which
    it was said. (modern.ircdocs.horse, "One-to-many communication".)"""
    ann, bob = await enter(connect, "ann", "#tea"), await enter(connect, "bob", "#tea")
    await drain(ann)
    ann.send(*(f"{'NOTICE' if number % 3 else 'PRIVMSG'} #tea :{number}" for number in range(200)))
    await ask(ann)
    assert [int(line.params[1]) for line in await ask(bob)] == list(range(200))


# errors


async def test_a_nick_that_nobody_has_is_401(connect: Connect) -> None:
    """modern.ircdocs.horse, "ERR_NOSUCHNICK (401)": «"<client> <nickname> :No such nick/channel"»."""
    ann = await enter(connect, "ann")
    assert re.fullmatch(rf":{SERVER} 401 ann nobody :.+", one(await ask(ann, "PRIVMSG nobody :hey there!")))


async def test_a_room_that_is_not_there_is_an_error(connect: Connect) -> None:
    """RFC 2812, "3.3.1": numeric replies of PRIVMSG are «ERR_CANNOTSENDTOCHAN», «ERR_NOSUCHNICK»; modern.ircdocs.horse,
    "ERR_NOSUCHCHANNEL (403)": «no channel can be found for the supplied channel name»."""
    ann = await enter(connect, "ann")
    assert re.fullmatch(rf":{SERVER} 40[134] ann #nowhere :.+", one(await ask(ann, "PRIVMSG #nowhere :hello there")))


async def test_a_room_one_is_not_in_is_404(connect: Connect) -> None:
    """modern.ircdocs.horse, "No External Messages Mode": «users MUST be joined to the channel in order to send private
    messages and notices to the channel. If this mode is enabled and they try to send one of these to a channel they are
    not joined to, they will receive an ERR_CANNOTSENDTOCHAN (404) numeric and the message will not be sent»."""
    ann, bob = await enter(connect, "ann"), await enter(connect, "bob", "#tea")
    assert re.fullmatch(rf":{SERVER} 404 ann #tea :.+", one(await ask(ann, "PRIVMSG #tea :let me in")))
    assert await ask(bob) == []


@pytest.mark.parametrize("line", ["PRIVMSG #tea :", "PRIVMSG bob :", "PRIVMSG bob", "PRIVMSG #tea"])
async def test_nothing_to_say_is_412(connect: Connect, line: str) -> None:
    """modern.ircdocs.horse, "ERR_NOTEXTTOSEND (412)": «"<client> :No text to send". Returned by the PRIVMSG command to
    indicate the message wasn't delivered because there was no text to send.»"""
    ann, bob = await enter(connect, "ann", "#tea"), await enter(connect, "bob", "#tea")
    await drain(ann)
    assert re.fullmatch(rf":{SERVER} 412 ann :.+", one(await ask(ann, line)))
    assert await ask(bob) == []


@pytest.mark.parametrize("line", ["PRIVMSG", "PRIVMSG :"])
async def test_nobody_to_say_it_to_is_411(connect: Connect, line: str) -> None:
    """modern.ircdocs.horse, "ERR_NORECIPIENT (411)": «"<client> :No recipient given (<command>)"»."""
    ann = await enter(connect, "ann")
    answer = one(await ask(ann, line))
    assert re.fullmatch(rf":{SERVER} 411 ann :.*PRIVMSG.*|:{SERVER} (412 ann|461 ann PRIVMSG) :.+", answer)
    assert line != "PRIVMSG" or answer.command == "411"


@pytest.mark.parametrize(
    "line",
    [
        "NOTICE",
        "NOTICE :",
        "NOTICE bob",
        "NOTICE bob :",
        "NOTICE nobody :hi",
        "NOTICE #nowhere :hi",
        "NOTICE #private :hi",
        "NOTICE nobody,#nowhere,bob :hi",
        "NOTICE away :hi",
        "NOTICE @#private :hi",
        "NOTICE bob :\x01VERSION\x01",
    ],
)
async def test_a_notice_is_never_answered(connect: Connect, line: str) -> None:
    """modern.ircdocs.horse, "NOTICE message": «automatic replies must never be sent in response to a NOTICE message.
    This rule also applies to servers -- they must not send any error back to the client on receipt of a NOTICE
    command.»"""
    ann, bob, away = await enter(connect, "ann"), await enter(connect, "bob", "#private"), await enter(connect, "away")
    await ask(away, "AWAY :eating")
    assert await ask(ann, line) == []
    assert all(got.params[0] == "bob" for got in await ask(bob))


async def test_who_is_away_gets_it_and_the_sender_is_told(connect: Connect) -> None:
    """modern.ircdocs.horse, "PRIVMSG message": «If <target> is a user and that user has been set as away, the server
    may reply with an RPL_AWAY (301) numeric and the command will continue»; "RPL_AWAY (301)": «"<client> <nick>
    :<message>"»."""
    ann, bob = await enter(connect, "ann", "#tea"), await enter(connect, "bob", "#tea")
    await drain(ann)
    await ask(bob, "AWAY :having lunch")
    assert await ask(ann, "PRIVMSG bob :are you there?") == [f":{SERVER} 301 ann bob :having lunch"]
    assert one(await ask(bob)).params == ["bob", "are you there?"]
    assert await ask(ann, "PRIVMSG #tea :hello all") == []
    await ask(bob, "AWAY")
    assert await ask(ann, "PRIVMSG bob :and now?") == []


# STATUSMSG


async def test_a_message_to_operators_reaches_only_them(connect: Connect) -> None:
    """modern.ircdocs.horse, "PRIVMSG message": «If <target> is a channel name, it may be prefixed with one or more
    channel membership prefix character (@, +, etc) and the message will be delivered only to the members of that
    channel with the given or higher status in the channel.»"""
    op, joe, schmoe = [await enter(connect, nick, "#tea") for nick in ("op", "joe", "schmoe")]
    await ask(op, "MODE #tea +o schmoe")
    await drain(joe, schmoe)
    for verb in ("PRIVMSG", "NOTICE"):
        assert await ask(schmoe, f"{verb} @#tea :this message is for operators") == []
        assert await ask(op) == [f":schmoe!schmoe@localhost {verb} @#tea :this message is for operators"]
        assert await ask(joe) == []


@pytest.mark.parametrize("target", ["+#tea", "@+#tea", "+@#tea"])
async def test_a_message_to_the_voiced_reaches_operators_too(connect: Connect, target: str) -> None:
    """modern.ircdocs.horse, "PRIVMSG message": «with the given or higher status», and its example: «PRIVMSG @%#bunny
    […] This command is functionally identical to» the one with `%` alone."""
    op, voiced, joe, eve = [await enter(connect, nick, "#tea") for nick in ("op", "voiced", "joe", "eve")]
    await ask(op, "MODE #tea +vo voiced eve")
    await drain(voiced, joe, eve)
    assert await ask(eve, f"PRIVMSG {target} :hi") == []
    for peer in (op, voiced):
        assert re.fullmatch(r":eve!eve@localhost PRIVMSG [@+]+#tea :hi", one(await ask(peer)))
    assert await ask(joe) == []


async def test_an_ordinary_member_reaches_operators_or_is_told_why_not(connect: Connect) -> None:
    """modern.ircdocs.horse, "PRIVMSG message": «the message will be delivered only to the members of that channel with
    the given or higher status in the channel»; "If a message cannot be delivered to a channel, the server SHOULD
    respond with an ERR_CANNOTSENDTOCHAN (404) numeric"."""
    op, joe, schmoe = [await enter(connect, nick, "#tea") for nick in ("op", "joe", "schmoe")]
    await drain(op, joe)
    refused = await ask(schmoe, "PRIVMSG @#tea :help!")
    if refused:
        assert re.fullmatch(rf":{SERVER} (404|482) schmoe @?#tea :.+", one(refused))
    else:
        assert one(await ask(op)).params == ["@#tea", "help!"]
    assert await ask(joe) == []


async def test_the_status_counts_when_it_is_said(connect: Connect) -> None:
    """modern.ircdocs.horse, "STATUSMSG": «a method for clients to send a message […] to those people on a channel with
    (one of) the specified channel membership prefixes»: not to those who get one later, in whatever way they look."""
    op, eve = await enter(connect, "op", "#tea"), await enter(connect, "eve", "#tea")
    await ask(op, "PRIVMSG @#tea :between us", "PRIVMSG #tea :for all")
    assert one(only(await ask(eve), "PRIVMSG")).params == ["#tea", "for all"]
    late = await enter(connect, "late", "", "batch draft/chathistory message-tags server-time")
    again = await enter(connect, "again", "", "server-time")
    for peer, question in ((late, "CHATHISTORY LATEST #tea * 50"), (again, "NAMES #tea")):
        lines = await ask(peer, "JOIN #tea", question)
        assert "for all" in "".join(lines)
        assert "between us" not in "".join(lines)


async def test_a_status_in_a_room_one_is_not_in_is_404(connect: Connect) -> None:
    """modern.ircdocs.horse, "No External Messages Mode": «users MUST be joined to the channel in order to send private
    messages and notices to the channel»."""
    ann, bob = await enter(connect, "ann", "#tea"), await enter(connect, "bob")
    assert re.fullmatch(rf":{SERVER} 404 bob @?#tea :.+", one(await ask(bob, "PRIVMSG @#tea :hi")))
    assert re.fullmatch(rf":{SERVER} 40[134] bob @?#nowhere :.+", one(await ask(bob, "PRIVMSG @#nowhere :hi")))
    assert await ask(ann) == []


# echo-message


@pytest.mark.parametrize("verb", ["PRIVMSG", "NOTICE"])
@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize("caps", ["echo-message", "echo-message server-time"])
async def test_what_one_says_comes_back(connect: Connect, verb: str, alone: bool, caps: str) -> None:
    """IRCv3 echo-message: «If enabled, servers MUST send PRIVMSG and NOTICE messages back to the client that sent
    them.»"""
    ann = await enter(connect, "ann", "#tea", caps)
    bob = None if alone else await enter(connect, "bob", "#tea", caps.removeprefix("echo-message").strip())
    await drain(ann)
    echo = one(await ask(ann, f"{verb} #tea :hello everyone"))
    assert echo.bare == f":ann!ann@localhost {verb} #tea :hello everyone"
    assert echo.tags.keys() == ({"time"} if "server-time" in caps else set())
    if bob is not None:
        assert one(await ask(bob)) == echo


async def test_what_one_says_to_somebody_comes_back_with_their_name(connect: Connect) -> None:
    """IRCv3 echo-message: «--> PRIVMSG Attila :hi; :example!ex@example.com PRIVMSG Attila :hi»."""
    ann, bob = await enter(connect, "ann", caps="echo-message"), await enter(connect, "bob")
    for verb in ("PRIVMSG", "NOTICE"):
        assert await ask(ann, f"{verb} bob :hi") == [f":ann!ann@localhost {verb} bob :hi"]
        assert await ask(bob) == [f":ann!ann@localhost {verb} bob :hi"]


async def test_what_is_refused_does_not_come_back(connect: Connect) -> None:
    """IRCv3 echo-message: «receiving a message with themselves as the sender acts as an acknowledgement that the
    message has been delivered to the server»."""
    ann = await enter(connect, "ann", caps="echo-message")
    await enter(connect, "bob", "#tea")
    assert commands(await ask(ann, "PRIVMSG nobody :hi")) == ["401"]
    assert commands(await ask(ann, "PRIVMSG #tea :hi")) == ["404"]
    assert commands(await ask(ann, "PRIVMSG #tea :")) == ["412"]
    assert await ask(ann, "NOTICE nobody :hi") == []


async def test_what_one_says_to_oneself_comes_twice_with_echo(connect: Connect) -> None:
    """IRCv3 labeled-response: «When a client sends a private message to its own nick, echo-message will result in
    duplicate messages being sent by the server, as both sent and received messages.»"""
    ann = await enter(connect, "ann", caps="echo-message")
    assert await ask(ann, "PRIVMSG ann :hi") == [":ann!ann@localhost PRIVMSG ann :hi"] * 2


async def test_a_message_to_operators_comes_back_as_one(connect: Connect) -> None:
    """IRCv3 message-tags: «delivered to targets in the same way […] honouring channel membership, modes, echo-message,
    STATUSMSG prefixes, etc.»"""
    ann = await enter(connect, "ann", "#tea", "echo-message")
    assert await ask(ann, "PRIVMSG @#tea :hi") == [":ann!ann@localhost PRIVMSG @#tea :hi"]


# lengths


@pytest.mark.threat(15)
async def test_a_line_of_512_bytes_is_taken(connect: Connect) -> None:
    """modern.ircdocs.horse, "Message Format": «Most IRC servers limit messages to 512 bytes in length, including the
    trailing CR-LF characters.»"""
    ann = await enter(connect, "ann")
    line = "PING " + "x" * 505
    assert len(line) == 510
    pong = one(await ask(ann, f"{line}\r"))
    assert pong.command == "PONG"
    assert "x" * 450 in pong.params[-1]


@pytest.mark.threat(15)
async def test_a_line_of_513_bytes_is_417_and_one_can_go_on(connect: Connect) -> None:
    """modern.ircdocs.horse, "ERR_INPUTTOOLONG (417)": «"<client> :Input line was too long". Indicates a given line does
    not follow the specified size limits (512 bytes for the main section, 4094 or 8191 bytes for the tag section).»"""
    ann = await enter(connect, "ann")
    assert re.fullmatch(rf":{SERVER} 417 ann :.+", one(await ask(ann, f"PING {'x' * 506}\r")))
    assert "366" in commands(await ask(ann, "JOIN #tea"))


async def test_a_character_of_several_bytes_counts_as_several(connect: Connect) -> None:
    """modern.ircdocs.horse, "Message Format": «limit messages to 512 bytes in length»: bytes, not characters."""
    ann = await enter(connect, "ann")
    assert commands(await ask(ann, f"PING {'汉' * 168}\r")) == ["PONG"]
    assert commands(await ask(ann, f"PING {'汉' * 169}\r")) == ["417"]


HEAD = len(":ann!ann@localhost PRIVMSG bob :\r\n")


@pytest.mark.parametrize("extra", [0, 1, 2, 3, 4, 17, 18])
@pytest.mark.parametrize("end", ["x", "😃"])
@pytest.mark.parametrize("colon", [":", ""])
async def test_a_text_is_passed_on_whole_or_refused(connect: Connect, extra: int, end: str, colon: str) -> None:
    """modern.ircdocs.horse, "ERR_INPUTTOOLONG (417)", and IRCv3 utf8-only: «Implementations must ensure that if they
    truncate messages to meet a length limit, they do not do so in the middle of a UTF-8-encoded codepoint.» A text that
    fits into a line from a client, but not with its source before it, is not to be passed on in pieces."""
    ann, bob = await enter(connect, "ann"), await enter(connect, "bob")
    text = "a" * (512 - HEAD - len(end.encode()) + extra) + end
    line = f"PRIVMSG bob {colon}{text}"
    assert len(line) <= 510
    answer = await ask(ann, line + "\r")
    got = await ask(bob)
    if extra == 0 or not answer:
        assert answer == []
        assert one(got).params[0] == "bob"
        assert one(got).params[1] == text if extra == 0 else text.startswith(one(got).params[1])
    else:
        assert re.fullmatch(rf":{SERVER} 417 ann :.+", one(answer))
        assert got == []
    assert bob.seen.decode()


@pytest.mark.threat(15)
async def test_what_is_longer_than_any_line_is_passed_on_to_nobody(connect: Connect) -> None:
    """modern.ircdocs.horse, "ERR_INPUTTOOLONG (417)"; whoever sends lines without end is refused or closed, and the
    server goes on."""
    ann, bob = await enter(connect, "ann", "#tea"), await enter(connect, "bob", "#tea")
    await drain(ann)
    ann.send(f"PRIVMSG #tea {'a' * 20_000}", "QUIT")
    came = await ann.end()
    assert re.search(r"^:\S+ 417 ann :.+\r\n|^(:\S+ )?ERROR :", came, re.MULTILINE)
    assert set(commands(await ask(bob))) <= {"QUIT"}


# encoding


@pytest.mark.threat(17)
async def test_a_text_that_is_not_utf_8_is_refused_by_the_name_of_the_command(connect: Connect) -> None:
    """IRCv3 utf8-only: «Client: PRIVMSG #ircv3 :<non-utf-8 message> Server: FAIL PRIVMSG INVALID_UTF8 :Message
    rejected, your IRC software MUST use UTF-8 encoding on this network»."""
    ann, bob = await enter(connect, "ann", "#tea"), await enter(connect, "bob", "#tea")
    await drain(ann)
    for line in (
        b"PRIVMSG #tea hi\xaa",
        b"privmsg bob :hi\xaa",
        b"PRIVMSG bob :\xed\xa0\x80",
        b"PRIVMSG bob :\xc0\xaf",
    ):
        assert re.fullmatch(rf":{SERVER} FAIL PRIVMSG INVALID_UTF8 :.+", one(await ask(ann, line)))
    assert await ask(bob) == []
    assert await ask(ann, "PRIVMSG bob :hi") == []
    assert one(await ask(bob)).params == ["bob", "hi"]


@pytest.mark.threat(17)
async def test_what_is_not_utf_8_is_passed_on_by_nothing(connect: Connect) -> None:
    """IRCv3 utf8-only: «Servers publishing this token MUST NOT relay content (such as PRIVMSG or NOTICE message data,
    channel topics, or realnames) containing non-UTF-8 data to clients.»"""
    ann = await enter(connect, "ann", "#tea", "message-tags")
    bob = await enter(connect, "bob", "#tea", "message-tags")
    assert "UTF8ONLY" in isupport(ann)
    await drain(ann)
    verbs = {b"TOPIC #tea :": "TOPIC", b"AWAY :": "AWAY", b"PART #tea :": "PART"}
    for start, verb in verbs.items():
        answer = one(await ask(ann, start + b"\xff"))
        assert re.fullmatch(rf":{SERVER} FAIL {verb} INVALID_UTF8 :.+", answer)
    assert set(commands(await ask(ann, b"NOTICE bob :\xff", b"@+x=\xff TAGMSG #tea"))) <= {"FAIL"}
    assert "\ufffd" not in "".join(await ask(bob))
    assert bob.seen.decode()
    assert ann.seen.decode()


async def test_a_command_that_is_not_utf_8_is_an_error_of_its_own(connect: Connect) -> None:
    """IRCv3 utf8-only: «If the server is unable to parse the sent command then it MAY send a FAIL command with no
    command name (i.e. *).»"""
    ann = await enter(connect, "ann")
    answer = one(await ask(ann, b"\xff\xfe :hi"))
    assert re.fullmatch(rf":{SERVER} (FAIL \* INVALID_UTF8|421 ann \S+) :.+", answer)
    assert ann.seen.decode()


# bytes


@pytest.mark.parametrize("text", ["a", "😃", "a" * 400 + "😃"])
@pytest.mark.parametrize("size", [1, 2, 3])
async def test_a_line_may_come_in_pieces(connect: Connect, text: str, size: int) -> None:
    r"""modern.ircdocs.horse, "Client-to-Server Protocol Structure": «When reading messages from a stream, read the
    incoming data into a buffer. Only parse and process a message once you encounter the \r\n at the end of it.»"""
    ann, bob = await enter(connect, "ann"), await enter(connect, "bob")
    data = f"PRIVMSG bob :{text}\r\n".encode()
    for start in range(0, len(data), size):
        ann.writer.write(data[start : start + size])
        await ann.writer.drain()
    assert await ask(ann) == []
    assert await ask(bob) == [f":ann!ann@localhost PRIVMSG bob :{text}"]


async def test_empty_lines_are_nothing(connect: Connect) -> None:
    """modern.ircdocs.horse, "Client-to-Server Protocol Structure": «If you encounter an empty message, silently ignore
    it.»"""
    assert await ask(await enter(connect, "ann"), "", "\r", "\r", "") == []


async def test_parts_are_separated_by_one_or_more_spaces(connect: Connect) -> None:
    """modern.ircdocs.horse, "Message Format": «These message parts, and parameters themselves, are separated by one or
    more ASCII SPACE characters (' ', 0x20).»"""
    ann, bob = await enter(connect, "ann", caps="message-tags"), await enter(connect, "bob")
    lines = [
        "PRIVMSG   bob   :a  b",
        "PRIVMSG bob  c",
        "PRIVMSG bob d ",
        "@+x   :ann   PRIVMSG bob :e",
        ":ann PRIVMSG bob f",
    ]
    assert await ask(ann, *lines) == []
    assert [line.params[1] for line in await ask(bob)] == ["a  b", "c", "d", "e", "f"]


@pytest.mark.threat(20)
async def test_a_source_from_a_client_is_not_believed(connect: Connect) -> None:
    """modern.ircdocs.horse, "Source": «Clients MUST NOT include a source when sending a message»: where one does, it is
    not passed on."""
    ann, bob = await enter(connect, "ann"), await enter(connect, "bob")
    assert await ask(ann, ":eve!eve@localhost PRIVMSG bob :I am eve") == []
    assert bare(await ask(bob)) == [":ann!ann@localhost PRIVMSG bob :I am eve"]


async def test_an_unknown_command_is_421(connect: Connect) -> None:
    """modern.ircdocs.horse, "ERR_UNKNOWNCOMMAND (421)": «"<client> <command> :Unknown command". Sent to a registered
    client to indicate that the command they sent isn't known by the server.»"""
    ann = await enter(connect, "ann")
    assert re.fullmatch(rf":{SERVER} 421 ann NONSENSE :.+", one(await ask(ann, "NONSENSE a b :c d")))
    assert re.fullmatch(rf":{SERVER} 421 ann (?i:nonsense) :.+", one(await ask(ann, "nonsense")))


async def test_a_numeric_from_a_client_is_not_passed_on(connect: Connect) -> None:
    """modern.ircdocs.horse, "Numeric Replies": «A numeric reply is not allowed to originate from a client.»"""
    ann, bob = await enter(connect, "ann", "#tea"), await enter(connect, "bob", "#tea")
    await drain(ann)
    assert set(commands(await ask(ann, "001 bob :Welcome", "332 bob #tea :x"))) <= {"421"}
    assert await ask(bob) == []
