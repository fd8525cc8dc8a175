"""Tags: which ones are passed on, to whom, how long they may be; TAGMSG; msgid, time, account."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from tests.conftest import Connect
from tests.irc.peers import SERVER, ask, commands, drain, enter, enter_account, one, only

TAGS = "message-tags"
ECHO = "echo-message message-tags"

# client-only tags


async def test_everybody_gets_the_tags_they_asked_for(connect: Connect) -> None:
    """IRCv3 message-tags: «Client-only tags are tags normally sent by clients that servers MUST attach as-is to any
    relevant message relayed to other clients», and: «Tags without the client-only prefix MUST be removed by the server
    before being relayed with any message to another client.»"""
    ann = await enter(connect, "ann", "#tea", TAGS)
    bob = await enter(connect, "bob", "#tea", ECHO)
    carol = await enter(connect, "carol", "#tea")
    dave = await enter(connect, "dave", "#tea", "server-time")
    await drain(ann, bob, carol)
    assert await ask(ann, "@+baz=bat;fizz=buzz PRIVMSG #tea hi") == []
    got = one(await ask(bob))
    assert got.tags.keys() - {"time", "account"} == {"+baz", "msgid"}
    assert (got.tags["+baz"], got.params) == ("bat", ["#tea", "hi"])
    assert await ask(carol) == [":ann!ann@localhost PRIVMSG #tea :hi"]
    assert one(await ask(dave)).tags.keys() == {"time"}

    echo = one(await ask(bob, "@+bat=baz;+fizz=buzz PRIVMSG #tea :hi yourself"))
    got = one(await ask(ann))
    assert echo == got
    assert {"+bat": "baz", "+fizz": "buzz"}.items() <= got.tags.items()
    assert one(await ask(carol)) == ":bob!bob@localhost PRIVMSG #tea :hi yourself"
    assert one(await ask(dave)).tags.keys() == {"time"}


@pytest.mark.parametrize("verb", ["PRIVMSG", "NOTICE", "TAGMSG"])
async def test_client_only_tags_go_with_every_kind_of_message(connect: Connect, verb: str) -> None:
    """IRCv3 message-tags: «Client-only tags MUST be relayed on PRIVMSG, NOTICE and TAGMSG messages, and MAY be relayed
    on other messages.»"""
    ann, bob = await enter(connect, "ann", "#tea", TAGS), await enter(connect, "bob", "#tea", TAGS)
    await drain(ann)
    text = "" if verb == "TAGMSG" else " :hi"
    for target in ("#tea", "bob"):
        await ask(ann, f"@+example-client-tag=example-value;+draft/reply=x {verb} {target}{text}")
        got = one(await ask(bob))
        assert (got.command, got.params[0]) == (verb, target)
        assert {"+example-client-tag": "example-value", "+draft/reply": "x"}.items() <= got.tags.items()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"raw+:=,escaped\:\s\\", "raw+:=,escaped; \\"),
        (r"\r\n", "\r\n"),
        (r"test\ ".rstrip(), "test"),
        (r"a\bc", "abc"),
        ("l😃l", "l😃l"),
        ("", ""),
        ("a=b", "a=b"),
        ("/+-@!", "/+-@!"),
    ],
)
async def test_a_value_keeps_its_meaning(connect: Connect, written: str, meant: str) -> None:
    r"""IRCv3 message-tags, "Escaping values": «; (semicolon) \: (backslash and colon), SPACE \s, \ \\, CR \r, LF \n»,
    «If a lone \ exists at the end of an escaped value (with no escape character following it), then there SHOULD be no
    output character», «If a \ exists with no valid escape character (for example, \b), then the invalid backslash
    SHOULD be dropped.»"""
    ann, bob = await enter(connect, "ann", "#tea", TAGS), await enter(connect, "bob", "#tea", TAGS)
    await drain(ann)
    await ask(ann, f"@+example={written} PRIVMSG #tea :hi", f"@+example={written};+other TAGMSG #tea")
    said, tagged = await ask(bob)
    assert said.tags["+example"] == meant
    assert tagged.tags["+example"] == meant
    assert tagged.tags["+other"] == ""


async def test_a_missing_value_does_not_become_an_empty_one(connect: Connect) -> None:
    """IRCv3 message-tags: «Implementations MAY normalise tag values by converting the empty form to the missing form,
    but MUST NOT convert values from missing to empty, to prevent size limit issues.»"""
    ann, bob = await enter(connect, "ann", "#tea", TAGS), await enter(connect, "bob", "#tea", TAGS)
    await drain(ann)
    await ask(ann, "@+missing;+empty= PRIVMSG #tea :hi")
    assert re.match(r"@([^ ]*;)?\+missing[; ]", one(await ask(bob)))


@pytest.mark.threat(19)
async def test_of_a_tag_that_comes_twice_the_last_one_counts(connect: Connect) -> None:
    """IRCv3 message-tags: «Individual tag keys MUST only be used a maximum of once per message. Implementations
    receiving messages with more than one occurrence of a tag key name SHOULD disregard all but the final
    occurrence.»"""
    ann, bob = await enter(connect, "ann", "#tea", TAGS), await enter(connect, "bob", "#tea", TAGS)
    await drain(ann)
    await ask(ann, "@+a=1;+b=x;+a=2;+a=3 PRIVMSG #tea :hi")
    got = one(await ask(bob))
    assert got.count("+a") == 1
    assert (got.tags["+a"], got.tags["+b"]) == ("3", "x")


async def test_a_strange_key_is_no_reason_to_refuse_the_message(connect: Connect) -> None:
    """IRCv3 message-tags: «Implementations MUST treat tag key names as case-sensitive opaque identifiers and MUST NOT
    perform any validation that would reject the message if an invalid tag key name is used.»"""
    ann, bob = await enter(connect, "ann", "#tea", TAGS), await enter(connect, "bob", "#tea", TAGS)
    await drain(ann)
    assert await ask(ann, "@+Key=1;+key=2;+inv_alid!=3;+example.com/x=4;;=5;+=6 PRIVMSG #tea :hi") == []
    got = one(await ask(bob))
    assert got.params == ["#tea", "hi"]
    assert {"+Key": "1", "+key": "2", "+example.com/x": "4"}.items() <= got.tags.items()


async def test_tags_of_the_server_stand_before_those_of_clients(connect: Connect) -> None:
    """IRCv3 message-tags: «Any server-sent tags attached to messages MUST be included before client-only tags to
    prevent them from being pushed outside of the byte limit.»"""
    caps = "account-tag echo-message message-tags server-time"
    ann = await enter_account(connect, "ann", "#tea", caps)
    bob = await enter(connect, "bob", "#tea", caps)
    await drain(ann)
    echo = one(await ask(ann, "@+z=1;+a=2 PRIVMSG #tea :hi"))
    for line in (echo, one(await ask(bob))):
        keys = [tag.partition("=")[0] for tag in line[1:].split(" ")[0].split(";")]
        assert set(keys[:3]) == {"account", "msgid", "time"}
        assert set(keys[3:]) == {"+z", "+a"}


@pytest.mark.threat(19)
@pytest.mark.parametrize(
    "forged",
    ["time=2000-01-01T00:00:00.000Z", "msgid=forged", "account=root", "bot", "label=forged", "draft/multiline-concat"],
)
async def test_a_tag_of_the_server_cannot_be_forged(connect: Connect, forged: str) -> None:
    """IRCv3 message-tags: «The client-only tag prefix allows servers to safely relay untrusted client tags, keeping
    them distinct from unprefixed tags that carry verified meaning.»"""
    caps = "account-tag echo-message message-tags server-time"
    ann, bob = await enter(connect, "ann", "#tea", caps), await enter(connect, "bob", "#tea", caps)
    await drain(ann)
    echo = one(await ask(ann, f"@{forged};+mine=1 PRIVMSG #tea :hi"))
    for line in (echo, one(await ask(bob))):
        assert line.tags.keys() == {"+mine", "msgid", "time"}
        assert forged.partition("=")[2] not in line.tags.values() or "=" not in forged


async def test_tags_from_one_who_did_not_ask_for_them_do_not_hurt(connect: Connect) -> None:
    """IRCv3 message-tags: «Clients and servers that negotiate a capability that uses tags MUST support the full tag
    format above»: a line with tags has a command all the same."""
    ann, bob = await enter(connect, "ann", "#tea"), await enter(connect, "bob", "#tea")
    await drain(ann)
    assert await ask(ann, "@+x=1;label=y;z PRIVMSG #tea :hi") == []
    assert await ask(bob) == [":ann!ann@localhost PRIVMSG #tea :hi"]


async def test_tags_begin_with_the_very_next_message(connect: Connect) -> None:
    """IRCv3 message-ids, "Examples": «C: CAP REQ message-tags; S: CAP me ACK :message-tags; S: @msgid=msgid-a
    :nick!user@host PRIVMSG #channel :Hello again; C: CAP REQ -message-tags; […] S: :nick!user@host PRIVMSG #channel
    :Another hello»."""
    ann, bob = await enter(connect, "ann", "", ECHO), await enter(connect, "bob")
    await ask(ann, "@+draft/reply=x PRIVMSG bob :hey yourself")
    assert await ask(bob) == [":ann!ann@localhost PRIVMSG bob :hey yourself"]
    await ask(bob, "CAP REQ :message-tags server-time")
    await ask(ann, "@+draft/reply=y PRIVMSG bob :hey again")
    assert one(await ask(bob)).tags.keys() == {"+draft/reply", "msgid", "time"}
    await ask(bob, "CAP REQ :-message-tags -server-time")
    await ask(ann, "@+draft/reply=z PRIVMSG bob :and again")
    assert await ask(bob) == [":ann!ann@localhost PRIVMSG bob :and again"]


# TAGMSG


async def test_tagmsg_reaches_only_those_with_message_tags(connect: Connect) -> None:
    """IRCv3 message-tags: «Servers MUST NOT deliver TAGMSG to clients that haven't negotiated the message tags
    capability»; echo-message: «When the message-tags capability has been enabled, the same rules apply to TAGMSG
    messages.»"""
    ann = await enter(connect, "ann", "#tea", TAGS)
    bob = await enter(connect, "bob", "#tea", ECHO)
    others = [
        await enter(connect, "carol", "#tea"),
        await enter(connect, "dave", "#tea", "server-time"),
        await enter(connect, "eve", "#tea", "account-tag batch echo-message labeled-response"),
    ]
    await drain(ann, bob, *others)
    echo = one(await ask(bob, r"@+buzz=fizz\:buzz;cat=dog;+steel=wootz TAGMSG #tea"))
    assert echo.bare == ":bob!bob@localhost TAGMSG #tea"
    assert echo.tags.keys() == {"+buzz", "+steel", "msgid"}
    assert (echo.tags["+buzz"], echo.tags["+steel"]) == ("fizz;buzz", "wootz")
    assert await ask(ann) == [echo]
    for peer in others:
        assert await ask(peer) == []


async def test_tagmsg_without_an_echo_has_no_answer(connect: Connect) -> None:
    """IRCv3 message-tags: «This message MUST be delivered to targets in the same way as PRIVMSG and NOTICE
    messages.»"""
    ann, bob = await enter(connect, "ann", "", TAGS), await enter(connect, "bob")
    assert await ask(ann, "@+typing=active TAGMSG bob") == []
    assert await ask(bob) == []


async def test_tagmsg_is_passed_on_without_the_tags_nobody_may_see(connect: Connect) -> None:
    """IRCv3 message-tags, "Examples": «A TAGMSG sent by a client with an un-prefixed tag that has no specified
    behaviour. The server removes the tag before relaying the message. C: @unknown-tag TAGMSG #channel; S:
    :nick!user@example.com TAGMSG #channel»."""
    ann, bob = await enter(connect, "ann", "#tea", TAGS), await enter(connect, "bob", "#tea", TAGS)
    await drain(ann)
    await ask(ann, "@unknown-tag TAGMSG #tea")
    got = one(await ask(bob))
    assert got.bare == ":ann!ann@localhost TAGMSG #tea"
    assert "unknown-tag" not in got.tags


