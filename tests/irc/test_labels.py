"""labeled-response, and the batches that answers come in."""

import re

import pytest

from tests.conftest import Connect
from tests.irc.peers import SERVER, Line, ask, batch, commands, drain, enter, one, only, response

LABELS = "batch labeled-response"
ECHO = "batch echo-message labeled-response"


def labelled_batch(lines: list[Line], label: str) -> list[Line]:
    """What is in the batch, which begins with the first line and ends with the last."""
    opening, *inside, closing = lines
    assert opening.tags == {"label": label} or opening.tags.keys() == {"label", "time"}
    assert (opening.source, opening.command) == (SERVER, "BATCH")
    assert re.fullmatch(r"\+[A-Za-z0-9-]+", opening.params[0])
    assert opening.params[1:] == ["labeled-response"]
    assert closing.bare == f":{SERVER} BATCH -{opening.params[0][1:]}"
    assert "label" not in closing.tags
    assert "batch" not in closing.tags
    assert all(line.tags.get("batch") and "label" not in line.tags for line in inside)
    return [line for line in inside if line.tags["batch"] == opening.params[0][1:]]


# one line, none, several


async def test_one_line_of_answer_has_the_label(connect: Connect) -> None:
    """IRCv3 labeled-response: «For any message received from a client that includes this tag, the server MUST include
    the same tag and value in any response produced from this message.» «If a response consists of more than one
    message, a batch MUST be used»; of one, none is."""
    ann = await enter(connect, "ann", "", LABELS)
    pong = one(await ask(ann, "@label=98765 PING adhoctestline"))
    assert (pong.tags, pong.command, pong.params) == ({"label": "98765"}, "PONG", [SERVER, "adhoctestline"])


@pytest.mark.parametrize(
    ("line", "numeric"),
    [
        ("NONEXISTENT_COMMAND", "421"),
        ("PRIVMSG nobody :hi", "401"),
        ("PRIVMSG bob :", "412"),
        ("PRIVMSG", "411"),
        ("JOIN", "461"),
        ("NICK bob", "433"),
        ("MODE #nowhere", "403"),
        ("USER a 0 * :b", "462"),
        ("CAP NOTACOMMAND", "410"),
        ("TOPIC #nowhere :x", "403"),
        ("AWAY :eating", "306"),
        ("ISON bob", "303"),
        ("USERHOST bob", "302"),
        ("MODE ann", "221"),
        ("NAMES #nowhere", "366"),
        ("WHO nobody", "315"),
    ],
)
async def test_an_error_or_a_numeric_has_the_label(connect: Connect, line: str, numeric: str) -> None:
    """IRCv3 labeled-response, "Examples": «Failed PRIVMSG with ERR_NOSUCHNICK. Client: @label=dc11f13f11 PRIVMSG nick
    :Hello Server: @label=dc11f13f11 :irc.example.com 401 * nick :No such nick/channel»."""
    ann, _ = await enter(connect, "ann", "", LABELS), await enter(connect, "bob")
    answer = one(await ask(ann, f"@label=deadbeef {line}"))
    assert answer.tags == {"label": "deadbeef"}
    assert answer.command == numeric


@pytest.mark.parametrize("line", ["CAP LIST", "CAP REQ :server-time"])
async def test_cap_is_answered_with_the_label(connect: Connect, line: str) -> None:
    """IRCv3 labeled-response: «any response produced from this message»."""
    ann = await enter(connect, "ann", "", LABELS)
    answer = one(await ask(ann, f"@label=c {line}"))
    assert (answer.tags["label"], answer.command) == ("c", "CAP")


@pytest.mark.parametrize(
    "line",
    [
        "PONG adhoctestline",
        "PRIVMSG bob :hi",
        "NOTICE bob :hi",
        "NOTICE nobody :hi",
        "PRIVMSG #tea :hi",
        "TAGMSG bob",
        "CAP END",
        "NICK ann",
        "JOIN #tea",
    ],
)
async def test_no_answer_is_an_ack(connect: Connect, line: str) -> None:
    """IRCv3 labeled-response: «Servers MUST respond with a labeled ACK message when a client sends a labeled command
    that normally produces no response. It takes no additional parameters and is defined as follows: :irc.example.com
    ACK»."""
    ann = await enter(connect, "ann", "#tea", f"{LABELS} message-tags")
    await enter(connect, "bob", "", "message-tags")
    assert await ask(ann, f"@label=98765 {line}") == [f"@label=98765 :{SERVER} ACK"]


