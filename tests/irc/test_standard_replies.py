"""FAIL, WARN and NOTE: their form, wherever they come from."""

import re

import pytest

from tests.conftest import Connect
from tests.irc.peers import SERVER, Line, ask, bare, enter, one

CAPS = "batch draft/chathistory draft/message-redaction draft/multiline labeled-response message-tags"

FAILURES = {
    "a text that is not UTF-8": ([b"PRIVMSG #tea :\xff"], "PRIVMSG", "INVALID_UTF8", []),
    "a topic that is not UTF-8": ([b"TOPIC #tea :\xff"], "TOPIC", "INVALID_UTF8", []),
    "an unknown id": (["REDACT #tea nonsense"], "REDACT", "UNKNOWN_MSGID", ["#tea", "nonsense"]),
    "a room one is not in": (["REDACT #milk nonsense"], "REDACT", "INVALID_TARGET", ["#milk"]),
    "a batch without lines": (["BATCH +1 draft/multiline #tea", "BATCH -1"], "BATCH", "MULTILINE_INVALID", []),
    "a batch with two targets": (
        ["BATCH +1 draft/multiline #tea", "@batch=1 PRIVMSG #milk :x"],
        "BATCH",
        "MULTILINE_INVALID_TARGET",
        ["#tea", "#milk"],
    ),
    "history of nothing": (
        ["CHATHISTORY LATEST #nowhere * 10"],
        "CHATHISTORY",
        "INVALID_TARGET",
        ["LATEST", "#nowhere"],
    ),
    "history that is none": (["CHATHISTORY NONSENSE #tea * 10"], "CHATHISTORY", "[A-Z_]+", None),
}
"""What is sent, and the command, the code and the context of the answer."""


def standard(line: Line) -> bool:
    return re.fullmatch(rf":{SERVER} (FAIL|WARN|NOTE) (\*|[A-Z]+) [A-Z0-9_]+( [^ :][^ ]*)* :.+", line.bare) is not None


@pytest.mark.parametrize("failure", FAILURES)
async def test_a_failure_has_its_form(connect: Connect, failure: str) -> None:
    """IRCv3 standard-replies, "Message Format": «<type> <command> <code> [<context>...] <description>», «<command>:
    Indicates the user command which this reply is related to», «<code>: Machine-readable reply code», «<description>: A
    required plain-text description of the reply which is shown to users»."""
    sent, command, code, context = FAILURES[failure]
    ann = await enter(connect, "ann", "#tea", CAPS)
    line = one(await ask(ann, *sent))
    assert standard(line), line
    assert (line.command, line.params[0]) == ("FAIL", command)
    assert re.fullmatch(code, line.params[1])
    assert context is None or line.params[2:-1] == context
    assert " " in line.params[-1], "it is for people"


@pytest.mark.parametrize("failure", FAILURES)
async def test_a_failure_has_the_label(connect: Connect, failure: str) -> None:
    """IRCv3 standard-replies: «This message SHOULD also be given a label, if one was provided by the client with the
    original command that spawned this reply.»"""
    first, *others = FAILURES[failure][0]
    label = b"@label=here " if isinstance(first, bytes) else "@label=here "
    ann = await enter(connect, "ann", "#tea", CAPS)
    line = one(await ask(ann, label + first, *others))  # type: ignore[operator]
    assert standard(line), line
    assert line.tags["label"] == "here"


async def test_the_capability_is_offered(connect: Connect) -> None:
    """IRCv3 standard-replies, "Capabilities": «This specification adds the standard-replies capability.»"""
    await enter(connect, "ann", "", "standard-replies")


async def test_what_a_specification_asks_for_comes_without_the_capability_too(connect: Connect) -> None:
    """IRCv3 standard-replies, "Capabilities": «This capability allows servers to send arbitrary standard replies other
    than ones enabled by a specific specification.» INVALID_UTF8 is enabled by utf8-only, whose token everybody gets."""
    with_, without = await enter(connect, "ann", "", "standard-replies"), await enter(connect, "bob")
    answers = [one(await ask(peer, b"PRIVMSG x :\xff")) for peer in (with_, without)]
    assert standard(answers[0])
    assert bare(answers)[0] == bare(answers)[1]


async def test_everything_is_a_numeric_for_those_without_it(connect: Connect) -> None:
    """IRCv3 standard-replies, "Capabilities": arbitrary standard replies are for those who asked; «It is RECOMMENDED
    that servers use standard replies instead of custom error numerics or server notices for non-standardised features
    when responding to a client which supports this capability.»"""
    ann = await enter(connect, "ann", "#tea")
    for line in (
        "NONSENSE",
        "PRIVMSG nobody :x",
        "JOIN nonsense",
        "NICK :a b",
        "MODE #nowhere +m",
        "TOPIC #nowhere :x",
    ):
        answer = one(await ask(ann, line))
        assert re.fullmatch(rf":{SERVER} \d\d\d ann .*:.+", answer), answer
