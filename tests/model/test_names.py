"""Which names are valid, and which are the same."""

import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tcpchat.model import names
from tcpchat.model.replies import Refused

ANY_TEXT = st.text(max_size=20)
ODD = st.text(st.sampled_from("aAßẞéÉΣςσİıKÅﬀΐ＃，＠：ａＡא١#&,@ .\u0301\u200d\u00b7l"), max_size=8)
"""What Unicode has ready for those who compare names."""


def valid(check: Callable[[str], str], name: str) -> str | None:
    """The folded form; None where there can be no such name."""
    try:
        return check(name)
    except Refused:
        return None


@pytest.mark.threat(26)
@settings(deadline=None, max_examples=500)
@given(st.one_of(ANY_TEXT, ODD, ODD.map(lambda name: f"#{name}")))
def test_folding_twice_is_folding_once(name: str) -> None:
    assert names.fold(names.fold(name)) == names.fold(name)


@settings(deadline=None, max_examples=500)
@given(st.one_of(ANY_TEXT, ODD))
def test_a_valid_nick_folds_to_a_valid_nick(name: str) -> None:
    if (folded := valid(names.nick, name)) is not None:
        assert folded == names.fold(name)
        assert names.nick(folded) == folded
        assert not names.is_room(folded)
        assert not set(" ,@!:") & set(name + folded)


@settings(deadline=None, max_examples=500)
@given(st.one_of(ANY_TEXT, ODD).map(lambda name: f"#{name}"))
def test_a_valid_room_folds_to_a_valid_room(name: str) -> None:
    if (folded := valid(names.room, name)) is not None:
        assert folded == names.fold(name)
        assert names.room(folded) == folded
        assert names.is_room(folded)
        assert not set(" ,") & set(name + folded)


@pytest.mark.parametrize(
    "name",
    ["ann", "Ann", "a", "ann_2", "[ann]", "a|b", "{bob}", "^x`", "Jörg", "Ωμέγα", "محمد", "名前", "a-b", "x" * 32],
)
def test_a_nick_one_may_have(name: str) -> None:
    assert names.nick(name) == names.fold(name)


@pytest.mark.threat(28)
@pytest.mark.parametrize(
    "name",
    [
        "", " ", "a b", " ann", "#ann", "&ann", "+ann", "~ann", "%ann", "$ann", "-ann",
        "0ann", "9", "=a", "|a", "a,b", "a*",
        "a?", "ann!", "a@b", "a.b", "a:b", ":a", "a/b", "a\\b", "a'b", 'a"b', "<a>",
        "a\n", "a\r", "a\0", "a\x1b", "a\x7f",
        "a\u202e", "a\u200b", "a\u00a0b", "a\u2028", "x" * 33, "名" * 34, "😀", "a\ud800",
        "server", "System", "NickServ", "Ωmega", "аdmin", "NіckServ", "RООT", "adrnin", "operat0r",
        "a\u2800", "a\u3164", "\u115fa", "a\uffa0", "a\ufe0f", "a\U000e0061", "é\u0302\u0303\u0304\u0305",
        "＃tea", "a，b", "a＠b", "a：b", "：a", "＆a", "ａ．ｂ", "＋a", "ＳＥＲＶＥＲ", "ﬀ",
    ],
)  # fmt: skip
def test_a_nick_nobody_may_have(name: str) -> None:
    with pytest.raises(Refused) as caught:
        names.nick(name)
    assert caught.value.code == "bad_nick"


@pytest.mark.parametrize(
    "name", ["#tea", "&tea", "#Tea", "#a", "##a", "#c++", "#日本", "#a.b-c_d!", "#0", "#" + "x" * 63]
)
def test_a_room_there_may_be(name: str) -> None:
    assert names.room(name) == names.fold(name)


@pytest.mark.threat(28)
@pytest.mark.parametrize(
    "name",
    [
        "", "#", "&", "tea", "@tea", " #tea", "#a b", "#a,b", "#a:b", "#a\x07", "#a\n",
        "#a\r", "#a\0", "#a*", "#a?", "#a\u202e",
        "#a\u200b", "#" + "x" * 64, "#" + "名" * 34, "#a，b", "#a：b", "#ａ＊", "#\ud800", "#😀",
    ],
)  # fmt: skip
def test_a_room_there_cannot_be(name: str) -> None:
    with pytest.raises(Refused) as caught:
        names.room(name)
    assert caught.value.code == "bad_room"


@pytest.mark.threat(26)
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ann", "ann"),
        ("JÖRG", "jörg"),
        ("jo\u0308rg", "jörg"),
        ("ＡＮＮ", "ann"),
        ("#Tea", "#tea"),
        ("ΣΑΣ", "σας"),
        ("#ＴＥＡ", "#tea"),
    ],
)
def test_two_spellings_of_one_name(one: str, other: str) -> None:
    assert names.fold(one) == names.fold(other)


@pytest.mark.parametrize(
    ("one", "other"), [("ann", "anna"), ("[a]", "{a}"), ("a", "а"), ("#tea", "&tea"), ("#tea", "tea")]
)
def test_two_names(one: str, other: str) -> None:
    assert names.fold(one) != names.fold(other)


@pytest.mark.parametrize("name", ["ann", "Ann", "Jörg", "x" * 32])
def test_an_account_is_called_like_a_nick(name: str) -> None:
    assert names.account(name) == names.fold(name)


@pytest.mark.threat(28)
@pytest.mark.parametrize("name", ["", "a b", "#ann", "=ann", "~ann", "a,b", "x" * 33, "NickServ"])
def test_an_account_nobody_may_have(name: str) -> None:
    with pytest.raises(Refused) as caught:
        names.account(name)
    assert (caught.value.code, caught.value.about) == ("bad_account", (name,))
    assert "nickname" not in caught.value.text


@pytest.mark.threat(40)
def test_names_that_are_too_long_are_not_kept_in_mind() -> None:
    """Folding remembers what it did; a peer must not fill the memory with names that cannot be."""
    tracemalloc.start()
    try:
        for n in range(100):
            names.fold(f"{n % 10}" * 100_000 + f"{n}")
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 1_000_000


@pytest.mark.threat(40)
def test_only_so_many_names_are_kept_in_mind() -> None:
    tracemalloc.start()
    try:
        for n in range(names.MOST_FOLDED * 2):
            assert names.fold(f"Name{n}") == f"name{n}"
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < names.MOST_FOLDED * 250