@pytest.mark.parametrize(
    ("line", "first", "last"),
    [
        ("WHOIS bob", "311", "318"),
        ("WHO #tea", "352", "315"),
        ("NAMES #tea", "353", "366"),
        ("LIST", "32[12]", "323"),
        ("MOTD", "375", "376"),
        ("LUSERS", "25[01]", "266"),
        ("VERSION", "351", "005"),
        ("WHOIS nobody", "401", "318"),
        ("HELP", "704", "706"),
    ],
)
async def test_several_lines_of_answer_are_a_batch(connect: Connect, line: str, first: str, last: str) -> None:
    """IRCv3 labeled-response: «If a response consists of more than one message, a batch MUST be used to group them into
    a single logical response. The start of the batch MUST be tagged with the label tag.»"""
    ann = await enter(connect, "ann", "#tea", LABELS)
    await enter(connect, "bob", "#tea")
    await drain(ann)
    numerics = commands(labelled_batch(await ask(ann, f"@label=mGhe5V7RTV {line}"), "mGhe5V7RTV"))
    assert re.fullmatch(first, numerics[0])
    assert re.fullmatch(last, numerics[-1])


async def test_joining_is_a_batch(connect: Connect) -> None:
    """IRCv3 labeled-response: «a batch MUST be used to group them»; batch: «Reference tag MUST contain only ASCII
    letters, numbers, and/or hyphen»."""
    ann = await enter(connect, "ann", "", f"{LABELS} message-tags server-time")
    inside = commands(labelled_batch(await ask(ann, "@label=12345 JOIN #xyz"), "12345"))
    assert len(inside) >= 3
    assert (inside[0], inside[-1]) == ("JOIN", "366")


async def test_what_is_played_back_on_joining_is_a_batch_in_the_batch(connect: Connect) -> None:
    """IRCv3 batch: «Start and end messages of one batch MAY refer to another batch. If they do, they both MUST have
    batch tag, and they MUST refer to the same batch. This means that one batch is nested to another.»"""
    bob = await enter(connect, "bob", "#tea")
    await ask(bob, "PRIVMSG #tea :before you came")
    ann = await enter(connect, "ann", "", f"{LABELS} server-time")
    lines = await ask(ann, "@label=12345 JOIN #tea")
    assert response(lines, "12345")[0].command == "JOIN"
    opening, played = batch(lines, "chathistory")
    assert one(played).params == ["#tea", "before you came"]
    assert opening.tags.get("batch") in (None, lines[0].params[0][1:])


async def test_joining_several_rooms_is_one_response(connect: Connect) -> None:
    """IRCv3 labeled-response: «Servers MUST include the tag in exactly one logical message.»"""
    ann = await enter(connect, "ann", "", LABELS)
    inside = labelled_batch(await ask(ann, "@label=1 JOIN #tea,#milk,nonsense"), "1")
    assert commands(inside).count("JOIN") == 2
    assert len(only(inside, "403", "476", "479")) == 1
    inside = labelled_batch(await ask(ann, "@label=2 PART #tea,#milk"), "2")
    assert commands(inside) == ["PART", "PART"]


# messages


@pytest.mark.parametrize("verb", ["PRIVMSG", "NOTICE"])
@pytest.mark.parametrize("target", ["bob", "#tea"])
async def test_an_echo_has_the_label_and_nobody_else_sees_it(connect: Connect, verb: str, target: str) -> None:
    """IRCv3 labeled-response, "Examples": «Client: @label=pQraCjj82e PRIVMSG #channel :Hello! Server: @label=pQraCjj82e
    :nick!user@host PRIVMSG #channel :Hello!» Without message-tags it is the only tag."""
    ann, bob = await enter(connect, "ann", "#tea", ECHO), await enter(connect, "bob", "#tea", ECHO)
    await drain(ann)
    line = f"@label=12345;+draft/reply=123;+draft/react=l😃l {verb} {target} :hi"
    assert await ask(ann, line) == [f"@label=12345 :ann!ann@localhost {verb} {target} :hi"]
    assert await ask(bob) == [f":ann!ann@localhost {verb} {target} :hi"]