async def test_tagmsg_honours_rooms_and_nicks(connect: Connect) -> None:
    """IRCv3 message-tags: «This means for example, honouring channel membership, modes, echo-message, STATUSMSG
    prefixes, etc. […] See PRIVMSG in RFC2812 for more details on replies and examples.»"""
    ann, bob = await enter(connect, "ann", "", TAGS), await enter(connect, "bob", "#tea", TAGS)
    for target, numeric in {"nobody": "401", "#nowhere": "40[134]", "#tea": "404"}.items():
        answer = one(await ask(ann, f"@+x=1 TAGMSG {target}"))
        assert re.fullmatch(rf":{SERVER} {numeric} ann {target} :.+", answer)
    assert await ask(bob) == []
    await ask(ann, "JOIN #tea")
    await ask(bob, "MODE #tea +m")
    await drain(ann, bob)
    assert re.fullmatch(rf":{SERVER} 404 ann #tea :.+", one(await ask(ann, "@+x=1 TAGMSG #tea")))
    assert await ask(bob) == []


async def test_tagmsg_can_go_to_operators(connect: Connect) -> None:
    """IRCv3 message-tags, "Examples": «A TAGMSG sent by a client to channel ops with a client-only tag and STATUSMSG
    prefix: C: @+example-client-tag=example-value TAGMSG @#channel»."""
    op, joe, eve = [await enter(connect, nick, "#tea", TAGS) for nick in ("op", "joe", "eve")]
    await ask(op, "MODE #tea +o eve")
    await drain(joe, eve)
    assert await ask(eve, "@+x=1 TAGMSG @#tea") == []
    got = one(await ask(op))
    assert (got.command, got.params, got.tags["+x"]) == ("TAGMSG", ["@#tea"], "1")
    assert await ask(joe) == []


