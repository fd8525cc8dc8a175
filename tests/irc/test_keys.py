"""tcpchat/key: what is said again under the same key is stored once, and answered in the same way (docs/irc.md)."""

import pytest

from tests.conftest import Connect
from tests.irc.login import enter as log_in
from tests.irc.login import has_account
from tests.irc.peers import Line, ask, bare, enter, one, only, response
from tests.peer import Peer

CAPS = "tcpchat/key message-tags server-time echo-message"
LINES = "batch draft/multiline"


async def says(peer: Peer, line: str) -> Line:
    """The echo."""
    return one(await ask(peer, line))


@pytest.mark.parametrize("target", ["#tea", "@#tea", "bob", "ann"])
@pytest.mark.parametrize("text", ["PRIVMSG {} :hello", "NOTICE {} :hello", "PRIVMSG {} :\x01ACTION waves\x01"])
async def test_the_same_key_gets_the_same_echo_and_nobody_hears_it_twice(
    connect: Connect, target: str, text: str
) -> None:
    ann, bob = await enter(connect, "ann", "#tea", CAPS), await enter(connect, "bob", "#tea", CAPS)
    await ask(ann, "MODE #tea +o bob")
    await ask(bob)
    line = f"@+x=1;tcpchat/key=k1 {text.format(target)}"
    first, *copies = await ask(ann, line)
    assert len(copies) == (target == "ann"), "who talks to themselves hears both sides"
    assert await says(ann, line) == first
    assert {"msgid", "time", "+x"} == first.tags.keys(), "the key is nobody's business"
    assert len(await ask(bob)) == (target != "ann")
    another = (await ask(ann, f"@tcpchat/key=k2 {text.format(target)}"))[0]
    assert another.tags["msgid"] != first.tags["msgid"]


async def test_an_echo_has_the_account_again(connect: Connect) -> None:
    await has_account(connect, "ann")
    ann = await log_in(connect, "ann", account="ann", caps=f"{CAPS} account-tag", room="#tea")
    await ask(ann)
    first = await says(ann, "@tcpchat/key=k PRIVMSG #tea :hello")
    assert first.tags["account"] == "ann"
    assert await says(ann, "@tcpchat/key=k PRIVMSG #tea :hello") == first


async def test_the_label_is_on_the_same_echo(connect: Connect) -> None:
    """IRCv3 labeled-response: «any response produced from this message»."""
    ann = await enter(connect, "ann", "#tea", f"{CAPS} labeled-response batch")
    for label in ("one", "two"):
        lines = await ask(ann, f"@label={label};tcpchat/key=k PRIVMSG #tea :hello")
        assert bare(response(lines, label)) == [":ann!ann@localhost PRIVMSG #tea :hello"]
        assert len(lines) == 1


async def test_without_echoes_a_repetition_is_acknowledged_if_it_has_a_label(connect: Connect) -> None:
    """IRCv3 labeled-response: «Servers MUST respond with a labeled ACK message when a client sends a labeled command
    that normally produces no response»."""
    ann = await enter(connect, "ann", "#tea", "tcpchat/key labeled-response batch")
    for _ in range(2):
        assert await ask(ann, "@label=x;tcpchat/key=k PRIVMSG #tea :hello") == ["@label=x :tcpchat.local ACK"]
        assert await ask(ann, "@tcpchat/key=k PRIVMSG #tea :hello") == []


async def test_each_target_has_its_own_echo_once(connect: Connect) -> None:
    ann, bob = await enter(connect, "ann", "#tea", CAPS), await enter(connect, "bob", "#tea", CAPS)
    await ask(ann, "@tcpchat/key=k PRIVMSG #tea :hello")
    await ask(bob)
    lines = await ask(ann, "@tcpchat/key=k PRIVMSG #tea,bob :hello")
    assert [line.params for line in lines] == [["#tea", "hello"], ["bob", "hello"]]
    assert [line.params for line in await ask(bob)] == [["bob", "hello"]]


async def test_what_is_sent_at_once_keeps_its_order(connect: Connect) -> None:
    ann, bob = await enter(connect, "ann", "#tea", CAPS), await enter(connect, "bob", "#tea", CAPS)
    await ask(ann)
    lines = [f"@tcpchat/key=k{n // 2} PRIVMSG #tea :{n // 2}" if n % 3 else f"PRIVMSG #tea :x{n}" for n in range(40)]
    wanted = [line.rpartition(":")[2] for line in lines]
    assert [line.params[-1] for line in await ask(ann, *lines)] == wanted
    heard = [line.params[-1] for line in await ask(bob)]
    assert heard == list(dict.fromkeys(wanted))


async def test_a_message_of_several_lines_has_its_key_on_the_batch(connect: Connect) -> None:
    ann, bob = [await enter(connect, nick, "#tea", f"{CAPS} {LINES}") for nick in ("ann", "bob")]
    await ask(ann)
    message = [
        "@tcpchat/key=k BATCH +1 draft/multiline #tea",
        "@batch=1 PRIVMSG #tea :one",
        "@batch=1 PRIVMSG #tea :two",
        "BATCH -1",
    ]
    first, second = await ask(ann, *message), await ask(ann, *message)
    assert first == second
    assert [line.params[-1] for line in only(first, "PRIVMSG")] == ["one", "two"]
    assert first[0].tags["msgid"] == second[0].tags["msgid"]
    assert len(await ask(bob)) == 4


async def test_without_the_capability_there_are_no_keys(connect: Connect) -> None:
    ann = await enter(connect, "ann", "#tea", "message-tags echo-message")
    first, second = [await says(ann, "@tcpchat/key=k PRIVMSG #tea :hello") for _ in range(2)]
    assert first.tags["msgid"] != second.tags["msgid"]


async def test_another_ones_key_is_another_key(connect: Connect) -> None:
    ann, bob = await enter(connect, "ann", "#tea", CAPS), await enter(connect, "bob", "#tea", CAPS)
    await ask(ann)
    first = await says(ann, "@tcpchat/key=k PRIVMSG #tea :hello")
    await ask(bob)
    assert (await says(bob, "@tcpchat/key=k PRIVMSG #tea :hello")).tags["msgid"] != first.tags["msgid"]


@pytest.mark.parametrize("verb", ["PRIVMSG", "NOTICE"])
async def test_a_key_that_is_too_long_is_refused(connect: Connect, verb: str) -> None:
    ann, bob = await enter(connect, "ann", "#tea", CAPS), await enter(connect, "bob", "#tea", CAPS)
    await ask(ann)
    answer = one(await ask(ann, f"@tcpchat/key={'k' * 65} {verb} #tea :hello"))
    assert answer == f":tcpchat.local FAIL {verb} INVALID_KEY :A key has 64 characters at most"
    assert (await says(ann, f"@tcpchat/key={'é' * 64} {verb} #tea :hello")).command == verb
    assert len(await ask(bob)) == 1


async def test_a_batch_with_a_key_that_is_too_long_is_refused(connect: Connect) -> None:
    ann = await enter(connect, "ann", "#tea", f"{CAPS} {LINES} labeled-response")
    lines = await ask(
        ann,
        f"@label=x;tcpchat/key={'k' * 65} BATCH +1 draft/multiline #tea",
        "@batch=1 PRIVMSG #tea :one",
        "BATCH -1",
    )
    assert lines == ["@label=x :tcpchat.local FAIL BATCH INVALID_KEY :A key has 64 characters at most"]
