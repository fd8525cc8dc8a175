"""Whatever stands in an event or an answer, no line that is sent can be taken for two, or control a terminal."""

import re
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tcpchat.model import commands, events, replies
from tcpchat.model.events import Event
from tcpchat.wire import jsonl, line
from tcpchat.wire.dialect import Dialect, Encoding, Request
from tcpchat.wire.irc.dialect import ANSWERS, READERS, SHAPES_EVENTS, Irc
from tcpchat.wire.irc.dialect import REFUSALS as IRC_REFUSALS
from tcpchat.wire.irc.dialect import encoding as irc_encoding
from tcpchat.wire.irc.message import Message, parse
from tcpchat.wire.irc.modes import LISTS
from tcpchat.wire.jsonl import JsonLines
from tcpchat.wire.line import PlainLines
from tests.wire.talking import CONFIG, structs

HOSTILE = st.lists(
    st.sampled_from(
        [
            "\r", "\n", "\r\n", "\x00", "\x07", "\x08", "\t", "\x1b[2J", "\x1b]0;x\x07",
            "\x7f", "\x85", "\x9b31m", "\u2028",
            "\u2029", "\u202e", "\u2066", "\u200f", "\x0304", "\x02", "\x01ACTION x\x01", " ", ":", "#tea", "é", "😀",
            "QUIT :x", "bob!b@h", "[12:00] <root> hi", "-- ", "", "a" * 40, "\U000e0041",
        ]
    ),
    max_size=6,
).map("".join).map(lambda text: text.encode()[:100].decode("utf-8", "ignore"))  # fmt: skip

UNSAFE_FOR_TERMINALS = re.compile(
    "[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029\U000e0000-\U000e007f]"
)


@cache
def encodings() -> dict[str, Encoding]:
    wants = [frozenset(), SHAPES_EVENTS]
    wants += [frozenset({one}) for one in SHAPES_EVENTS] + [SHAPES_EVENTS - {one} for one in SHAPES_EVENTS]
    wants.append(frozenset({"batch", "draft/multiline"}))  # they work together
    return {
        "jsonl": jsonl.ENCODING,
        "line, in the room": line.LineEncoding("#tea"),
        "line, elsewhere": line.LineEncoding("#lobby"),
        **{f"irc with {', '.join(sorted(wanted))}": irc_encoding(wanted, "tcpchat.local") for wanted in wants},
    }


def check_lines(written: bytes, dialect: str) -> None:
    """Whole lines, with this dialect's end, and nothing within them that ends a line."""
    end = b"\n" if dialect == "jsonl" else b"\r\n"
    assert not written or written.endswith(end)
    for one in written.removesuffix(end).split(end):
        assert not set(b"\r\n\0") & set(one)
    if dialect == "line":
        text = written.decode()
        assert not UNSAFE_FOR_TERMINALS.search(text)
        assert text.count("\r") == text.count("\n") == text.count("\r\n")


@pytest.mark.threat(18, 21)
@pytest.mark.parametrize("kind", events.ANY.__args__, ids=lambda kind: kind.__name__)
def test_no_event_breaks_a_line(kind: type[Event]) -> None:
    @settings(deadline=None, max_examples=60)
    @given(structs(kind, HOSTILE))
    def check(event: Event) -> None:
        for name, encoding in encodings().items():
            check_lines(encoding.write(event), name.split()[0].rstrip(","))

    check()


@pytest.mark.threat(18)
@pytest.mark.parametrize("kind", events.ANY.__args__, ids=lambda kind: kind.__name__)
def test_an_event_is_one_line_of_json(kind: type[Event]) -> None:
    @settings(deadline=None, max_examples=30)
    @given(structs(kind, HOSTILE))
    def check(event: Event) -> None:
        assert jsonl.ENCODING.write(event).count(b"\n") == 1

    check()


WISHES = structs(commands.ANY, HOSTILE)
REFUSALS = st.builds(
    replies.Refused,
    st.sampled_from(["bad_nick", "x", *sorted({code for _, code in IRC_REFUSALS})]),
    HOSTILE,
    suggestion=HOSTILE,
    about=st.one_of(HOSTILE, st.lists(HOSTILE, max_size=3).map(tuple)),
)


def answer(dialect: Dialect, request: Request, reply: replies.Reply | replies.Refused) -> bytes:
    written = dialect.answer(request, reply, "Ann")
    return written.removesuffix(line.PROMPT.encode())