async def test_tagmsg_is_nothing_to_those_who_speak_something_else(connect: Connect) -> None:
    """IRCv3 message-tags: «Servers MUST NOT deliver TAGMSG to clients that haven't negotiated the message tags
    capability», and: «Clients that receive a TAGMSG command MUST NOT display them in the message history by
    default.»"""
    eve = await (await connect()).enter_line("eve")
    joe = await (await connect()).enter_json("joe", "#lobby")
    ann = await enter(connect, "ann", "#lobby", TAGS)
    await eve.until("ann")
    await ask(ann, "@+typing=active TAGMSG #lobby", "@+typing=active TAGMSG eve", "PRIVMSG #lobby :here I am")
    shown = await eve.until(r"here I am")
    assert shown.string[shown.pos : shown.start()].count("\n") <= 1
    assert "typing" not in eve.seen.decode()
    page = await joe.ask(do="history", room="#lobby")
    assert [event["text"] for event in page["events"] if event["event"] not in ("joined", "topic_set")] == ["here I am"]


async def test_tagmsg_to_nobody_is_an_error(connect: Connect) -> None:
    """modern.ircdocs.horse, "ERR_NORECIPIENT (411)"; IRCv3 message-tags: «Parameters: <msgtarget>»."""
    ann = await enter(connect, "ann", "", TAGS)
    assert re.fullmatch(rf":{SERVER} (411 ann|461 ann TAGMSG) :.+", one(await ask(ann, "@+x=1 TAGMSG")))


