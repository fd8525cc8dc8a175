"""One line of IRC, taken apart and put together."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parser_tests.data import msg_join, msg_split

from tcpchat.wire.irc.message import Message, parse, serialise

WORD = st.text(st.characters(exclude_characters=" \r\n\0", codec="utf-8"), min_size=1, max_size=12)
LAST = st.text(st.characters(exclude_characters="\r\n\0", codec="utf-8"), max_size=20)
MIDDLE = WORD.filter(lambda word: not word.startswith(":"))
TAG = st.from_regex(r"\A\+?[a-z0-9.-]{1,8}(/[a-z]{1,5})?\Z")
MESSAGES = st.builds(
    Message,
    command=st.from_regex(r"\A([A-Z]{1,10}|[0-9]{3})\Z"),
    params=st.builds(lambda words, last: (*words, *last), st.lists(MIDDLE, max_size=5), st.lists(LAST, max_size=1)),
    source=st.one_of(st.just(""), WORD),
    tags=st.dictionaries(TAG, st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=12), max_size=4),
)


@settings(deadline=None, max_examples=300)
@given(MESSAGES)
def test_what_was_put_together_comes_apart_as_it_was(message: Message) -> None:
    line = serialise(message)
    assert parse(line) == message
    assert not set("\r\n\0") & set(line)


@settings(deadline=None, max_examples=300)
@given(st.text(max_size=60))
def test_any_line_can_be_taken_apart(line: str) -> None:
    message = parse(line)
    assert message is None or message.command


@pytest.mark.parametrize("case", msg_split["tests"], ids=lambda case: case["input"])
def test_the_vectors_of_ircdocs_come_apart(case: dict[str, Any]) -> None:
    atoms, message = case["atoms"], parse(case["input"])
    assert message is not None
    assert message.command.lower() == atoms.get("verb", "").lower()
    assert list(message.params) == atoms.get("params", [])
    assert message.source == atoms.get("source", "")
    assert dict(message.tags) == atoms.get("tags", {})


@pytest.mark.parametrize("case", msg_join["tests"], ids=lambda case: case["desc"])
def test_the_vectors_of_ircdocs_are_put_together(case: dict[str, Any]) -> None:
    atoms = case["atoms"]
    message = Message(
        atoms["verb"],
        tuple(atoms.get("params") or ()),
        atoms.get("source") or "",
        {key: value or "" for key, value in (atoms.get("tags") or {}).items()},
    )
    assert serialise(message) in case["matches"]


@pytest.mark.parametrize("line", ["", " ", "   ", ":source", ":source ", "@tag", "@tag ", "@t :s "])
def test_a_line_without_a_command_is_nothing(line: str) -> None:
    assert parse(line) is None


def test_of_a_tag_that_comes_twice_the_last_value_counts() -> None:
    message = parse("@a=1;b;a=2 PING x")
    assert message is not None
    assert message.tags == {"a": "2", "b": ""}
