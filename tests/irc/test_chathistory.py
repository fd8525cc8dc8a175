"""Asking for what was said: IRCv3 chathistory (draft/chathistory and draft/event-playback)."""

import re
import time
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import pytest

from tcpchat.config import Config
from tests.conftest import Connect
from tests.irc.login import enter, has_account, heard
from tests.irc.peers import Line, ask, commands, isupport, one, only
from tests.peer import Peer


@pytest.fixture
def config(recorded: Config) -> Config:
    """On disk."""
    return recorded


CAPS = "message-tags server-time echo-message batch draft/chathistory"
PLAYBACK = f"{CAPS} draft/event-playback"
EVER = "timestamp=2020-01-01T00:00:00.000Z timestamp=2262-01-01T00:00:00.000Z"


class Said(NamedTuple):
    """What was said, and what makes it that and nothing else."""

    msgid: str
    time: str
    source: str
    command: str
    params: list[str]

    @classmethod
    def of(cls, line: Line) -> "Said":
        return cls(line.tags["msgid"], line.tags["time"], line.source, line.command, line.params)


async def say(peer: Peer, *lines: str) -> list[Said]:
    """Each line's echo. No two have the same time."""
    await ask(peer)
    said = []
    for line in lines:
        echo = Said.of(one(only(await ask(peer, line), "PRIVMSG", "NOTICE", "TOPIC")))
        while time.time() <= datetime.fromisoformat(echo.time).timestamp() + 0.001:
            await ask(peer)
        said.append(echo)
    assert len({each.time for each in said}) == len({each.msgid for each in said}) == len(lines)
    return said


async def history(peer: Peer, request: str) -> list[Line]:
    """The lines of the answer, which is a batch for the target as it was asked for."""
    await ask(peer)
    opening, *lines, closing = await ask(peer, f"CHATHISTORY {request}")
    assert opening.source == closing.source == "tcpchat.local"
    assert (opening.command, closing.command) == ("BATCH", "BATCH")
    assert opening.params[0].startswith("+")
    assert opening.params[1:] == ["chathistory", request.split(" ")[1]]
    assert closing.params == ["-" + opening.params[0][1:]]
    times = [line.tags["time"] for line in lines if "time" in line.tags]
    assert times == sorted(times), "ascending, whatever was asked"
    return lines


async def found(peer: Peer, request: str) -> list[Said]:
    """What was said, of what history tells. The other events stand between."""
    lines = await history(peer, request)
    assert len({line.tags["batch"] for line in lines}) <= 1
    return [Said.of(line) for line in only(lines, "PRIVMSG", "NOTICE", "TOPIC")]


async def texts(peer: Peer, request: str) -> list[str]:
    """Only the texts."""
    return [said.params[-1] for said in await found(peer, request)]


async def refused(peer: Peer, request: str) -> list[str]:
    """The parameters of the FAIL that comes, and nothing else does, but for the text."""
    await ask(peer)
    line = one(await ask(peer, f"CHATHISTORY {request}"))
    assert (line.source, line.command, line.params[0]) == ("tcpchat.local", "FAIL", "CHATHISTORY"), line
    assert " " in line.params[-1], "a sentence for people"
    return line.params[1:-1]


async def chatting(connect: Connect, nick: str, room: str = "", account: str = "", caps: str = CAPS) -> Peer:
    peer = await enter(connect, nick, caps=caps, room=room, account=account)
    await ask(peer)
    return peer


# the commands


@dataclass
class Talk:
    """Ten or twenty things that were said, and who asks for them how."""

    said: list[Said]
    readers: list[tuple[Peer, str]]


@pytest.fixture(params=["in a room", "in a room with topics", "to each other", "to each other with accounts"])
async def talk(request: pytest.FixtureRequest, connect: Connect) -> Talk:
    accounts = {"ann": "", "bob": ""}
    if "accounts" in request.param:
        await has_account(connect, "ann", "bob")
        accounts = {"ann": "ann", "bob": "bob"}
    if "room" in request.param:
        caps = PLAYBACK if "topics" in request.param else CAPS
        ann, bob = await chatting(connect, "ann", "#tea", caps=caps), await chatting(connect, "bob", "#tea", caps=caps)
        said = []
        for number in range(10):
            if "topics" in request.param:
                said += await say(ann, f"TOPIC #tea :this is topic {number}")
            said += await say((ann, bob)[number % 2], f"PRIVMSG #tea :this is message {number}")
        readers = [(ann, "#tea"), (bob, "#tea"), (bob, "#TEA")]
    else:
        ann, bob = [await chatting(connect, nick, account=accounts[nick]) for nick in ("ann", "bob")]
        said = []
        for number in range(10):
            speaker, other = ((ann, "bob"), (bob, "ann"))[number % 2]
            said += await say(speaker, f"PRIVMSG {other} :this is message {number}")
        readers = [(ann, "bob"), (bob, "ann"), (bob, "ANN")]
    return Talk(said, readers)


async def test_latest(talk: Talk) -> None:
    """«Request up to limit number of the most recent messages that have been sent. If a timestamp or msgid is given,
    the returned messages are restricted to those sent after and excluding that timestamp or msgid; if a * is given,
    no such restriction applies.» (IRCv3 chathistory)"""
    said = talk.said
    for peer, target in talk.readers:
        assert await found(peer, f"LATEST {target} * {2 * len(said)}") == said
        assert await found(peer, f"LATEST {target} * 5") == said[-5:]
        assert await found(peer, f"LATEST {target} * 1") == said[-1:]
        for selector in (f"msgid={said[4].msgid}", f"timestamp={said[4].time}"):
            assert await found(peer, f"LATEST {target} {selector} {2 * len(said)}") == said[5:]
            assert await found(peer, f"LATEST {target} {selector} 3") == said[-3:]
        for selector in (f"msgid={said[-1].msgid}", f"timestamp={said[-1].time}"):
            assert await found(peer, f"LATEST {target} {selector} 10") == []


async def test_before(talk: Talk) -> None:
    """«Request up to limit number of messages before and excluding the given timestamp or msgid.» (IRCv3
    chathistory)"""
    said = talk.said
    for peer, target in talk.readers:
        for selector in (f"msgid={said[6].msgid}", f"timestamp={said[6].time}"):
            assert await found(peer, f"BEFORE {target} {selector} {2 * len(said)}") == said[:6]
            assert await found(peer, f"BEFORE {target} {selector} 2") == said[4:6]
        for selector in (f"msgid={said[0].msgid}", f"timestamp={said[0].time}"):
            assert await found(peer, f"BEFORE {target} {selector} 10") == []
        assert await found(peer, f"BEFORE {target} timestamp=9999-12-31T23:59:59.999Z 3") == said[-3:]