@pytest.mark.parametrize("verb", ["PRIVMSG", "NOTICE", "TAGMSG"])
@pytest.mark.parametrize("target", ["bob", "#tea"])
async def test_an_echo_has_the_label_beside_the_other_tags(connect: Connect, verb: str, target: str) -> None:
    """IRCv3 message-tags, "Examples": «C1-S: @label=123;+example-client-tag=example-value TAGMSG #channel; S-C1:
    @label=123;msgid=abc;+example-client-tag=example-value :nick!user@example.com TAGMSG #channel; S-C2:
    @msgid=abc;+example-client-tag=example-value :nick!user@example.com TAGMSG #channel»."""
    caps = f"{ECHO} message-tags"
    ann, bob = await enter(connect, "ann", "#tea", caps), await enter(connect, "bob", "#tea", caps)
    await drain(ann)
    text = "" if verb == "TAGMSG" else " :hi there"
    echo = one(await ask(ann, f"@label=12345;+draft/reply=x;+draft/react=l😃l {verb} {target}{text}"))
    got = one(await ask(bob))
    assert got.tags.keys() == {"msgid", "+draft/reply", "+draft/react"}
    assert (got.tags["+draft/reply"], got.tags["+draft/react"]) == ("x", "l😃l")
    assert echo.tags == {"label": "12345", **got.tags}
    assert (echo.command, echo.params) == (got.command, got.params)


async def test_echoes_to_several_targets_are_a_batch(connect: Connect) -> None:
    """IRCv3 labeled-response: «If a response consists of more than one message, a batch MUST be used»."""
    ann, *others = [await enter(connect, nick, "", ECHO) for nick in ("ann", "bob", "carl", "alice")]
    inside = labelled_batch(await ask(ann, "@label=12345 PRIVMSG bob,carl,alice :hi"), "12345")
    assert sorted(line.params[0] for line in inside) == ["alice", "bob", "carl"]
    for peer in others:
        assert one(await ask(peer)).tags == {}


async def test_an_echo_and_an_error_are_a_batch(connect: Connect) -> None:
    """IRCv3 labeled-response: «Servers MUST include the tag in exactly one logical message.»"""
    ann, _ = await enter(connect, "ann", "", ECHO), await enter(connect, "bob")
    inside = labelled_batch(await ask(ann, "@label=1 PRIVMSG bob,nobody :hi"), "1")
    assert sorted(commands(inside)) == ["401", "PRIVMSG"]


async def test_an_echo_and_who_is_away_are_a_batch(connect: Connect) -> None:
    """modern.ircdocs.horse, "RPL_AWAY (301)"; IRCv3 labeled-response: «If a response consists of more than one message,
    a batch MUST be used to group them into a single logical response.»"""
    ann, eve = await enter(connect, "ann", "", ECHO), await enter(connect, "eve", "", LABELS)
    bob = await enter(connect, "bob")
    await ask(bob, "AWAY :eating")
    inside = labelled_batch(await ask(ann, "@label=1 PRIVMSG bob :hi"), "1")
    assert sorted(commands(inside)) == ["301", "PRIVMSG"]
    assert await ask(eve, "@label=2 PRIVMSG bob :hi") == [f"@label=2 :{SERVER} 301 eve bob :eating"]


@pytest.mark.parametrize("verb", ["PRIVMSG", "NOTICE", "TAGMSG"])
async def test_to_oneself_only_the_echo_has_the_label(connect: Connect, verb: str) -> None:
    """IRCv3 labeled-response: «When a client sends a message to itself, the server MUST NOT include the label tag,
    except for any acknowledgment sent with the echo-message mechanism. This allows clients to differentiate between the
    echoed message response, and the delivered message.»"""
    ann = await enter(connect, "ann", "", f"{ECHO} message-tags")
    lines = await ask(ann, f"@label=12345 {verb} ann{'' if verb == 'TAGMSG' else ' :hi'}")
    assert commands(lines) == [verb, verb]
    assert sorted(line.tags.get("label", "") for line in lines) == ["", "12345"]
    assert len({line.tags["msgid"] for line in lines}) == 1