@pytest.mark.threat(18, 21)
@settings(deadline=None, max_examples=200)
@given(WISHES, st.one_of(structs(replies.ANY, HOSTILE), REFUSALS), HOSTILE)
def test_no_answer_to_a_person_or_a_program_breaks_a_line(
    wish: commands.Command, reply: replies.Reply | replies.Refused, id: str
) -> None:
    check_lines(answer(PlainLines(CONFIG), Request(wish), reply), "line")
    check_lines(answer(JsonLines(CONFIG), Request(wish, id), reply), "jsonl")


def replies_of(kind: type[replies.Reply]) -> st.SearchStrategy[Any]:
    """Whatever stands in it; but an IRC client only asks for the lists there are."""
    if kind is replies.Masks:
        return st.builds(
            kind, room=HOSTILE, mode=st.sampled_from(sorted(LISTS)), masks=structs(list[replies.Mask], HOSTILE)
        )
    return structs(kind, HOSTILE)


@pytest.mark.threat(18)
@pytest.mark.parametrize(("verb", "kind"), ANSWERS, ids=lambda one: getattr(one, "__name__", one))
def test_no_answer_to_an_irc_client_breaks_a_line(verb: str, kind: type[replies.Reply]) -> None:
    @settings(deadline=None, max_examples=30)
    @given(WISHES, st.one_of(replies_of(kind), REFUSALS), st.tuples(HOSTILE, HOSTILE))
    def check(wish: commands.Command, reply: replies.Reply | replies.Refused, params: tuple[str, ...]) -> None:
        check_lines(answer(Irc(CONFIG), Request(wish, Message(verb, params)), reply), "irc")

    check()


@pytest.mark.threat(18)
@pytest.mark.parametrize("verb", sorted(READERS))
def test_no_refusal_to_an_irc_client_breaks_a_line(verb: str) -> None:
    @settings(deadline=None, max_examples=30)
    @given(WISHES, REFUSALS, st.tuples(HOSTILE, HOSTILE, HOSTILE))
    def check(wish: commands.Command, refusal: replies.Refused, params: tuple[str, ...]) -> None:
        check_lines(answer(Irc(CONFIG), Request(wish, Message(verb, params)), refusal), "irc")

    check()


@pytest.mark.threat(18)
@settings(deadline=None, max_examples=60)
@given(HOSTILE)
def test_last_words_and_pings_are_one_line(text: str) -> None:
    for name, dialect in (("irc", Irc(CONFIG)), ("line", PlainLines(CONFIG)), ("jsonl", JsonLines(CONFIG))):
        check_lines(dialect.farewell(text), name)
        check_lines(dialect.ping(text), name)


SPOKEN = st.one_of(structs(events.Said, HOSTILE), structs(events.Told, HOSTILE))


@settings(deadline=None, max_examples=100)
@given(SPOKEN)
def test_every_line_that_a_person_sees_says_whose_it_is(said: events.Said | events.Told) -> None:
    """Otherwise `hi⏎[12:00] <root> …` would show words that root never said."""
    written = line.LineEncoding("").write(events_by("mallory", said)).decode()
    assert all("mallory" in one.partition(">")[0] or "* mallory" in one or "-mallory-" in one for one in whole(written))


@settings(deadline=None, max_examples=100)
@given(SPOKEN)
def test_every_line_that_an_irc_client_sees_says_whose_it_is(said: events.Said | events.Told) -> None:
    for capabilities in (SHAPES_EVENTS, SHAPES_EVENTS - {"draft/multiline"}, frozenset[str]()):
        written = irc_encoding(capabilities, "tcpchat.local").write(events_by("mallory", said)).decode()
        batch = ""
        for one in whole(written):
            message = parse(one)
            assert message is not None
            nick = message.source.partition("!")[0]
            if message.command == "BATCH" and not batch:
                assert (nick, message.params[0][:1], message.params[1]) == ("mallory", "+", "draft/multiline")
                batch = message.params[0][1:]
            elif message.command == "BATCH":
                assert (message.source, message.params) == ("tcpchat.local", (f"-{batch}",))
                batch = ""
            else:
                assert (nick, message.command) in {("mallory", "PRIVMSG"), ("mallory", "NOTICE")}
                assert message.tags.get("batch", "") == batch
        assert not batch


def events_by(nick: str, said: events.Said | events.Told) -> Event:
    target = {"room": "#tea"} if isinstance(said, events.Said) else {"to": "ann"}
    seams = [seam % (len(said.text) + 1) for seam in said.seams]
    return type(said)(
        by=nick, text=said.text, kind=said.kind, origin="user@host", time=said.time, seams=seams, **target
    )


def whole(written: str) -> list[str]:
    return written.split("\r\n")[:-1]