async def test_after(talk: Talk) -> None:
    """«Request up to limit number of messages after and excluding the given timestamp or msgid.» (IRCv3 chathistory)"""
    said = talk.said
    for peer, target in talk.readers:
        for selector in (f"msgid={said[3].msgid}", f"timestamp={said[3].time}"):
            assert await found(peer, f"AFTER {target} {selector} {2 * len(said)}") == said[4:]
            assert await found(peer, f"AFTER {target} {selector} 3") == said[4:7]
        for selector in (f"msgid={said[-1].msgid}", f"timestamp={said[-1].time}"):
            assert await found(peer, f"AFTER {target} {selector} 10") == []


async def test_between(talk: Talk) -> None:
    """«Request up to limit number of messages between the given timestamp or msgid values. With respect to the limit,
    the returned messages MUST be counted starting from and excluding the first message selector, while finishing on
    and excluding the second. This may be forwards or backwards in time.» (IRCv3 chathistory)"""
    said = talk.said
    first = [f"msgid={said[0].msgid}", f"timestamp={said[0].time}"]
    last = [f"msgid={said[-1].msgid}", f"timestamp={said[-1].time}"]
    for peer, target in talk.readers:
        for one_, other in [(one_, other) for one_ in first for other in last]:
            assert await found(peer, f"BETWEEN {target} {one_} {other} {2 * len(said)}") == said[1:-1]
            assert await found(peer, f"BETWEEN {target} {other} {one_} {2 * len(said)}") == said[1:-1]
            assert await found(peer, f"BETWEEN {target} {one_} {other} 3") == said[1:4]
            assert await found(peer, f"BETWEEN {target} {other} {one_} 3") == said[-4:-1]
        for same in first + last:
            assert await found(peer, f"BETWEEN {target} {same} {same} 10") == []
        assert await found(peer, f"BETWEEN {target} {first[0]} msgid={said[1].msgid} 10") == []


async def test_around(talk: Talk) -> None:
    """«Request a number of messages before and after the timestamp or msgid with the total number of returned
    messages not exceeding limit.» It «is useful for retrieving conversation context around a single message» (IRCv3
    chathistory), which is in it."""
    said = talk.said
    for peer, target in talk.readers:
        assert await found(peer, f"AROUND {target} msgid={said[7].msgid} 1") == [said[7]]
        assert await found(peer, f"AROUND {target} msgid={said[7].msgid} 3") == said[6:9]
        around = await found(peer, f"AROUND {target} timestamp={said[7].time} 3")
        assert said[7] in around
        assert len(around) <= 3
        for number in (0, -1):
            around = await found(peer, f"AROUND {target} msgid={said[number].msgid} 4")
            assert said[number] in around
            assert len(around) <= 4
            assert around == [each for each in said if each in around]


@pytest.mark.parametrize("forwards", [False, True])
async def test_pages_follow_each_other_without_gap_or_overlap(connect: Connect, forwards: bool) -> None:
    """Servers should give «a consistent message order … which determinately orders any two messages (even if they
    share a timestamp); this will allow BEFORE, AFTER, and BETWEEN queries that use msgids for pagination to function
    as expected» (IRCv3 chathistory)."""
    ann = await chatting(connect, "ann", "#tea")
    said = [Said.of(line) for line in await ask(ann, *(f"PRIVMSG #tea :{number}" for number in range(50)))]
    assert len(said) == 50
    if forwards:
        got = [said[0]]
        while page := await found(ann, f"AFTER #tea msgid={got[-1].msgid} 7"):
            got += page
    else:
        got = await found(ann, "LATEST #tea * 7")
        while page := await found(ann, f"BEFORE #tea msgid={got[0].msgid} 7"):
            got = page + got
    assert got == said


async def test_notices_and_actions_are_history(connect: Connect) -> None:
    """«[s] … NOTICE #channel :message», «PRIVMSG #channel :ACTION message» (IRCv3 chathistory, "Examples"). «The
    msgid tag that identifies each individual message in a response MUST be the msgid tag as originally sent by the
    IRC server.»"""
    ann = await chatting(connect, "ann", "#tea")
    said = await say(
        ann, "PRIVMSG #tea :hi", "NOTICE #tea :psst", "PRIVMSG #tea :\x01ACTION waves\x01", "PRIVMSG #tea ::)"
    )
    assert await found(ann, "LATEST #tea * 10") == said


async def test_the_tags_of_clients_come_back(connect: Connect) -> None:
    """«@batch=ID;msgid=1238;time=2019-01-04T14:34:17.123Z;+client-tag=val :nick!ident@host PRIVMSG #channel» (IRCv3
    chathistory, "Examples")"""
    ann = await chatting(connect, "ann", "#tea")
    await ask(ann, "@+client-tag=val;+draft/reply=x1 PRIVMSG #tea :hi")
    line = one(await history(ann, "LATEST #tea * 10"))
    assert (line.tags["+client-tag"], line.tags["+draft/reply"]) == ("val", "x1")
    assert set(line.tags) == {"+client-tag", "+draft/reply", "batch", "msgid", "time"}


async def test_what_was_said_before_one_came_is_history_too(connect: Connect) -> None:
    """The extension «enables clients to request messages that were previously sent if they are still available on the
    server» (IRCv3 chathistory)."""
    ann = await chatting(connect, "ann", "#tea")
    said = await say(ann, "PRIVMSG #tea :before you came")
    bob = await chatting(connect, "bob", "#tea")
    assert await found(bob, "LATEST #tea * 10") == said


async def test_an_empty_history_is_an_empty_batch(connect: Connect) -> None:
    """«If no content exists to return, the server SHOULD return an empty batch in order to avoid the client waiting
    for a reply.» (IRCv3 chathistory)"""
    ann = await chatting(connect, "ann", "#tea")
    assert await history(ann, "LATEST #tea * 10") == []
    assert await history(ann, "BEFORE #tea timestamp=1970-01-01T00:00:00.000Z 10") == []
    assert await history(ann, "AFTER #tea timestamp=9999-12-31T23:59:59.999Z 10") == []