async def test_to_oneself_without_an_echo_the_answer_is_an_ack(connect: Connect) -> None:
    """IRCv3 labeled-response: «When a client sends a message to itself, the server MUST NOT include the label tag»,
    and: «Servers MUST respond with a labeled ACK message when a client sends a labeled command that normally produces
    no response.»"""
    ann = await enter(connect, "ann", "", LABELS)
    lines = await ask(ann, "@label=12345 PRIVMSG ann :hi")
    assert sorted(lines) == sorted([f"@label=12345 :{SERVER} ACK", ":ann!ann@localhost PRIVMSG ann :hi"])


# the tag


@pytest.mark.parametrize("label", ["a", "x" * 64, r"a\sb\:c\\d", "汉字", "a=b", "-", "0"])
async def test_a_label_is_any_value(connect: Connect, label: str) -> None:
    """IRCv3 labeled-response: «The tag value is chosen by the client and MUST be treated as an opaque identifier. […]
    The value MUST NOT exceed 64 bytes.»"""
    ann = await enter(connect, "ann", "", LABELS)
    assert await ask(ann, f"@label={label} PONG x") == [f"@label={label} :{SERVER} ACK"]


async def test_a_label_may_stand_anywhere_among_the_tags(connect: Connect) -> None:
    """IRCv3 message-tags: «The ordering of tags is not meaningful.»"""
    ann = await enter(connect, "ann", "", LABELS)
    assert await ask(ann, "@+x=1;label=a;y PONG x") == [f"@label=a :{SERVER} ACK"]


async def test_without_the_capability_there_are_no_labels(connect: Connect) -> None:
    """IRCv3 labeled-response: «This specification depends on the batch capability which MUST be negotiated to use
    labeled responses»; message-tags: tags from a server are for those who negotiated them."""
    for nick, caps in {"ann": "", "bob": "batch echo-message message-tags"}.items():
        peer = await enter(connect, nick, "", caps)
        lines = await ask(peer, "@label=1 PONG x", "@label=2 WHOIS ann", "@label=3 NONSENSE")
        assert lines
        assert not any("label" in line.tags for line in lines)
        assert not only(lines, "ACK", "BATCH")


async def test_who_did_not_ask_for_batches_gets_none(connect: Connect) -> None:
    """IRCv3 batch: «This client capability MUST be named batch»; labeled-response: «depends on the batch capability
    which MUST be negotiated to use labeled responses»."""
    ann = await enter(connect, "ann", "", "labeled-response")
    lines = await ask(ann, "@label=1 WHOIS ann", "@label=2 JOIN #tea")
    assert {"311", "318", "JOIN", "366"} <= set(commands(lines))
    assert not only(lines, "BATCH")


async def test_who_gives_batches_back_gets_none(connect: Connect) -> None:
    """IRCv3 capability-negotiation: «prefixed with a dash (-) to designate that the capability should be disabled»;
    batch: «a capability which causes a new verb to be sent to clients»."""
    ann = await enter(connect, "ann", "#tea", f"{LABELS} draft/multiline message-tags server-time")
    await ask(ann, "PRIVMSG #tea :hi", "CAP REQ :-batch")
    lines = await ask(ann, "@label=1 WHOIS ann", "PART #tea", "JOIN #tea", "NAMES #tea")
    assert {"311", "PART", "JOIN", "366"} <= set(commands(lines))
    assert not only(lines, "BATCH")
    assert not any("batch" in line.tags for line in lines)


async def test_batch_may_be_asked_for_after_labels(connect: Connect) -> None:
    """IRCv3 labeled-response: «The order of capability negotiation is not significant and MUST not be enforced.»"""
    ann = await enter(connect, "ann", "", "labeled-response")
    await ask(ann, "CAP REQ :batch")
    labelled_batch(await ask(ann, "@label=1 WHOIS ann"), "1")