# lengths


async def test_4094_bytes_of_tags_are_passed_on_whole(connect: Connect) -> None:
    """IRCv3 message-tags, "Size limit": «Clients MUST NOT send messages with tag data exceeding 4094 bytes, this
    includes tags with or without the client-only prefix», and «This limit is separated between tags added by the server
    and tags sent by the client. This prevents servers from overflowing the overall limit by adding tags to a client
    message»."""
    caps = f"{ECHO} server-time"
    ann, bob = await enter(connect, "ann", "#tea", caps), await enter(connect, "bob", "#tea", caps)
    await drain(ann)
    line = f"@foo=bar;+baz={'a' * 4081} TAGMSG #tea"
    assert line.index("TAGMSG") == 4096
    echo = one(await ask(ann, line))
    got = one(await ask(bob))
    assert got == echo
    assert got.tags["+baz"] == "a" * 4081
    assert {"msgid", "time"} <= got.tags.keys()


@pytest.mark.threat(15, 19)
@pytest.mark.parametrize("rest", ["TAGMSG #tea", "PRIVMSG #tea hi!", f"PRIVMSG #tea {'b' * 495}"])
async def test_4095_bytes_of_tags_are_417(connect: Connect, rest: str) -> None:
    """IRCv3 message-tags, "Size limit": «Servers MUST reply with the ERR_INPUTTOOLONG (417) error numeric if a client
    sends a message with more tag data than the allowed limit. Servers MUST NOT truncate tags and MUST always reject
    lines that exceed this limit.»"""
    ann, bob = await enter(connect, "ann", "#tea", ECHO), await enter(connect, "bob", "#tea", TAGS)
    await drain(ann)
    line = f"@foo=bar;+baz={'a' * 4082} {rest}"
    assert line.index(rest) == 4097
    assert re.fullmatch(rf":{SERVER} 417 ann :.+", one(await ask(ann, line)))
    assert await ask(bob) == []