async def test_who_asks_for_history_is_not_sent_it_unasked(connect: Connect) -> None:
    """«if a client requests this capability, the server (or bouncer) SHOULD NOT play back any history that would
    otherwise be sent automatically» (IRCv3 chathistory)."""
    ann = await chatting(connect, "ann", "#tea")
    await say(ann, "PRIVMSG #tea :before you came")
    bob, old = await chatting(connect, "bob"), await chatting(connect, "old", caps="server-time batch message-tags")
    assert not only(await ask(bob, "JOIN #tea"), "BATCH", "PRIVMSG")
    assert only(await ask(old, "JOIN #tea"), "PRIVMSG"), "others are"


async def test_without_batches_the_lines_come_bare(connect: Connect) -> None:
    """«If the batch capability was negotiated, the server MUST reply to a successful CHATHISTORY command using a
    batch.» «Servers SHOULD NOT enforce that clients support all related capabilities» (IRCv3 chathistory)"""
    ann = await chatting(connect, "ann", "#tea")
    said = await say(ann, "PRIVMSG #tea :one", "PRIVMSG #tea :two")
    for caps, tags in {
        "draft/chathistory": [],
        "draft/chathistory server-time": ["time"],
        "draft/chathistory server-time message-tags": ["msgid", "time"],
    }.items():
        peer = await chatting(connect, f"n{len(tags)}", "#tea", caps=caps)
        lines = await ask(peer, "CHATHISTORY LATEST #tea * 10")
        assert [(line.source, line.command, line.params) for line in lines] == [each[2:] for each in said]
        assert [sorted(line.tags) for line in lines] == [tags, tags]


async def test_batches_have_the_tags_one_asked_for(connect: Connect) -> None:
    """A tag is sent to those who negotiated it (IRCv3 message-tags), in batches too."""
    ann = await chatting(connect, "ann", "#tea")
    await say(ann, "PRIVMSG #tea :one")
    bob = await chatting(connect, "bob", "#tea", caps="draft/chathistory batch")
    assert [sorted(line.tags) for line in await history(bob, "LATEST #tea * 10")] == [["batch"]]


async def test_the_label_is_on_the_batch(connect: Connect) -> None:
    """«Servers MUST include the tag in exactly one logical message.» A batch for the answer is «An existing type
    applicable to the entire response» or labeled-response (IRCv3 labeled-response)."""
    ann = await chatting(connect, "ann", "#tea", caps=f"{CAPS} labeled-response")
    await ask(ann, "PRIVMSG #tea :one")
    answers = await ask(ann, "@label=l1 CHATHISTORY LATEST #tea * 10", "@label=l2 CHATHISTORY LATEST #nowhere * 10")
    labeled = [line for line in answers if "label" in line.tags]
    assert [line.tags["label"] for line in labeled] == ["l1", "l2"]
    assert labeled[0] is answers[0]
    assert labeled[0].params[1] in ("chathistory", "labeled-response")
    assert labeled[1].params[:4] == ["CHATHISTORY", "INVALID_TARGET", "LATEST", "#nowhere"]


# what is wrong


async def test_what_is_possible_is_announced(connect: Connect) -> None:
    """«CHATHISTORY MUST be sent to the client to state the maximum number of messages a client can request in a
    single command»; «MSGREFTYPES SHOULD be sent, with a comma-separated list of types of message references they
    support» (IRCv3 chathistory)."""
    tokens = isupport(await chatting(connect, "ann"))
    assert int(tokens["CHATHISTORY"] or 0) > 0
    assert sorted((tokens["MSGREFTYPES"] or "").split(",")) == ["msgid", "timestamp"]
    peer = await connect()
    peer.send("CAP LS 302")
    listed = await heard(peer)
    assert re.search(r"[ :]draft/chathistory[ =\r]", listed)
    assert re.search(r"[ :]draft/event-playback[ =\r]", listed)


@pytest.mark.threat(64)
async def test_nobody_gets_more_than_the_limit_announced(connect: Connect) -> None:
    """«the maximum number of messages a client can request in a single command» (IRCv3 chathistory)"""
    ann = await chatting(connect, "ann", "#tea")
    most = int(isupport(ann)["CHATHISTORY"] or 0)
    said = [Said.of(line) for line in await ask(ann, *(f"PRIVMSG #tea :{number}" for number in range(most + 5)))]
    for limit in (most, most + 1, 1_000_000, 99999999999999999999999999):
        assert await found(ann, f"LATEST #tea * {limit}") == said[-most:]
        assert await found(ann, f"AFTER #tea timestamp=1970-01-01T00:00:00.000Z {limit}") == said[:most]


@pytest.mark.parametrize(
    "request_",
    [
        "LATEST #tea * many",
        "LATEST #tea * -1",
        "LATEST #tea * 1_0",
        "LATEST #tea * 1.5",
        "LATEST #tea * :",
        "LATEST #tea * 0x10",
        "LATEST #tea",
        "LATEST",
        "BEFORE #tea",
        "BETWEEN #tea timestamp=2020-01-01T00:00:00.000Z 10",
        "LATEST #tea * 10 extra",
        "BETWEEN #tea timestamp=2020-01-01T00:00:00.000Z timestamp=2021-01-01T00:00:00.000Z 10 extra",
        "NONSENSE #tea * 10",
        "TARGETS timestamp=2020-01-01T00:00:00.000Z",
    ],
)
async def test_a_request_that_cannot_be_read_is_refused(connect: Connect, request_: str) -> None:
    """«If the server receives a syntactically invalid CHATHISTORY command, e.g., an unknown subcommand, missing
    parameters, excess parameters, or parameters that cannot be parsed, the INVALID_PARAMS error code SHOULD be
    returned: FAIL CHATHISTORY INVALID_PARAMS the_given_command :Unknown command … If an existing error numeric such
    as ERR_NEEDMOREPARAMS is appropriate, it MAY be used instead.» (IRCv3 chathistory)"""
    ann = await chatting(connect, "ann", "#tea")
    await say(ann, "PRIVMSG #tea :one")
    line = one(await ask(ann, f"CHATHISTORY {request_}"))
    if line.command == "461":
        assert line.params[:2] == ["ann", "CHATHISTORY"]
    else:
        assert (line.command, *line.params[:3]) == ("FAIL", "CHATHISTORY", "INVALID_PARAMS", request_.split()[0])


async def test_a_request_without_parameters_is_refused(connect: Connect) -> None:
    """«missing parameters» (IRCv3 chathistory); there is no command to name."""
    ann = await chatting(connect, "ann", "#tea")
    line = one(await ask(ann, "CHATHISTORY"))
    assert line.command == "461" or line.params[:2] == ["CHATHISTORY", "INVALID_PARAMS"]