async def test_every_label_gets_its_own_answer_in_order(connect: Connect) -> None:
    """IRCv3 labeled-response: «correlate responses with a specific request»; batch: every line belongs to the batch
    that its tag names."""
    ann, _ = await enter(connect, "ann", "#tea", f"{ECHO} message-tags server-time"), await enter(connect, "bob")
    asked = ["PRIVMSG #tea :1", "WHOIS bob", "PING x", "PRIVMSG nobody :x", "NAMES #tea", "PRIVMSG #tea :2", "PONG x"]
    lines = await ask(ann, *(f"@label=l{number} {line}" for number, line in enumerate(asked)))
    assert [line.tags["label"] for line in lines if "label" in line.tags] == [f"l{n}" for n in range(len(asked))]
    started = [line for line in lines if "label" in line.tags]
    assert commands(started) == ["PRIVMSG", "BATCH", "PONG", "401", "BATCH", "PRIVMSG", "ACK"]


async def test_what_others_do_is_not_part_of_the_response(connect: Connect) -> None:
    """IRCv3 batch: «The batched events MUST use batch message tag referring to the batch's reference tag»;
    labeled-response: it groups «any response produced from this message», and nothing else."""
    ann, bob = await enter(connect, "ann", "#tea", f"{ECHO} message-tags"), await enter(connect, "bob", "#tea")
    await drain(ann)
    bob.send(*(f"PRIVMSG #tea :{number}" for number in range(100)))
    lines = await ask(ann, *(f"@label={number} WHOIS bob" for number in range(30)))
    await ask(bob)
    lines += await ask(ann)
    said = [line for line in lines if line.nick == "bob"]
    assert [line.params[1] for line in said] == [str(number) for number in range(100)]
    assert not any("batch" in line.tags or "label" in line.tags for line in said)
    assert [line.tags["label"] for line in lines if "label" in line.tags] == [str(number) for number in range(30)]


async def test_what_one_does_is_told_to_oneself_with_the_label(connect: Connect) -> None:
    """IRCv3 labeled-response: «any response produced from this message»: a change that is acknowledged by the message
    that all get is acknowledged to its author by the same with the label."""
    ann = await enter(connect, "ann", "#tea", LABELS)
    bob = await enter(connect, "bob", "#tea", LABELS)
    await drain(ann)
    for line, command in {
        "TOPIC #tea :of tea": "TOPIC",
        "MODE #tea +m": "MODE",
        "MODE ann +i": "MODE",
        "NICK anna": "NICK",
        "PART #tea :bye": "PART",
    }.items():
        answer = one(await ask(ann, f"@label=x {line}"))
        assert (answer.tags, answer.command) == ({"label": "x"}, command)
    assert all(line.tags == {} for line in await ask(bob))


async def test_an_encoding_error_has_the_label(connect: Connect) -> None:
    """IRCv3 standard-replies: «This message SHOULD also be given a label, if one was provided by the client with the
    original command that spawned this reply.»"""
    ann = await enter(connect, "ann", "#tea", ECHO)
    answer = one(await ask(ann, b"@label=xyz PRIVMSG #tea hi\xaa"))
    assert answer.tags == {"label": "xyz"}
    assert answer.params[:2] == ["PRIVMSG", "INVALID_UTF8"]


async def test_a_line_that_is_too_long_is_answered_once(connect: Connect) -> None:
    """modern.ircdocs.horse, "ERR_INPUTTOOLONG (417)"; IRCv3 labeled-response: «in the absence of exceptional conditions
    that prevent it from doing so»."""
    ann = await enter(connect, "ann", "#tea", ECHO)
    answer = one(await ask(ann, f"@label=xyz PRIVMSG #tea :{'x' * 600}"))
    assert answer.command == "417"
    assert answer.tags in ({}, {"label": "xyz"})


async def test_what_was_said_before_is_no_part_of_a_labelled_answer(connect: Connect) -> None:
    """IRCv3 labeled-response: «any message from the server in reply» to the labelled one; lines of one packet are still
    lines of their own."""
    ann = await enter(connect, "ann", "#tea", ECHO)
    lines = await ask(ann, "PRIVMSG #tea :one", "@label=x PRIVMSG #tea :two", "@label=y PING z")
    assert [(line.command, line.params[-1], line.tags.get("label")) for line in lines] == [
        ("PRIVMSG", "one", None),
        ("PRIVMSG", "two", "x"),
        ("PONG", "z", "y"),
    ]