async def test_characters_of_several_bytes_count_as_several_in_tags(connect: Connect) -> None:
    """IRCv3 message-tags, "Size limit": «tag data describes the bytes between the leading and trailing tag
    separators»."""
    ann, bob = await enter(connect, "ann", "#tea", TAGS), await enter(connect, "bob", "#tea", TAGS)
    await drain(ann)
    assert commands(await ask(ann, f"@+a={'汉' * 1364} TAGMSG #tea")) == ["417"]
    assert await ask(bob) == []
    assert await ask(ann, f"@+a={'汉' * 1363} TAGMSG #tea") == []
    assert one(await ask(bob)).tags["+a"] == "汉" * 1363


async def test_many_small_tags_are_not_cut_either(connect: Connect) -> None:
    """IRCv3 message-tags, "Size limit": «Servers MUST NOT truncate tags»."""
    ann, bob = await enter(connect, "ann", "#tea", TAGS), await enter(connect, "bob", "#tea", TAGS)
    await drain(ann)
    tags = {f"+t{number}": "" for number in range(600)}
    assert len(";".join(tags)) <= 4094
    assert await ask(ann, f"@{';'.join(tags)} TAGMSG #tea") == []
    assert one(await ask(bob)).tags.keys() - {"msgid"} == tags.keys()


@pytest.mark.threat(15)
async def test_the_most_of_tags_and_the_most_of_a_line_go_together(connect: Connect) -> None:
    """IRCv3 message-tags, "Size limit": «The size limit for the rest of the message remains unchanged at 512 bytes.»"""
    ann, bob = await enter(connect, "ann", "#tea", ECHO), await enter(connect, "bob", "#tea", TAGS)
    await drain(ann)
    line = f"@foo=bar;+baz={'a' * 4081} PRIVMSG #tea {'b' * 496}"
    assert len(line) == 4096 + 510 - 1  # our \n is shorter than the CR LF that is counted
    answer, got = one(await ask(ann, line)), await ask(bob)
    if answer.command == "417":
        assert got == []
    else:
        assert one(got) == answer
        assert answer.tags["+baz"] == "a" * 4081
        assert re.fullmatch("b{400,496}", answer.params[1])
    fits = 512 - len(":ann!ann@localhost PRIVMSG #tea :\r\n")
    echo = one(await ask(ann, f"@foo=bar;+baz={'a' * 4081} PRIVMSG #tea {'b' * fits}"))
    assert echo.params == ["#tea", "b" * fits]
    assert one(await ask(bob)) == echo