@pytest.mark.parametrize(
    "when",
    ["yesterday", "", "2019-02-30T00:00:00.000Z", "2019-01-04T25:00:00.000Z", "1546612406", "2019-13-01T00:00:00.000Z"],
)
async def test_a_time_that_is_none_is_refused(connect: Connect, when: str) -> None:
    """«FAIL CHATHISTORY INVALID_PARAMS the_given_command the_given_timestamp :Invalid timestamp»; «A timestamp
    parameter MUST have the format timestamp=YYYY-MM-DDThh:mm:ss.sssZ» (IRCv3 chathistory)"""
    ann = await chatting(connect, "ann", "#tea")
    await say(ann, "PRIVMSG #tea :one")
    for request in (f"BEFORE #tea timestamp={when} 10", f"BETWEEN #tea {EVER.split()[0]} timestamp={when} 10"):
        code, command, *context = await refused(ann, request)
        assert (code, command) == ("INVALID_PARAMS", request.split()[0])
        assert context in ([f"timestamp={when}"], [when] if when else [])
    assert (await refused(ann, f"TARGETS timestamp={when} {EVER.split()[1]} 10"))[:2] == ["INVALID_PARAMS", "TARGETS"]


@pytest.mark.parametrize("year", ["0001", "1582", "1969", "9999"])
async def test_any_year_will_do(connect: Connect, year: str) -> None:
    """«timestamp=YYYY-MM-DDThh:mm:ss.sssZ» (IRCv3 chathistory)"""
    ann = await chatting(connect, "ann", "#tea")
    said = await say(ann, "PRIVMSG #tea :one")
    when = f"timestamp={year}-06-15T12:00:00.000Z"
    assert await found(ann, f"AFTER #tea {when} 10") == (said if year < "2000" else [])
    assert await found(ann, f"BEFORE #tea {when} 10") == (said if year > "2000" else [])


@pytest.mark.parametrize("selector", ["number=1", "2019-01-04T14:33:26.123Z", "1", "msgid", "id=1", "*"])
async def test_an_unknown_type_of_reference_is_refused(connect: Connect, selector: str) -> None:
    """«If a client used a reference type (timestamp= or msgid=) the server does not support, the INVALID_MSGREFTYPE
    error code SHOULD be returned: FAIL CHATHISTORY INVALID_MSGREFTYPE the_given_command the_given_target
    [extra_context]»; «parameters that cannot be parsed» are INVALID_PARAMS. `*` is for LATEST only. (IRCv3
    chathistory)"""
    ann = await chatting(connect, "ann", "#tea")
    await say(ann, "PRIVMSG #tea :one")
    for subcommand in ("BEFORE", "AFTER", "AROUND", "BETWEEN"):
        more = f" {EVER.split()[0]}" if subcommand == "BETWEEN" else ""
        code, command, *context = await refused(ann, f"{subcommand} #tea {selector}{more} 10")
        assert command == subcommand
        assert code in ("INVALID_MSGREFTYPE", "INVALID_PARAMS")
        assert code != "INVALID_MSGREFTYPE" or context[0] == "#tea"


async def test_a_message_nobody_knows_is_no_selector(connect: Connect) -> None:
    """«If no message history can be returned due to an error, the MESSAGE_ERROR error code SHOULD be returned» (IRCv3
    chathistory); or there is nothing to return. A message of a room one is not in is no better known."""
    ann, bob = await chatting(connect, "ann", "#tea"), await chatting(connect, "bob", "#secret")
    await say(ann, "PRIVMSG #tea :one", "PRIVMSG #tea :two")
    (secret,) = await say(bob, "PRIVMSG #secret :hush")
    await say(ann, "PRIVMSG #tea :three")
    for subcommand in ("BEFORE", "AFTER", "LATEST", "AROUND", "BETWEEN"):
        answers = []
        for msgid in ("nosuch", secret.msgid, secret.msgid + "0"):
            more = f" msgid={msgid}" if subcommand == "BETWEEN" else ""
            answer = await ask(ann, f"CHATHISTORY {subcommand} #tea msgid={msgid}{more} 10")
            assert commands(answer) in (["BATCH", "BATCH"], ["FAIL"])
            if answer[0].command == "FAIL":
                assert answer[0].params[:4] == ["CHATHISTORY", "MESSAGE_ERROR", subcommand, "#tea"]
            answers.append([line.command for line in answer])
        assert answers[0] == answers[1] == answers[2]


# who may see what


@pytest.mark.threat(36)
async def test_only_members_may_ask_for_a_rooms_history(connect: Connect) -> None:
    """«If the target does not exist or the client does not have permissions to query it, the INVALID_TARGET error
    code SHOULD be returned: FAIL CHATHISTORY INVALID_TARGET the_given_command the_given_target» «servers MAY wish to
    disallow clients from querying the history of channels they are not joined to.» (IRCv3 chathistory)"""
    bar, qux = await chatting(connect, "bar"), await chatting(connect, "qux", "#real")
    (said,) = await say(qux, "PRIVMSG #real :hush")
    for target in ("#real", "#REAL", "#nonexistent"):
        for request in (
            f"LATEST {target} * 10",
            f"BEFORE {target} {EVER.split()[1]} 10",
            f"AFTER {target} {EVER.split()[0]} 10",
            f"AROUND {target} msgid={said.msgid} 10",
            f"BETWEEN {target} {EVER} 10",
        ):
            assert await refused(bar, request) == ["INVALID_TARGET", request.split()[0], target]


@pytest.mark.threat(36)
async def test_a_room_that_is_not_there_and_one_that_is_not_open_look_alike(connect: Connect) -> None:
    """«Servers MUST ensure that users cannot obtain history they are not authorised to view» (IRCv3 chathistory), nor
    learn of it."""
    bar, qux = await chatting(connect, "bar"), await chatting(connect, "qux", "#room1")
    await ask(qux, "MODE #room1 +s", "PRIVMSG #room1 :hush")
    answers = [one(await ask(bar, f"CHATHISTORY LATEST {room} * 10")) for room in ("#room1", "#room2")]
    assert answers[0].replace("#room1", "#room2") == answers[1]


