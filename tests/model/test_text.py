"""What may stand in a message, and how it is made safe to show."""

import re
import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tcpchat.model.text import CTCP, IRC_FORMATTING, MOST_MARKS, clean, cut, is_client_tag, one_line, showable

NASTY = st.lists(
    st.sampled_from(
        ["\r", "\n", "\t", "\0", "\x03", "\x031", "\x0304,12", "\x04ff0000", "\x1b[31m",
        "\x9b", "\x85", "\u2028", "\u202e", "1",
         ",", "2", "a", "\ud800", "\x7f", "\x01", "\u061c", "\U000e0041", " ", "é", "😀"]
    ),
    max_size=12,
).map("".join)  # fmt: skip
TEXTS = st.one_of(st.text(max_size=30), NASTY)


@settings(deadline=None, max_examples=400)
@given(TEXTS)
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    assert clean(clean(text)) == clean(text)
    assert one_line(one_line(text)) == one_line(text)
    assert showable(showable(text)) == showable(text)


@pytest.mark.threat(18, 21)
@settings(deadline=None, max_examples=400)
@given(TEXTS)
def test_nothing_that_is_stored_can_be_obeyed_by_a_wire_or_a_terminal(text: str) -> None:
    stored = clean(text)
    controls = {one for one in stored if unicodedata.category(one) in {"Cc", "Cs", "Zl", "Zp"}}
    assert controls <= set(f"\n\t{CTCP}{IRC_FORMATTING}")
    assert stored.encode().decode() == stored
    assert "\n" not in one_line(text)
    assert one_line(text) == one_line(text).strip()


@pytest.mark.threat(21, 23)
@settings(deadline=None, max_examples=400)
@given(TEXTS)
def test_nothing_that_is_shown_controls_a_terminal(text: str) -> None:
    shown = showable(clean(text))
    assert not any(unicodedata.category(one) in {"Cc", "Cs", "Zl", "Zp"} for one in shown if one != "\n")
    assert not re.search("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufff9-\ufffb\U000e0000-\U000e007f]", shown)


@settings(deadline=None, max_examples=200)
@given(st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"])))
def test_plain_words_stay_as_they_are(text: str) -> None:
    assert clean(text) == text
    assert showable(text) == text


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("a\r\nb", "a\nb"),
        ("a\r\r\nb", "a\ufffd\nb"),
        ("a\rb", "a\ufffdb"),
        ("\x1b[2J", "\ufffd[2J"),
        ("\ud800", "\ufffd"),
        ("\x02bold\x02\tx\x01", "\x02bold\x02\tx\x01"),
        ("e\u0301", "e\u0301"),
    ],
)
def test_text_as_it_is_stored(text: str, stored: str) -> None:
    assert clean(text) == stored


FLAG = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
"""That of England, as Unicode writes it."""


@pytest.mark.threat(23)
@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("a\u202ebc", "abc"),
        ("\u202dabc\u202c", "abc"),
        ("a\u2066b", "ab"),
        ("a\u2069b", "ab"),
        ("\u202aa\u2069b\u202c", "ab"),
        ("\u2067שלום\u2069 \u2066a\nb\u2069", "\u2067שלום\u2069 a\nb".replace("\u2067", "").replace("\u2069", "")),
        ("\u2067שלום\u2069\n\u2066b", "\u2067שלום\u2069\nb"),
        ("a\U000e0041\U000e0042", "a"),
        (f"{FLAG}\U000e0041", FLAG),
        ("Z" + "\u0301" * 50 + "a", "Z" + "\u0301" * MOST_MARKS + "a"),
        ("Z" + "\u0489\u200d" * 50, "Z" + "\u0489\u200d" * (MOST_MARKS // 2)),
        ("Z" + "\U0001d165" * 3 + "\U000101fd" * 50, "Z" + "\U0001d165" * 3 + "\U000101fd" * MOST_MARKS),
    ],
)
def test_what_would_reach_into_the_lines_of_others_is_not_stored(text: str, stored: str) -> None:
    assert clean(text) == stored


@pytest.mark.threat(23)
@pytest.mark.parametrize(
    "text",
    [
        "\u2067שלום\u2069 and \u2068more\u2069", "שלום עולם", "مرحبا بالعالم", "می‌خواهم", "क्‍ष", "ശ്രീ", "👩‍❤️‍💋‍👨",
        "👍🏽", FLAG, "Tiếng Việt", "שָׁלוֹם", "ก็ไม่รู้", "ཧཱུྃ", "葛󠄀城",
    ],
)  # fmt: skip
def test_languages_and_signs_are_stored_as_they_are(text: str) -> None:
    assert clean(text) == text
    assert showable(text) == re.sub("[\u2066-\u2069\U000e0000-\U000e007f]", "", text)


@pytest.mark.threat(23)
@settings(deadline=None, max_examples=400)
@given(
    st.text(
        st.sampled_from("ab\n\u0301\u0489\u200d\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\U000e0041"),
        max_size=40,
    )
)
def test_what_is_stored_closes_what_it_opens(text: str) -> None:
    stored = clean(text)
    assert clean(stored) == stored
    assert not set("\u202d\u202e") & set(stored)
    assert not re.search(f"[\u0301\u0489\u200d]{{{MOST_MARKS + 1}}}", stored)
    for line in stored.split("\n"):
        open_ones = 0
        for one in line:
            open_ones += (one in "\u202a\u202b\u2066\u2067\u2068") - (one in "\u202c\u2069")
            assert open_ones >= 0
        assert open_ones == 0


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x0304,12red\x03", "red"),
        ("\x04ff0000red", "red"),
        ("\x02b\x1di", "bi"),
        ("a\tb", "a b"),
        ("\x031234", "34"),
        ("\u202eabc", "abc"),
    ],
)
def test_text_as_it_is_shown(text: str, shown: str) -> None:
    assert showable(text) == shown


@settings(deadline=None, max_examples=300)
@given(st.text(st.characters(codec="utf-8"), max_size=60), st.integers(4, 20))
def test_pieces_fit_and_make_the_whole_again(text: str, size: int) -> None:
    pieces = cut(text, size)
    assert "".join(pieces) == text
    assert all(len(piece.encode()) <= size for piece in pieces)
    assert all(pieces[:-1]), "only an empty text has an empty piece"
    assert all(one.endswith(" ") or len((one + other[0]).encode()) > size for one, other in pairwise(pieces))


@pytest.mark.parametrize("key", ["+typing", "+draft/reply", "+example.org/a-1", "+A"])
def test_a_tag_that_clients_may_send_each_other(key: str) -> None:
    assert is_client_tag(key)


@pytest.mark.parametrize("key", ["", "+", "typing", "msgid", "+a b", "+a;b", "+a=b", "++a", "+a/", "+/a", "+é", "+a\n"])
def test_a_tag_that_clients_may_not_send(key: str) -> None:
    assert not is_client_tag(key)
