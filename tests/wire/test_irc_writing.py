"""How events look to IRC clients: their length, their tags, and whose own they are."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tcpchat.config import Config
from tcpchat.model import commands, events, replies
from tcpchat.wire.dialect import Request
from tcpchat.wire.irc.dialect import Irc, encoding
from tcpchat.wire.irc.message import Message, parse

NONE: frozenset[str] = frozenset()
TIME, TAGS, ECHO = (frozenset({name}) for name in ("server-time", "message-tags", "echo-message"))
NOON = 1_784_808_000_123  # 2026-07-23T12:00:00.123Z

SAID = events.Said(room="#tea", by="Ann", text="hi", origin="ann@host", time=NOON, number=7, id="abc-9")


def lines(written: bytes) -> list[str]:
    return written.decode().split("\r\n")[:-1]


def untagged(line: str) -> str:
    return line.partition(" ")[2] if line.startswith("@") else line


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (SAID, ":Ann!ann@host PRIVMSG #tea :hi"),
        (events.Said(room="#tea", by="Ann", text=""), ":Ann PRIVMSG #tea :"),
        (events.Said(room="#tea", by="Ann", text="hi", kind="notice"), ":Ann NOTICE #tea :hi"),
        (events.Said(room="#tea", by="Ann", text="waves", kind="action"), ":Ann PRIVMSG #tea :\x01ACTION waves\x01"),
        (events.Told(to="Bob", by="Ann", text=":)"), ":Ann PRIVMSG Bob ::)"),
        (events.Joined(room="#tea", by="Ann", origin="ann@host"), ":Ann!ann@host JOIN #tea"),
        (events.Left(room="#tea", by="Ann"), ":Ann PART #tea"),
        (events.Left(room="#tea", by="Ann", reason="so long"), ":Ann PART #tea :so long"),
        (events.Gone(by="Ann", reason="so long"), ":Ann QUIT :so long"),
        (events.Renamed(by="Ann", to="Anna"), ":Ann NICK Anna"),
        (events.TopicSet(room="#tea", by="Ann", topic="green tea"), ":Ann TOPIC #tea :green tea"),
        (events.TopicSet(room="#tea", by="Ann", topic=""), ":Ann TOPIC #tea :"),
    ],
)
def test_an_event_is_a_line(event: events.Event, line: str) -> None:
    assert encoding(NONE).write(event) == f"{line}\r\n".encode()


@pytest.mark.parametrize("event", [events.Arrived(by="Ann", session="1"), events.WentAway(by="Ann", text="out")])
def test_of_some_events_clients_hear_nothing(event: events.Event) -> None:
    assert encoding(NONE).write(event) == b""


@pytest.mark.parametrize(
    ("capabilities", "tags"),
    [
        (NONE, ""),
        (ECHO, ""),
        (TIME, "@time=2026-07-23T12:00:00.123Z "),
        (TAGS, "@msgid=abc-9 "),
        (TIME | TAGS, "@time=2026-07-23T12:00:00.123Z;msgid=abc-9 "),
        (TIME | TAGS | ECHO, "@time=2026-07-23T12:00:00.123Z;msgid=abc-9 "),
    ],
)
def test_the_tags_are_those_that_were_asked_for(capabilities: frozenset[str], tags: str) -> None:
    assert encoding(capabilities).write(SAID) == f"{tags}:Ann!ann@host PRIVMSG #tea :hi\r\n".encode()


def test_an_event_without_a_time_or_an_id_has_no_such_tag() -> None:
    assert encoding(TIME | TAGS).write(events.Renamed(by="Ann", to="Anna")) == b":Ann NICK Anna\r\n"


@pytest.mark.parametrize("capabilities", [NONE, TIME, TAGS, TIME | TAGS])
def test_without_echo_message_nobody_is_sent_what_they_said(capabilities: frozenset[str]) -> None:
    assert {events.Said, events.Told}.isdisjoint(encoding(capabilities).own)
    assert {events.Joined, events.Left, events.Renamed, events.TopicSet, events.Gone} <= encoding(capabilities).own


def test_with_echo_message_everybody_is_sent_what_they_said() -> None:
    assert {events.Said, events.Told} <= encoding(ECHO).own


def test_clients_with_the_same_wants_share_one_encoding() -> None:
    first, second, third = Irc(Config()), Irc(Config()), Irc(Config())
    for dialect, wanted in ((first, "echo-message batch"), (second, "echo-message"), (third, "server-time")):
        list(dialect.receive(f"CAP REQ :{wanted}\r\n".encode()))
    assert first.encoding is second.encoding
    assert first.encoding is not third.encoding


LONG = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), min_size=100, max_size=1_000)
NICK = st.text(st.sampled_from("aé😀"), min_size=1, max_size=25)


@settings(deadline=None, max_examples=100)
@given(
    text=st.lists(LONG, min_size=1, max_size=3),
    by=NICK,
    kind=st.sampled_from(["text", "notice", "action"]),
    capabilities=st.sampled_from([NONE, TIME | TAGS]),
    to=st.one_of(st.none(), NICK),
)
def test_a_long_text_is_several_lines_and_nothing_of_it_is_lost(
    text: list[str], by: str, kind: commands.Kind, capabilities: frozenset[str], to: str | None
) -> None:
    words, origin = "\n".join(text), f"{'u' * 12}@{'1234:' * 8}"
    said: events.Event = events.Said(
        room="#" + "r" * 63, by=by, text=words, kind=kind, origin=origin, time=NOON, id="a-1"
    )
    if to is not None:
        said = events.Told(to=to, by=by, text=words, kind=kind, origin=origin, time=NOON, id="a-1")
    written = encoding(capabilities).write(said)
    assert all(len(untagged(line).encode()) <= 510 for line in lines(written))
    messages = [parse(line) for line in lines(written)]
    pieces = [message.params[-1] for message in messages if message is not None]
    if kind == "action":
        assert all(piece.startswith("\x01ACTION ") and piece.endswith("\x01") for piece in pieces)
        pieces = [piece[8:-1] for piece in pieces]
    assert "".join(pieces) == "".join(text)


def test_of_a_text_in_several_lines_the_first_has_the_id() -> None:
    first, *others = lines(
        encoding(TIME | TAGS).write(events.Said(room="#a", by="Ann", text="x" * 900, time=NOON, id="a-1"))
    )
    assert "msgid=a-1" in first
    assert len(others) == 1
    assert others[0].startswith("@time=2026-07-23T12:00:00.123Z :")


def test_blank_lines_within_a_text_are_not_sent() -> None:
    assert lines(encoding(NONE).write(events.Said(room="#a", by="Ann", text="x\n\ny"))) == [
        ":Ann PRIVMSG #a :x",
        ":Ann PRIVMSG #a :y",
    ]


@settings(deadline=None, max_examples=50)
@given(st.lists(NICK, max_size=200))
def test_the_names_of_a_full_room_fit_into_lines(people: list[str]) -> None:
    seated = replies.Seated(room="#" + "r" * 63, people=people)
    written = Irc(Config()).answer(Request(commands.Join(room="#r"), Message("JOIN", ("#r",))), seated, "n" * 32)
    assert all(len(line.encode()) <= 510 for line in lines(written))
    shown = [message.params[-1] for line in lines(written) if (message := parse(line)) and message.command == "353"]
    assert " ".join(shown).split() == people