@pytest.mark.parametrize("way", ["PART #tea", "KICK #tea bob"])
async def test_who_has_left_may_not_ask(connect: Connect, way: str) -> None:
    """«the client does not have permissions to query it» (IRCv3 chathistory)"""
    ann, bob = await chatting(connect, "ann", "#tea"), await chatting(connect, "bob", "#tea")
    await say(ann, "PRIVMSG #tea :one")
    await ask(bob)
    assert await texts(bob, "LATEST #tea * 10") == ["one"]
    if way.startswith("PART"):
        await ask(bob, way)
    else:
        await ask(ann, way)
        await ask(bob)
    assert await refused(bob, "LATEST #tea * 10") == ["INVALID_TARGET", "LATEST", "#tea"]


async def test_a_message_for_operators_is_history_for_operators(connect: Connect) -> None:
    """«Servers MUST ensure that users cannot obtain history they are not authorised to view.» (IRCv3 chathistory)
    What goes to @#tea «will be sent only to users with the given status» (modern.ircdocs.horse, "STATUSMSG
    Parameter")."""
    ann, bob = (
        await chatting(connect, "ann", "#tea", caps=PLAYBACK),
        await chatting(connect, "bob", "#tea", caps=PLAYBACK),
    )
    await say(ann, "PRIVMSG #tea :for all")
    await ask(ann, "PRIVMSG @#tea :for operators", "PRIVMSG +#tea :for speakers")
    await ask(bob)
    for request in ("LATEST #tea * 10", "LATEST @#tea * 10", f"AFTER #tea {EVER.split()[0]} 10"):
        answer = await ask(bob, f"CHATHISTORY {request}")
        assert not [line for line in answer if "operators" in line or "speakers" in line]
    assert await texts(bob, "LATEST #tea * 1") == ["for all"], "and it does not count"


async def test_what_was_not_allowed_is_no_history(connect: Connect) -> None:
    """404: it was never sent (modern.ircdocs.horse, "ERR_CANNOTSENDTOCHAN (404)")."""
    ann, bob = await chatting(connect, "ann", "#tea"), await chatting(connect, "bob", "#tea")
    await ask(ann, "MODE #tea +m")
    assert commands(await ask(bob, "PRIVMSG #tea :shh")) == ["MODE", "404"]
    assert await found(ann, "LATEST #tea * 10") == []


async def test_a_conversation_is_for_the_two_who_had_it(connect: Connect) -> None:
    """«If a nickname is given as the target then the server SHOULD include history sent between the current user and
    the target nickname, including outgoing messages ("self messages").» «Servers MUST ensure that users cannot obtain
    history they are not authorised to view.» (IRCv3 chathistory)"""
    ann, bob, eve = [await chatting(connect, nick) for nick in ("ann", "bob", "eve")]
    first = await say(ann, "PRIVMSG bob :for bob")
    separate = await say(ann, "PRIVMSG eve :for eve")
    second = await say(bob, "NOTICE ann :for ann")
    separate += await say(eve, "PRIVMSG ann :i agree")
    for peer in (ann, bob, eve):
        await ask(peer)
    assert await found(ann, "LATEST bob * 10") == await found(bob, "LATEST ann * 10") == first + second
    assert await found(ann, "LATEST eve * 10") == await found(eve, "LATEST ann * 10") == separate
    for peer, target in ((eve, "bob"), (bob, "eve"), (eve, "eve"), (ann, "ann"), (ann, "nobody")):
        answer = await ask(peer, f"CHATHISTORY LATEST {target} * 10")
        assert commands(answer) in (["BATCH", "BATCH"], ["FAIL"])
    for peer in (eve, bob):
        answer = await ask(peer, f"CHATHISTORY AROUND {'bob' if peer is eve else 'eve'} msgid={first[0].msgid} 10")
        assert not only(answer, "PRIVMSG", "NOTICE")


async def test_what_one_tells_oneself_is_there_once(connect: Connect) -> None:
    """«The msgid tag that identifies each individual message» (IRCv3 chathistory): a message that came twice, as an
    echo and as itself, is one."""
    bar = await chatting(connect, "bar", caps=f"{CAPS} labeled-response")
    said = []
    for request, label in (("PRIVMSG bar :first", None), ("@label=xyz PRIVMSG bar :second", "xyz")):
        came = only(await ask(bar, request), "PRIVMSG")
        assert [line.params for line in came] == [["bar", request.partition(" :")[2]]] * 2
        assert sorted(line.tags.get("label", "") for line in came) == sorted(["", label or ""])
        assert Said.of(came[0]) == Said.of(came[1])
        said.append(Said.of(came[0]))
    assert await found(bar, "LATEST bar * 10") == said


async def test_what_one_tells_oneself_without_echo_is_there_too(connect: Connect) -> None:
    """«including outgoing messages» (IRCv3 chathistory)"""
    bar = await chatting(connect, "bar", caps="message-tags server-time batch draft/chathistory")
    came = one(only(await ask(bar, "PRIVMSG bar :to myself"), "PRIVMSG"))
    assert await found(bar, "LATEST bar * 10") == [Said.of(came)]


@pytest.mark.threat(36)
@pytest.mark.parametrize("account", ["", "bob"])
async def test_the_next_one_with_a_nick_does_not_see_what_the_last_one_had(connect: Connect, account: str) -> None:
    """«Servers SHOULD use secure identification mechanisms such as account names … to match content to users.» (IRCv3
    chathistory) A nick is none, nor is an account that was registered only afterwards."""
    await has_account(connect, "ann")
    ann = await chatting(connect, "ann", account="ann")
    bob = await chatting(connect, "bob")
    (first,) = await say(ann, "PRIVMSG bob :for the first bob")
    (second,) = await say(bob, "PRIVMSG ann :from the first bob")
    bob.send("QUIT")
    await bob.end()
    if account:
        await has_account(connect, account)
    bob = await chatting(connect, "bob", account=account)
    requests = (
        "LATEST ann * 10",
        "LATEST ANN * 10",
        f"BETWEEN ann {EVER} 10",
        f"AROUND ann msgid={first.msgid} 10",
        f"AFTER ann msgid={first.msgid} 10",
        f"BEFORE ann msgid={second.msgid} 10",
        "LATEST bob * 10",
    )
    for request in requests:
        assert not only(await ask(bob, f"CHATHISTORY {request}"), "PRIVMSG", "NOTICE")
    assert not only(await ask(bob, f"CHATHISTORY TARGETS {EVER} 10"), "CHATHISTORY")
    await ask(ann)
    own = await say(bob, "PRIVMSG ann :from the second bob") + await say(ann, "PRIVMSG bob :for the second bob")
    await ask(bob)
    for request in requests[:3]:
        assert await found(bob, request) == own
    for request in requests[3:]:
        assert not [line for line in await ask(bob, f"CHATHISTORY {request}") if "first bob" in line]
    assert [said for said in await found(ann, "LATEST bob * 10") if said not in own] in ([], [first, second])


