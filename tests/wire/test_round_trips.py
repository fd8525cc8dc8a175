"""What is written can be read: commands, events and answers as JSON, and what a person types as text."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tcpchat.client.connection import Answer, Connection
from tcpchat.model import commands, events, replies
from tcpchat.model.events import Event
from tcpchat.model.text import clean
from tcpchat.wire import jsonl
from tcpchat.wire.dialect import Request
from tcpchat.wire.jsonl import ENCODING, JsonLines
from tcpchat.wire.line import LineEncoding, PlainLines
from tests.wire.talking import CONFIG, Talk, structs

TEXT = st.text(st.characters(codec="utf-8"), max_size=30)
COMMANDS = structs(commands.ANY, TEXT)
EVENTS = structs(events.ANY, TEXT)
REPLIES = structs(replies.ANY, TEXT)
REFUSALS = st.builds(replies.Refused, TEXT, TEXT, suggestion=TEXT)
IDS = st.one_of(st.none(), st.integers(-(2**53), 2**53), TEXT)


class _Unwritten:
    """The other direction, which nothing is sent in."""

    def get_extra_info(self, name: str) -> None:
        """Nothing is known of it."""


def read_by_the_client(*lines: bytes) -> list[object]:
    """What our own client makes of lines from the server."""

    async def read() -> list[object]:
        reader = asyncio.StreamReader()
        reader.feed_data(b"".join(lines))
        reader.feed_eof()
        return [incoming async for incoming in Connection(reader, _Unwritten()).receive()]  # type: ignore[arg-type]

    return asyncio.run(read())


@settings(deadline=None, max_examples=200)
@given(st.lists(COMMANDS, max_size=4), IDS)
def test_the_server_reads_the_commands_that_were_written(wishes: list[commands.Command], id: int | str | None) -> None:
    dialect = JsonLines(CONFIG)
    label = b'{"id":' + jsonl.encode(id) + b","
    sent = b"".join(label + jsonl.encode(wish)[1:] + b"\n" for wish in wishes if len(jsonl.encode(wish)) < 900)
    _, *requests = dialect.receive(sent)
    assert requests == [Request(wish, id) for wish in wishes if len(jsonl.encode(wish)) < 900]


@settings(deadline=None, max_examples=100)
@given(st.lists(EVENTS, max_size=4))
def test_the_client_reads_the_events_that_were_written(happened: list[Event]) -> None:
    assert read_by_the_client(*map(ENCODING.write, happened)) == happened


@settings(deadline=None, max_examples=150)
@given(st.one_of(REPLIES, REFUSALS), st.one_of(st.none(), st.integers(0, 2**53)))
def test_the_client_reads_the_answers_that_were_written(answer: replies.Reply, id: int | None) -> None:
    written = JsonLines(CONFIG).answer(Request(commands.Ping(), id), answer, "Ann")
    (read,) = read_by_the_client(written)
    assert isinstance(read, Answer)
    assert read.id == id
    if isinstance(answer, replies.Refused):
        assert isinstance(read.reply, replies.Refused)
        assert (read.reply.code, read.reply.text, read.reply.suggestion) == answer_parts(answer)
    else:
        assert read.reply == answer


def answer_parts(refusal: replies.Refused) -> tuple[str, str, str]:
    return refusal.code, refusal.text, refusal.suggestion


def test_an_id_comes_back_as_it_was_sent() -> None:
    for id in (7, "seven", None):
        assert (
            JsonLines(CONFIG)
            .answer(Request(commands.Ping(), id), replies.Done(), "")
            .startswith(b'{"ok":' + jsonl.encode(id) + b",")
        )


def typed(*lines: str) -> list[object]:
    """The last wishes of somebody who is in #lobby, types these lines, and has entered as Ann."""
    talk = Talk(PlainLines(CONFIG))
    talk.feed(b"Ann\n")
    before = len(talk.heard)
    talk.feed("".join(f"{line}\n" for line in lines).encode())
    return [wish for wish in talk.heard[before:] if isinstance(wish, commands.Command)]


SAYABLE = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=60)


@settings(deadline=None, max_examples=150)
@given(SAYABLE)
def test_what_is_typed_is_what_the_others_see(text: str) -> None:
    written = text if not text.startswith("/") else f"/{text}"
    (wish,) = typed(written)
    assert wish == commands.Say(room="#lobby", text=text)
    said = events.Said(room="#lobby", by="Ann", text=clean(text), time=1_700_000_000_000)
    assert LineEncoding("#lobby").write(said).decode().endswith(f"] <Ann> {text}\r\n")


@pytest.mark.parametrize(
    ("line", "wish"),
    [
        ("hello you", commands.Say(room="#lobby", text="hello you")),
        ("  hello  ", commands.Say(room="#lobby", text="hello")),
        ("//slash", commands.Say(room="#lobby", text="/slash")),
        ("/me waves", commands.Say(room="#lobby", text="waves", kind="action")),
        ("/nick Anna", commands.Rename(nick="Anna")),
        ("/NICK Anna", commands.Rename(nick="Anna")),
        ("/join #tea", commands.Join(room="#tea")),
        ("/join tea", commands.Join(room="#tea")),
        ("/part", commands.Part(room="#lobby")),
        ("/part see you", commands.Part(room="#lobby", reason="see you")),
        ("/part #tea see you", commands.Part(room="#tea", reason="see you")),
        ("/msg bob hi there", commands.Tell(to="bob", text="hi there")),
        ("/who", commands.ListPeople(room="#lobby")),
        ("/who #tea", commands.ListPeople(room="#tea")),
        ("/who bob", commands.Whois(nick="bob")),
        ("/rooms", commands.ListRooms()),
        ("/topic", commands.ShowTopic(room="#lobby")),
        ("/topic all about tea", commands.SetTopic(room="#lobby", topic="all about tea")),
        ("/history", commands.History(room="#lobby")),
        ("/history 5", commands.History(room="#lobby", limit=5)),
        ("/away for tea", commands.Away(text="for tea")),
        ("/away", commands.Away()),
        ("/quit bye all", commands.Quit(reason="bye all")),
    ],
)
def test_what_can_be_typed(line: str, wish: commands.Command) -> None:
    assert typed(line)[0] == wish


def test_words_go_to_the_room_one_joined_last_and_back_when_one_leaves_it() -> None:
    wishes = [wish for wish in typed("a", "/join #tea", "b", "/part", "c") if isinstance(wish, commands.Say)]
    assert [(wish.room, wish.text) for wish in wishes] == [("#lobby", "a"), ("#tea", "b"), ("#lobby", "c")]


def test_in_no_room_nothing_is_said() -> None:
    assert typed("/part", "hello") == [commands.Part(room="#lobby")]
