"""SEARCH: soju's doc/ext/search.md, which is quoted."""

import pytest

from tcpchat.config import Config
from tests.conftest import Connect
from tests.irc.peers import Line, ask, bare, batch, enter, one, only, response
from tests.peer import Peer


@pytest.fixture(params=["in memory", "on disk"])
def config(request: pytest.FixtureRequest, config: Config, recorded: Config) -> Config:
    """Both kinds of logs are looked through."""
    return recorded if request.param == "on disk" else config


CAPS = "soju.im/search batch message-tags server-time echo-message"


async def said(peer: Peer, *lines: str) -> list[Line]:
    """The echo of each."""
    return only(await ask(peer, *lines), "PRIVMSG", "NOTICE")


async def found(peer: Peer, attributes: str) -> list[Line]:
    """«If the batch capability was negotiated, the server MUST reply to a successful SEARCH command using a batch»,
    with the «batch type, soju.im/search»."""
    await ask(peer)
    lines = await ask(peer, f"SEARCH {attributes}")
    opening, within = batch(lines, "soju.im/search")
    assert lines == [opening, *within, f":tcpchat.local BATCH -{opening.params[0][1:]}"]
    return within


async def test_what_was_said_is_found_oldest_first(connect: Connect) -> None:
    """«The order of returned messages … SHOULD be ascending time order»; «the msgid tag … MUST be the msgid tag as
    originally sent by the IRC server»; «The server-time tag on each message SHOULD be the time at which the message
    was received by the IRC server.»"""
    ann = await enter(connect, "ann", "#tea", CAPS)
    first, _, third = await said(ann, "PRIVMSG #tea :green tea", "PRIVMSG #tea :coffee", "NOTICE #tea :Black Tea!")
    lines = await found(ann, "text=tea;in=#tea")
    assert bare(lines) == bare([first, third])
    assert [line.tags["msgid"] for line in lines] == [first.tags["msgid"], third.tags["msgid"]]
    assert [line.tags["time"] for line in lines] == [first.tags["time"], third.tags["time"]]


async def test_each_attribute_limits_what_is_found(connect: Connect) -> None:
    """«in: the message was sent to this target (channel or user)»; «from: the message was sent with this nick»; «text:
    the message text matches the specified text»; «containing messages matching all the specified attributes»."""
    ann, bob = await enter(connect, "ann", "#tea", CAPS), await enter(connect, "bob", "#tea", CAPS)
    await ask(ann, "JOIN #milk")
    await said(ann, "PRIVMSG #tea :one cup", "PRIVMSG #milk :two cups and a cup", "PRIVMSG bob :a cup for you")
    await said(bob, "PRIVMSG #tea :my cup", "PRIVMSG ann :thanks")
    for attributes, texts in {
        "text=cup": ["one cup", "two cups and a cup", "a cup for you", "my cup"],
        "text=cup;in=#tea": ["one cup", "my cup"],
        "text=cup;in=#TEA;from=Ann": ["one cup"],
        "text=cup;in=bob": ["a cup for you"],
        "text=cup;from=bob": ["my cup"],
        "text=a\\scup": ["two cups and a cup", "a cup for you"],
        ':text="a cup for";in=bob': ["a cup for you"],
        "text=saucer": [],
    }.items():
        assert [line.params[-1] for line in await found(ann, attributes)] == texts, attributes


async def test_a_span_of_time_has_its_ends(connect: Connect) -> None:
    """«after: the message was sent at or after this time»; «before: the message was sent at or before this time»."""
    ann = await enter(connect, "ann", "#tea", CAPS)
    times = [line.tags["time"] for line in await said(ann, *(f"PRIVMSG #tea :cup {number}" for number in range(4)))]
    lines = await found(ann, f"text=cup;after={times[1]};before={times[2]}")
    assert [line.params[-1] for line in lines] == ["cup 1", "cup 2"]


async def test_no_more_than_the_limit_are_found_and_those_are_the_latest(connect: Connect) -> None:
    """«limit: a number representing an upper bound on the count of messages to return»; «messages SHOULD be searched
    from the before time, which defaults to the current server time»."""
    ann = await enter(connect, "ann", "#tea", CAPS)
    await said(ann, *(f"PRIVMSG #tea :cup {number}" for number in range(5)))
    assert [line.params[-1] for line in await found(ann, "text=cup;limit=2")] == ["cup 3", "cup 4"]


async def test_nothing_found_is_an_empty_batch(connect: Connect) -> None:
    """«If no content exists to return, the server SHOULD return an empty batch in order to avoid the client waiting
    for a reply.»"""
    ann = await enter(connect, "ann", "#tea", CAPS)
    assert await found(ann, "text=tea;in=#tea") == []


async def test_without_batches_the_lines_come_bare(connect: Connect) -> None:
    """«limited functionality is available to clients without support for these CAPs.»"""
    ann = await enter(connect, "ann", "#tea", "soju.im/search")
    await ask(ann, "PRIVMSG #tea :green tea")
    assert await ask(ann, "SEARCH text=tea") == [":ann!ann@localhost PRIVMSG #tea :green tea"]


async def test_the_label_is_on_the_batch(connect: Connect) -> None:
    """IRCv3 labeled-response: a response that is a batch has the label on its opening."""
    ann = await enter(connect, "ann", "#tea", f"{CAPS} labeled-response")
    await said(ann, "PRIVMSG #tea :green tea")
    lines = await ask(ann, "@label=x SEARCH text=tea")
    assert batch(lines, "soju.im/search")[0].tags["label"] == "x"
    assert [line.params[-1] for line in response(lines, "x")] == ["green tea"]


async def test_the_capability_must_be_negotiated(connect: Connect) -> None:
    """«The soju.im/search capability MUST be negotiated.»"""
    ann = await enter(connect, "ann", "#tea", "batch")
    assert one(await ask(ann, "SEARCH text=tea")).command == "421"


@pytest.mark.parametrize(
    ("attributes", "about"),
    [
        ("text=tea;limit=0", "limit"),
        ("text=tea;limit=many", "limit"),
        ("text=tea;after=yesterday", "after"),
        ("text=tea;before=2026-02-31T00:00:00.000Z", "before"),
        ("text=tea;colour=green", "colour"),
        ("text=tea;in=#elsewhere", "#elsewhere"),
        ("text=tea;in=#there", "#there"),
    ],
)
async def test_what_cannot_be_searched_is_refused(connect: Connect, attributes: str, about: str) -> None:
    """«If the selectors were invalid, the INVALID_PARAMS error code SHOULD be returned.» «FAIL SEARCH INVALID_PARAMS
    [invalid_parameters] :Invalid parameters» A room that one is not in is refused like one that is not there."""
    ann, _ = await enter(connect, "ann", "#tea", CAPS), await enter(connect, "bob", "#there")
    answer = one(await ask(ann, f"SEARCH {attributes}"))
    assert (answer.command, answer.params[:-1]) == ("FAIL", ["SEARCH", "INVALID_PARAMS", about])
    assert "\n" not in answer.params[-1]


@pytest.mark.threat(36)
async def test_nobody_finds_what_was_said_in_a_room_they_are_not_in(connect: Connect) -> None:
    """Security: only what the one who asks may read."""
    ann, eve = await enter(connect, "ann", "#secret", CAPS), await enter(connect, "eve", "#tea", CAPS)
    await said(ann, "PRIVMSG #secret :geheim", "PRIVMSG ann :geheim")
    assert await found(eve, "text=geheim") == []
    assert await found(eve, "text=geheim;in=ann") == []