@pytest.mark.threat(36)
async def test_the_next_one_without_an_account_sees_nothing_of_an_accounts_history(connect: Connect) -> None:
    """«to match content to users» (IRCv3 chathistory): ann is who is logged in, not who is called so."""
    await has_account(connect, "annie")
    ann, bob = await chatting(connect, "ann", account="annie"), await chatting(connect, "bob")
    await say(ann, "PRIVMSG bob :hush")
    ann.send("QUIT")
    await ann.end()
    thief = await chatting(connect, "ann")
    assert not only(await ask(thief, "CHATHISTORY LATEST bob * 10"), "PRIVMSG")
    assert not only(await ask(thief, f"CHATHISTORY TARGETS {EVER} 10"), "CHATHISTORY")
    await ask(bob)
    (answer,) = await say(bob, "PRIVMSG ann :who are you?")
    await ask(thief)
    assert await found(thief, "LATEST bob * 10") == [answer]


async def test_an_account_finds_its_history_again(connect: Connect) -> None:
    """«Servers SHOULD use secure identification mechanisms such as account names … to match content to users.» (IRCv3
    chathistory)"""
    await has_account(connect, "ann", "bob")
    ann, bob = await chatting(connect, "ann", account="ann"), await chatting(connect, "bob", account="bob")
    said = await say(ann, "PRIVMSG bob :hello") + await say(bob, "PRIVMSG ann :goodbye")
    for peer in (ann, bob):
        peer.send("QUIT")
        await peer.end()
    ann = await chatting(connect, "ann", account="ann")
    assert await found(ann, "LATEST bob * 10") == said, "even while bob is away"
    bob = await chatting(connect, "bob", account="bob")
    assert await found(bob, "LATEST ann * 10") == said


async def test_two_sessions_of_an_account_have_one_history(connect: Connect) -> None:
    """«to match content to users» (IRCv3 chathistory): the second session has another nick."""
    await has_account(connect, "ann")
    desk, phone = await chatting(connect, "ann", account="ann"), await chatting(connect, "ann_phone", account="ann")
    bob = await chatting(connect, "bob")
    said = await say(desk, "PRIVMSG bob :from my desk")
    await ask(bob)
    said += await say(bob, "PRIVMSG ann :to your desk")
    assert [each.params[-1] for each in await found(phone, "LATEST bob * 10")] == ["from my desk", "to your desk"]
    assert [each.msgid for each in await found(phone, "LATEST bob * 10")] == [each.msgid for each in said]


@pytest.mark.parametrize("who", ["oneself", "the other"])
async def test_a_conversation_goes_on_under_a_new_nick(connect: Connect, who: str) -> None:
    """«The server SHOULD attempt to include history involving other nicknames if either the current user or the
    target nickname has changed during the requested timeframe.» (IRCv3 chathistory)"""
    ann, bob = await chatting(connect, "ann"), await chatting(connect, "bob")
    before = await say(ann, "PRIVMSG bob :before")
    await ask(ann if who == "oneself" else bob, "NICK robert")
    await ask(bob)
    after = await say(ann, f"PRIVMSG {'bob' if who == 'oneself' else 'robert'} :after")
    lines = await found(ann, f"LATEST {'bob' if who == 'oneself' else 'robert'} * 10")
    assert [each.msgid for each in lines] == [each.msgid for each in before + after]


# events


async def test_without_event_playback_there_are_only_messages(connect: Connect) -> None:
    """«If the client has not negotiated the draft/event-playback capability, the server MUST NOT send any lines other
    than PRIVMSG and NOTICE in the reply batch» (IRCv3 chathistory)."""
    ann, bob = await chatting(connect, "ann", "#tea"), await chatting(connect, "bob", "#tea")
    said = []
    for number in range(5):
        await ask(ann, f"TOPIC #tea :topic {number}", "MODE #tea +v bob")
        said += await say(ann, f"PRIVMSG #tea :message {number}")
        await ask(bob, "PART #tea", "JOIN #tea", "@+x=y TAGMSG #tea")
    await ask(ann, "KICK #tea bob")
    assert [Said.of(line) for line in await history(ann, "LATEST #tea * 100")] == said
    for limit in range(1, 6):
        assert [Said.of(line) for line in await history(ann, f"LATEST #tea * {limit}")] == said[-limit:]
        after = await history(ann, f"AFTER #tea timestamp=1970-01-01T00:00:00.000Z {limit}")
        assert [Said.of(line) for line in after] == said[:limit]


async def test_other_events_do_not_use_up_the_limit(connect: Connect) -> None:
    """«Request up to limit number of the most recent messages» (IRCv3 chathistory): an empty answer would mean that
    there are none."""
    ann = await chatting(connect, "ann", "#tea")
    said = await say(ann, "PRIVMSG #tea :one", "PRIVMSG #tea :two")
    await ask(ann, *(f"TOPIC #tea :topic {number}" for number in range(30)))
    assert await found(ann, "LATEST #tea * 2") == said
    (last,) = await say(ann, "PRIVMSG #tea :three")
    assert await found(ann, f"BEFORE #tea msgid={last.msgid} 1") == said[-1:]
    assert await found(ann, f"AFTER #tea msgid={said[-1].msgid} 1") == [last]
    around = await found(ann, f"AROUND #tea msgid={last.msgid} 3")
    assert around[-2:] == [said[-1], last]


async def test_with_event_playback_topics_are_history(connect: Connect) -> None:
    """«If the client has negotiated draft/event-playback, the server SHOULD send additional lines relevant to the
    chat history, including but not limited to TAGMSG, JOIN, PART, QUIT, MODE, TOPIC, and NICK.» «The msgid tag … MUST
    be the msgid tag as originally sent» (IRCv3 chathistory)"""
    ann = await chatting(connect, "ann", "#tea", caps=PLAYBACK)
    said = await say(ann, "TOPIC #tea :of tea", "PRIVMSG #tea :one", "TOPIC #tea :", "NOTICE #tea :two")
    assert await found(ann, "LATEST #tea * 10") == said
    lines = await history(ann, "LATEST #tea * 100")
    assert {line.command for line in lines} <= {
        *("PRIVMSG", "NOTICE", "TOPIC", "JOIN", "PART", "QUIT", "KICK", "MODE", "NICK", "TAGMSG", "INVITE", "RENAME")
    }
    ids = [line.tags["msgid"] for line in lines if "msgid" in line.tags]
    assert len(ids) == len(set(ids))