# msgid


async def test_a_message_has_one_id_on_every_copy(connect: Connect) -> None:
    """IRCv3 message-ids: «The tag value is chosen by the originating server and MUST be unique», «it SHOULD be attached
    to all PRIVMSG and NOTICE events», «clients need to know the IDs for their own messages as well»."""
    ann, bob, eve = [await enter(connect, nick, "#tea", ECHO) for nick in ("ann", "bob", "eve")]
    await drain(ann, bob)
    ids = []
    for line in ("PRIVMSG #tea :1", "NOTICE #tea :2", "@+x TAGMSG #tea", "PRIVMSG #tea :1"):
        echo = one(await ask(ann, line))
        assert one(await ask(bob)).tags == one(await ask(eve)).tags == echo.tags
        ids.append(echo.tags["msgid"])
    for line in ("PRIVMSG bob :1", "NOTICE bob :2", "@+x TAGMSG bob"):
        echo = one(await ask(ann, line))
        assert one(await ask(bob)).tags == echo.tags
        ids.append(echo.tags["msgid"])
    assert len(set(ids)) == len(ids)
    assert all(ids)
    assert not any(set(" :,") & set(id) for id in ids), "an id is given as a parameter: REDACT, CHATHISTORY"


async def test_an_id_to_several_targets_is_still_unique(connect: Connect) -> None:
    """IRCv3 message-ids: «MUST be unique, meaning any other message transmitted on the entire network at any time MUST
    NOT share the same value»: what was said in a room and what was said to somebody are two messages."""
    ann, bob = await enter(connect, "ann", "#tea", ECHO), await enter(connect, "bob", "#tea", ECHO)
    await drain(ann)
    echoes = {line.params[0]: line.tags["msgid"] for line in await ask(ann, "PRIVMSG #tea,bob :hi")}
    assert {line.params[0]: line.tags["msgid"] for line in await ask(bob)} == echoes
    assert len(set(echoes.values())) == 2


async def test_an_id_is_for_those_with_message_tags(connect: Connect) -> None:
    """IRCv3 message-ids: «the message-tags capability MUST be negotiated for servers wishing to use this tag»."""
    ann = await enter(connect, "ann", "#tea")
    bob = await enter(connect, "bob", "#tea", "account-tag batch echo-message labeled-response server-time")
    await drain(bob)
    await ask(ann, "PRIVMSG #tea :hi")
    assert one(await ask(bob)).tags.keys() == {"time"}


# server-time


async def test_the_time_has_its_form_and_is_true(connect: Connect) -> None:
    """IRCv3 server-time: «The value of the tag MUST have the following syntax: YYYY-MM-DDThh:mm:ss.sssZ. It represents
    a calendar date and time of day in UTC».»"""
    ann, bob = await enter(connect, "ann", "#tea", "server-time"), await enter(connect, "bob", "#tea", "server-time")
    await drain(ann)
    lines = ["PRIVMSG #tea :hi", "NOTICE #tea :hi", "PRIVMSG bob :hi", "TOPIC #tea :x", "NICK anna", "PART #tea"]
    before = datetime.now(UTC)
    await ask(ann, *lines)
    got = await ask(bob)
    after = datetime.now(UTC)
    assert commands(got) == [line.split()[0] for line in lines]
    for line in got:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.tags["time"])
        moment = datetime.fromisoformat(line.tags["time"])
        assert before - timedelta(seconds=1) <= moment <= after + timedelta(seconds=1)


async def test_the_time_is_the_same_on_every_copy(connect: Connect) -> None:
    """IRCv3 server-time: «Servers offering this capability for all messages SHOULD also offer the echo-message
    capability to allow clients to keep a consistent chronology of events.»"""
    caps = f"{ECHO} server-time"
    ann, bob, eve = [await enter(connect, nick, "#tea", caps) for nick in ("ann", "bob", "eve")]
    await drain(ann, bob)
    for line in ("PRIVMSG #tea :1", "NOTICE #tea :2", "@+x TAGMSG #tea"):
        echo = one(await ask(ann, line))
        assert one(await ask(bob)) == one(await ask(eve)) == echo
        assert "time" in echo.tags