async def test_an_event_may_be_a_selector(connect: Connect) -> None:
    """«relative to timestamp or msgid selection parameter(s)» (IRCv3 chathistory): a TOPIC has a msgid as a message
    has."""
    ann = await chatting(connect, "ann", "#tea", caps=PLAYBACK)
    old = await chatting(connect, "old", "#tea")
    said = await say(ann, "PRIVMSG #tea :one", "TOPIC #tea :of tea", "PRIVMSG #tea :two")
    await ask(old)
    for peer in (ann, old):
        assert await found(peer, f"BEFORE #tea msgid={said[1].msgid} 1") == said[:1]
        assert await found(peer, f"AFTER #tea msgid={said[1].msgid} 1") == said[2:]


async def test_a_tagmsg_that_is_to_stay_is_history_for_those_who_want_events(connect: Connect) -> None:
    """«additional lines relevant to the chat history, including but not limited to TAGMSG» (IRCv3 chathistory), when
    it says so (+draft/persist)."""
    caps = f"{CAPS} labeled-response"
    ann = await chatting(connect, "ann", "#tea", caps=f"{caps} draft/event-playback")
    bob = await chatting(connect, "bob", "#tea", caps=caps)
    await ask(ann)
    for target, counterpart in (("#tea", "#tea"), ("bob", "ann")):
        echo = one(await ask(ann, f"@+client-only-tag-test=success;+draft/persist TAGMSG {target}"))
        assert (echo.command, echo.params, echo.tags["+client-only-tag-test"]) == ("TAGMSG", [target], "success")
        relayed = one(await ask(bob))
        assert relayed.tags["msgid"] == echo.tags["msgid"]
        stored = one(only(await history(ann, f"LATEST {target} * 10"), "TAGMSG"))
        assert (stored.params, stored.tags["msgid"]) == ([target], echo.tags["msgid"])
        assert stored.tags["+client-only-tag-test"] == "success"
        assert await history(bob, f"LATEST {counterpart} * 10") == []


async def test_a_tagmsg_that_is_not_to_stay_is_gone(connect: Connect) -> None:
    """Somebody's typing is not «relevant to the chat history» (IRCv3 chathistory)."""
    ann = await chatting(connect, "ann", "#tea", caps=PLAYBACK)
    await ask(ann, "@+typing=active TAGMSG #tea")
    assert not only(await history(ann, "LATEST #tea * 10"), "TAGMSG")


# messages of several lines


async def test_a_message_of_several_lines_is_a_batch_within_the_batch(connect: Connect) -> None:
    """«If the batch capability was negotiated, the server MUST reply … using a batch» (IRCv3 chathistory), and a
    message of several lines is a batch draft/multiline (IRCv3 multiline) with the id. «Start and end messages of one
    batch MAY refer to another batch.» (IRCv3 batch)"""
    ann = await chatting(connect, "ann", "#tea", caps=f"{CAPS} draft/multiline")
    before = await say(ann, "PRIVMSG #tea :before")
    echo = await ask(
        ann,
        "BATCH +123 draft/multiline #tea",
        "@batch=123 PRIVMSG #tea :hello",
        "@batch=123 PRIVMSG #tea :",
        "@batch=123 PRIVMSG #tea :how is ",
        "@batch=123;draft/multiline-concat PRIVMSG #tea :everyone?",
        "BATCH -123",
    )
    after = await say(ann, "PRIVMSG #tea :after")
    lines = await history(ann, "LATEST #tea * 10")
    assert Said.of(lines[0]) == before[0]
    assert Said.of(lines[-1]) == after[0]
    opening, *inner, closing = lines[1:-1]
    outer = lines[0].tags["batch"]
    assert (opening.source, opening.command, opening.params[1:]) == (
        "ann!ann@localhost",
        "BATCH",
        ["draft/multiline", "#tea"],
    )
    assert opening.tags == {"batch": outer, "msgid": echo[0].tags["msgid"], "time": echo[0].tags["time"]}
    assert (closing.command, closing.params) == ("BATCH", ["-" + opening.params[0][1:]])
    text = ""
    for line in inner:
        assert (line.source, line.command, line.params[0]) == ("ann!ann@localhost", "PRIVMSG", "#tea")
        assert set(line.tags) <= {"batch", "draft/multiline-concat"}
        assert line.tags["batch"] == opening.params[0][1:]
        text += ("" if "draft/multiline-concat" in line.tags else "\n") + line.params[-1]
    assert text == "\nhello\n\nhow is everyone?"
    counted = await history(ann, f"BEFORE #tea msgid={after[0].msgid} 1")
    assert commands(counted) == ["BATCH", *["PRIVMSG"] * len(inner), "BATCH"], "one message, however many lines"
    assert counted[0].tags["msgid"] == opening.tags["msgid"]


async def test_those_who_know_no_multiline_get_its_lines(connect: Connect) -> None:
    """«When delivering multiline batches to clients that have not negotiated the multiline capability, servers MUST
    deliver the component messages without using a multiline BATCH. Servers MUST NOT send blank lines to clients that
    have not negotiated the multiline capability.» «Servers MUST only include a message ID on the first message of a
    batch» (IRCv3 multiline)"""
    ann = await chatting(connect, "ann", "#tea", caps=f"{CAPS} draft/multiline")
    bob = await chatting(connect, "bob", "#tea")
    await ask(ann)
    echo = await ask(
        ann,
        "BATCH +123 draft/multiline #tea",
        "@batch=123 PRIVMSG #tea :hello",
        "@batch=123 PRIVMSG #tea :",
        "@batch=123 PRIVMSG #tea :everyone",
        "BATCH -123",
    )
    await ask(bob)
    for limit in (1, 10):
        lines = await history(bob, f"LATEST #tea * {limit}")
        assert [(line.command, line.params) for line in lines] == [
            ("PRIVMSG", ["#tea", "hello"]),
            ("PRIVMSG", ["#tea", "everyone"]),
        ]
        assert [line.tags.get("msgid") for line in lines] == [echo[0].tags["msgid"], None]
        assert [line.tags["time"] for line in lines] == [echo[0].tags["time"]] * 2


async def test_a_long_text_is_history_whole(connect: Connect) -> None:
    """A text of other clients may be longer than a line of IRC; its pieces together are the text, and a message one
    (IRCv3 chathistory: «Request up to limit number of messages»)."""
    ann, joe = await chatting(connect, "ann", "#tea"), await connect()
    await joe.enter_json("joe", "#tea")
    assert "ok" in await joe.ask(do="say", room="#tea", text="汉字" * 500)
    assert "ok" in await joe.ask(do="say", room="#tea", text="short")
    await ask(ann)
    lines = await history(ann, "LATEST #tea * 2")
    assert lines[-1].params == ["#tea", "short"]
    assert "".join(line.params[-1] for line in lines[:-1]) == "汉字" * 500
    assert [("msgid" in line.tags) for line in lines[:-1]] == [True] + [False] * (len(lines) - 2)


# TARGETS


async def targets(peer: Peer, request: str) -> list[tuple[str, str]]:
    """Who or which room, and when something was said there last."""
    await ask(peer)
    opening, *lines, closing = await ask(peer, f"CHATHISTORY TARGETS {request}")
    assert (opening.command, opening.params[1:]) == ("BATCH", ["draft/chathistory-targets"])
    assert closing.params == ["-" + opening.params[0][1:]]
    for line in lines:
        assert line.tags["batch"] == opening.params[0][1:]
        assert (line.source, line.command, line.params[0], len(line.params)) == (
            "tcpchat.local",
            "CHATHISTORY",
            "TARGETS",
            3,
        )
    return [(line.params[1], line.params[2]) for line in lines]


@pytest.mark.parametrize("accounts", [False, True])
async def test_targets_are_those_with_whom_and_where_one_has_talked(connect: Connect, accounts: bool) -> None:
    """TARGETS «lists channels the user has visible history in, together with users with which the user has exchanged
    direct messages, ordered by the time of the latest message in the channel history or direct message conversation
    (i.e. sent from or to the other user).» «The parameters have the same semantics as BETWEEN»; «CHATHISTORY TARGETS
    <nickname | channel name> <YYYY-MM-DDThh:mm:ss.sssZ>» (IRCv3 chathistory)"""
    if accounts:
        await has_account(connect, "foo", "bar", "baz")
    foo, bar, baz = [await chatting(connect, nick, account=nick if accounts else "") for nick in ("foo", "bar", "baz")]
    await ask(foo, "JOIN #chan1,#chan2,#quiet")
    await ask(bar, "JOIN #chan1")
    await ask(baz, "JOIN #chan2,#elsewhere")
    await say(baz, "PRIVMSG #elsewhere :foo is not here", "PRIVMSG bar :nor here")
    await ask(foo)
    said = await say(foo, "PRIVMSG #chan1 :one", "PRIVMSG bar :two", "PRIVMSG #chan2 :three", "PRIVMSG baz :four")
    times = [each.time for each in said]
    all_ = list(zip(["#chan1", "bar", "#chan2", "baz"], times, strict=True))
    first, last = EVER.split()
    assert await targets(foo, f"{first} {last} 100") == all_
    assert await targets(foo, f"{last} {first} 100") == all_
    assert await targets(foo, f"{first} {last} 2") == all_[:2]
    assert await targets(foo, f"{last} {first} 2") == all_[2:], "counted from the first selector"
    assert await targets(foo, f"timestamp={times[0]} {last} 100") == all_[1:]
    assert await targets(foo, f"timestamp={times[0]} timestamp={times[3]} 100") == all_[1:3]
    assert await targets(foo, f"timestamp={times[3]} timestamp={times[0]} 1") == all_[2:3]
    assert await targets(foo, f"{first} timestamp={times[0]} 100") == []
    assert await targets(foo, f"{first} {first} 100") == []
    assert [name for name, _ in await targets(bar, f"{first} {last} 100")] == ["baz", "#chan1", "foo"]


async def test_a_target_counts_by_its_latest_message(connect: Connect) -> None:
    """«the timestamp is the time of the latest message in the channel history or direct message conversation» (IRCv3
    chathistory), and only that one is between."""
    foo, bar = await chatting(connect, "foo", "#tea"), await chatting(connect, "bar")
    said = await say(foo, "PRIVMSG #tea :0", "PRIVMSG #tea :1", "PRIVMSG #tea :2", "PRIVMSG bar :3")
    await ask(bar)
    (answer,) = await say(bar, "PRIVMSG foo :4")
    await ask(foo)
    first, last = EVER.split()
    assert await targets(foo, f"{first} {last} 100") == [("#tea", said[2].time), ("bar", answer.time)]
    assert await targets(foo, f"{first} timestamp={said[1].time} 100") == []
    assert await targets(foo, f"{first} timestamp={said[3].time} 100") == [("#tea", said[2].time)]
    assert await targets(bar, f"{first} {last} 100") == [("foo", answer.time)]


async def test_a_room_one_has_left_is_no_target(connect: Connect) -> None:
    """«channels the user has visible history in» (IRCv3 chathistory)"""
    foo = await chatting(connect, "foo", "#tea")
    await say(foo, "PRIVMSG #tea :one")
    assert [name for name, _ in await targets(foo, f"{EVER} 100")] == ["#tea"]
    await ask(foo, "PART #tea")
    assert await targets(foo, f"{EVER} 100") == []


async def test_targets_are_selected_by_time(connect: Connect) -> None:
    """«they MUST be timestamps and not msgids» (IRCv3 chathistory)"""
    foo = await chatting(connect, "foo", "#tea")
    (said,) = await say(foo, "PRIVMSG #tea :one")
    for request in (
        f"TARGETS msgid={said.msgid} {EVER.split()[1]} 10",
        f"TARGETS {EVER.split()[0]} msgid={said.msgid} 10",
    ):
        code, command, *_ = await refused(foo, request)
        assert code in ("INVALID_PARAMS", "INVALID_MSGREFTYPE")
        assert command == "TARGETS"


async def test_targets_without_batches_come_bare(connect: Connect) -> None:
    """«If the batch capability was negotiated, the server MUST reply … using a batch» (IRCv3 chathistory)"""
    foo = await chatting(connect, "foo", "#tea")
    (said,) = await say(foo, "PRIVMSG #tea :one")
    bar = await chatting(connect, "bar", "#tea", caps="draft/chathistory")
    line = one(await ask(bar, f"CHATHISTORY TARGETS {EVER} 10"))
    assert (line.source, line.command, line.params) == ("tcpchat.local", "CHATHISTORY", ["TARGETS", "#tea", said.time])
    assert line.tags == {}