async def test_no_time_before_it_was_asked_for(connect: Connect) -> None:
    """IRCv3 server-time: «Servers MAY include the timestamp in messages when they see fit but MUST NOT do so before
    acknowledging the client capability using CAP ACK.»"""
    ann, bob = await enter(connect, "ann"), await enter(connect, "bob", "", "server-time")
    assert "@time=" not in ann.seen.decode()
    *before, _ = bob.seen.decode().partition(" ACK ")[0].splitlines()
    assert "@time=" not in "".join(before)
    await ask(bob, "PRIVMSG ann :hi")
    assert one(await ask(ann)).tags == {}


# account-tag


async def test_the_account_stands_on_what_its_owner_does(connect: Connect) -> None:
    """IRCv3 account-tag: «The tag MUST be added by the ircd to all commands sent by a user (e.g. PRIVMSG, MODE, NOTICE,
    and all others). […] The tag MUST be named account, and contain the sender's current services username.»"""
    bob = await enter(connect, "bob", "#tea", "account-tag")
    ann = await enter_account(connect, "ann")
    await ask(bob, "MODE #tea -t")
    for line, command in {
        "JOIN #tea": "JOIN",
        "PRIVMSG #tea :hi": "PRIVMSG",
        "NOTICE bob :hi": "NOTICE",
        "TOPIC #tea :x": "TOPIC",
        "NICK anna": "NICK",
        "PART #tea :bye": "PART",
        "INVITE bob #milk": "INVITE",
    }.items():
        await ask(ann, *(["JOIN #milk"] if command == "INVITE" else []), line)
        got = one(only(await ask(bob), command))
        assert got.tags == {"account": "ann"}, got
    await ask(ann, "JOIN #tea")
    await ask(bob, "MODE #tea +o anna")
    await ask(ann, "MODE #tea +m")
    assert one(line for line in await ask(bob) if line.command == "MODE").tags == {"account": "ann"}
    ann.send("QUIT :bye")
    await ann.end()
    assert one(await ask(bob)).tags == {"account": "ann"}


async def test_without_an_account_there_is_no_tag(connect: Connect) -> None:
    """IRCv3 account-tag: «If the user is not identified to any services account, the tag MUST NOT be sent.»"""
    bob, ann = await enter(connect, "bob", "", "account-tag"), await enter(connect, "ann")
    await ask(ann, "PRIVMSG bob :hi")
    assert one(await ask(bob)).tags == {}


async def test_the_account_is_for_those_who_asked(connect: Connect) -> None:
    """IRCv3 account-tag: «The account-tag capability causes the server to add a message tag […] to commands sent to the
    client that has requested this capability.»"""
    ann = await enter_account(connect, "ann")
    bob, eve = await enter(connect, "bob"), await enter(connect, "eve", "", "server-time")
    await ask(ann, "PRIVMSG bob,eve :hi")
    assert one(await ask(bob)).tags == {}
    assert one(await ask(eve)).tags.keys() == {"time"}


async def test_the_account_begins_with_the_login(connect: Connect) -> None:
    """IRCv3 account-tag, "Example": «:user PRIVMSG #atheme :Hello everyone. […] @account=hax0r :user PRIVMSG #atheme
    :Now I'm logged in.»"""
    bob = await enter(connect, "bob", "", "account-tag message-tags")
    ann = await enter(connect, "ann", "", "draft/account-registration echo-message account-tag")
    assert one(await ask(ann, "PRIVMSG bob :hello")).tags == {}
    assert "REGISTER" in commands(await ask(ann, "REGISTER * * correct-horse-battery"))
    assert one(await ask(ann, "PRIVMSG bob :now")).tags == {"account": "ann"}
    assert [line.tags.get("account") for line in await ask(bob)] == [None, "ann"]
