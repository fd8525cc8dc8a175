"""The full screen as its users meet it, without a terminal: T1 to T6 of its acceptance tests."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

pytest.importorskip("textual")

from textual.events import Paste
from textual.pilot import Pilot

from tcpchat.cli.screen.composer import Composer
from tcpchat.cli.screen.page import Own
from tcpchat.cli.screen.palette import DARK, LIGHT, Palette
from tcpchat.cli.screen.typed import Typed
from tcpchat.cli.show import Line
from tcpchat.model.events import Joined, Redacted
from tests.screen.fake import Chat

SECONDS = 10


@asynccontextmanager
async def shown(chat: Chat, columns: int = 110, rows: int = 24) -> AsyncIterator[Pilot[None]]:
    """The screen, of this size."""
    async with chat.app.run_test(size=(columns, rows)) as pilot:
        await drawn(chat, "@ 127.0.0.1" if columns >= 30 and rows >= 8 else "too small")
        yield pilot


async def drawn(chat: Chat, text: str) -> None:
    """Until something can be seen."""
    async with asyncio.timeout(SECONDS):
        while text not in chat.words:
            await asyncio.sleep(0.01)


async def gone(chat: Chat, text: str) -> None:
    """Until it cannot be seen any more."""
    async with asyncio.timeout(SECONDS):
        while text in chat.words:
            await asyncio.sleep(0.01)


# what is typed


async def test_tab_cycles_and_names_at_the_start_of_a_line_get_a_colon() -> None:
    chat = Chat()
    async with shown(chat) as pilot:
        await pilot.press("c", "a", "tab")
        assert chat.typed_now == "carol: "
        await pilot.press("tab")
        assert chat.typed_now == "caroline: "
        await drawn(chat, "carol:  [caroline:]")
        await pilot.press("shift+tab", "o", "k", "space", "d", "a", "tab")
        assert chat.typed_now == "carol: ok dave "


async def test_enter_sends_and_the_arrows_go_through_what_was_typed() -> None:
    chat = Chat()
    async with shown(chat) as pilot:
        await pilot.press(*"one", "enter", *"two", "enter", *"half")
        assert chat.lines == ["one", "two"]
        await pilot.press("up")
        assert chat.typed_now == "two"
        await pilot.press("up", "up")
        assert chat.typed_now == "one"
        await pilot.press("down", "down")
        assert chat.typed_now == "half"


async def test_ctrl_r_finds_what_was_typed() -> None:
    chat = Chat()
    async with shown(chat) as pilot:
        for text in ("make tea", "drink it", "make coffee"):
            await pilot.press(*text, "enter")
        await pilot.press(*"make", "ctrl+r")
        assert chat.typed_now == "make coffee"
        await pilot.press("ctrl+r")
        assert chat.typed_now == "make tea"
        await pilot.press("ctrl+r")
        await drawn(chat, "Nothing else fits.")
        assert chat.typed_now == "make tea"
        await pilot.press("!", "enter")
        assert chat.lines[-1] == "make tea!"


async def test_too_large_a_paste_is_said_to_be() -> None:
    chat = Chat()
    async with shown(chat):
        chat.app.post_message(Paste("x" * 65_537))
        await drawn(chat, "Nothing was pasted.")
        assert chat.typed_now == ""


async def test_several_lines_can_be_typed() -> None:
    chat = Chat()
    async with shown(chat) as pilot:
        await pilot.press("a", "alt+enter", "b", "up", "home", "c", "enter")
        assert chat.lines == ["ca\nb"]


async def test_a_command_explains_itself_while_it_is_typed() -> None:
    chat = Chat()
    async with shown(chat) as pilot:
        await pilot.press(*"/me")
        await drawn(chat, "/me TEXT: say what you do")
        await pilot.press("enter")
        await gone(chat, "/me TEXT: say what you do")


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
async def test_a_paste_of_several_lines_is_seen_whole_and_is_one_message(end: str) -> None:
    chat = Chat()
    async with shown(chat) as pilot:
        await pilot.press("a", "space")
        chat.app.post_message(Paste(end.join(["one", "two \x1b[31m", "three"]) + end))
        await drawn(chat, "› a one")
        assert "two [31m" in chat.words
        assert "three" in chat.words
        assert chat.lines == []
        await pilot.press("enter")
        assert chat.lines == ["a one\ntwo [31m\nthree"]


async def test_keys_are_done_in_the_order_in_which_they_were_typed() -> None:
    chat = Chat()
    async with shown(chat) as pilot:
        await pilot.press("a", "ctrl+c", "b", "alt+2", "c", "enter")
        assert chat.lines == ["bc"]
        assert chat.view.current is chat.view.find("#dev")


async def test_ctrl_c_takes_away_what_is_typed_and_leaves_at_the_second_time() -> None:
    chat = Chat()
    async with shown(chat) as pilot:
        await pilot.press("a", "ctrl+c")
        assert chat.typed_now == ""
        await drawn(chat, "Ctrl-C once more leaves.")
        await pilot.press("ctrl+c")
        await pilot.pause()
        assert not chat.app.is_running


async def test_ctrl_d_deletes_to_the_right_and_leaves_an_empty_line() -> None:
    chat = Chat()
    async with shown(chat) as pilot:
        await pilot.press("a", "b", "home", "ctrl+d")
        assert chat.typed_now == "b"
        await pilot.press("ctrl+d", "ctrl+d")
        await pilot.pause()
        assert not chat.app.is_running


async def test_who_leaves_is_told_what_is_not_stored() -> None:
    chat = Chat()
    async with shown(chat) as pilot:
        chat.unsent = 1
        await pilot.press("ctrl+d")
        await drawn(chat, "1 line is not stored yet. Ctrl-D again leaves all the same.")
        await pilot.press("a", "backspace", "ctrl+d")
        await drawn(chat, "1 line is not stored yet. Ctrl-D again leaves all the same.")
        assert chat.app.is_running
        await pilot.press("ctrl+d")
        await pilot.pause()
        assert not chat.app.is_running


async def test_ctrl_u_and_ctrl_k_cut_a_line_however_many_rows_it_takes() -> None:
    chat = Chat()
    async with shown(chat, columns=80) as pilot:
        chat.app.query_one(Composer).put("word " * 50)
        await pilot.press("ctrl+u")
        assert chat.typed_now == ""
        chat.app.query_one(Composer).put("word " * 50)
        chat.app.query_one(Composer).move_cursor((0, 4))
        await pilot.press("ctrl+k")
        assert chat.typed_now == "word"


async def test_a_secret_is_not_shown_and_what_was_half_typed_comes_back() -> None:
    chat = Chat()
    async with shown(chat) as pilot:
        await pilot.press(*"half")
        asking = asyncio.create_task(chat.app.ask("Password: ", hidden=True))
        await drawn(chat, "Password:")
        await pilot.press(*"secret")
        await drawn(chat, "Password: ••••••")
        assert "secret" not in chat.words
        await pilot.press("enter")
        assert await asking == "secret"
        asking = asyncio.create_task(chat.app.ask("Once more: ", hidden=True))
        await drawn(chat, "Once more:")
        await pilot.press(*"again", "enter")
        assert await asking == "again"
        await drawn(chat, "› half")
        assert chat.lines == []


def test_what_was_typed_is_kept_as_the_line_client_keeps_it_but_no_password(tmp_path: Path) -> None:
    history = pytest.importorskip("prompt_toolkit.history").FileHistory
    file = tmp_path / "new" / "history"
    for text in ("one", "two\nlines", "/register secret", "three"):
        Typed(file).add(text)
    assert list(history(str(file)).load_history_strings()) == ["three", "two\nlines", "one"]
    history(str(file)).append_string("of the line client\nwith two lines")
    typed = Typed(file)
    assert [typed.earlier("") for _ in range(5)] == [
        "of the line client\nwith two lines",
        "three",
        "two\nlines",
        "one",
        None,
    ]
    assert file.stat().st_mode & 0o077 == 0


# rooms


async def test_unread_counts_mentions_and_where_f2_goes() -> None:
    chat = Chat()
    async with shown(chat) as pilot:
        for number in range(12):
            chat.say("dave", f"x{number}", "#dev")
        chat.tell("bob", "psst")
        chat.say("bob", "look, alice", "#ops")
        await drawn(chat, "@bob        @1")
        assert "#dev        12" in chat.words
        assert "#ops        @1" in chat.words
        visited = []
        for _ in range(3):
            await pilot.press("f2")
            visited.append(chat.view.current.name if chat.view.current else "")
        assert visited == ["#ops", "bob", "#dev"]
        await gone(chat, "@1")


async def test_what_is_new_stands_below_a_line_that_says_how_much() -> None:
    chat = Chat()
    async with shown(chat) as pilot:
        chat.say("dave", "old", "#dev")
        await pilot.press("alt+2")
        await drawn(chat, "old")
        await pilot.press("alt+1")
        chat.say("dave", "first", "#dev")
        chat.say("erik", "second", "#dev")
        await pilot.press("ctrl+n")
        await drawn(chat, "─ 2 new ─")
        places = [
            next(place for place, row in enumerate(chat.rows) if word in row) for word in ("old", "2 new", "first")
        ]
        assert places == list(range(places[0], places[0] + 3))
        await pilot.press("ctrl+p", "ctrl+n")
        await gone(chat, "─ 2 new ─")


async def test_a_message_with_ones_name_is_marked() -> None:
    chat = Chat()
    async with shown(chat):
        chat.say("carol", "alice: can you come?")
        chat.say("carol", "malice: no")
        await drawn(chat, "malice")
        marked = [row for row in chat.rows if "▌" in row]
        assert len(marked) == 1
        assert "alice: can you" in marked[0]


async def test_a_click_on_a_room_shows_it() -> None:
    chat = Chat()
    async with shown(chat) as pilot:
        await pilot.click("#rooms", offset=(4, 1))
        await drawn(chat, "▸ #dev")
        assert chat.view.current is chat.view.find("#dev")


async def test_own_lines_are_pending_then_failed_or_said() -> None:
    chat = Chat()
    async with shown(chat):
        chat.waiting = ["on it"]
        chat.app.changed()
        await drawn(chat, "… alice on it")
        chat.waiting = []
        chat.say("alice", "on it")
        await gone(chat, "… alice on it")
        assert chat.words.count("on it") == 1


async def test_what_is_taken_back_is_not_seen_any_more() -> None:
    chat = Chat()
    async with shown(chat):
        said = chat.say("bob", "a slip of the tongue")
        chat.app.add([Line("-- an answer")])
        await drawn(chat, "a slip")
        chat.event(Redacted(room="#general", by="bob", of=said.id))
        await gone(chat, "a slip")
        assert "an answer" in chat.words


async def test_topic_people_and_link() -> None:
    chat = Chat()
    room = chat.view.find("#general")
    assert room is not None
    room.topic = "release 1.2\x1b[2J on Friday"
    async with shown(chat):
        await drawn(chat, "#general  release 1.2[2J on Friday")
        assert "5 here" in chat.words
        chat.event(Joined(room="#general", by="zoe"))
        await drawn(chat, "zoe")
        chat.connected, chat.state = False, "no link, 1 waiting"
        chat.app.changed()
        await drawn(chat, "alice @ 127.0.0.1:7667 · no link, 1 waiting")


# sizes


LONG = "a rather long message that has to be wrapped under its own text, and so on and on, until the end of it"


@pytest.mark.parametrize(("columns", "rooms", "people"), [(110, True, True), (70, True, False), (48, False, False)])
async def test_what_there_is_no_room_for_is_hidden_and_nothing_is_clipped(
    columns: int, rooms: bool, people: bool
) -> None:
    chat = Chat()
    chat.say("bob", LONG)
    chat.say("caroline", "日本語も大丈夫ですか" * 5)
    chat.say("dave", "x", "#dev")
    async with shown(chat, columns, 20):
        await drawn(chat, "#dev         1" if rooms else "#dev:1")
        assert ("▸ #general" in chat.words) is rooms
        assert ("5 here" in chat.words) is people
        assert LONG in unwrapped(chat, "bob")
        assert "日本語も大丈夫ですか" * 5 in unwrapped(chat, "caroline").replace(" ", "")
        assert {len_of(row) for row in chat.rows} == {columns}


async def test_the_indent_follows_the_window() -> None:
    chat = Chat()
    chat.say("bob", LONG)
    async with shown(chat, 110, 20) as pilot:
        for columns in (70, 48, 110, 60, 59, 90, 89):
            await pilot.resize_terminal(columns, 20)
            async with asyncio.timeout(SECONDS):
                while {len_of(row) for row in chat.rows} != {columns} or LONG not in unwrapped(chat, "bob"):
                    await asyncio.sleep(0.01)


async def test_forty_columns_and_ten_rows_are_enough() -> None:
    chat = Chat()
    chat.say("bob", "hello")
    async with shown(chat, 40, 10) as pilot:
        await pilot.press(*"hi", "enter")
        assert chat.lines == ["hi"]
        assert "bob hello" in chat.words


@pytest.mark.parametrize(("columns", "rows"), [(29, 24), (80, 7), (5, 3), (1, 1)])
async def test_a_window_that_is_too_small_says_so(columns: int, rows: int) -> None:
    chat = Chat()
    async with chat.app.run_test(size=(columns, rows)) as pilot:
        await pilot.press(*"hi", "enter")
        if columns > 20:
            await drawn(chat, "too small")
        assert chat.lines == ["hi"]
        await pilot.resize_terminal(80, 24)
        await drawn(chat, "#general")


GOLDEN = """
▸ #general       │ #general  release 1.2 on Friday                     │ 5 here
  #dev        12 │ HH:MM   carol the build is red again:               │ alice
  #ops           │               https://ci.example.org/run/4711       │ bob
  @bob        @1 │ HH:MM    dave 日本語も大丈夫ですか                  │ carol
                 │ HH:MM   alice もちろん ✓                            │ caroline
                 │ ────────────────────── 3 new ────────────────────── │ dave
                 │ HH:MM ▌ carol alice: can you review !42 before      │
                 │       ▌       lunch?                                │
                 │ HH:MM     bob a rather long message that has to be  │
                 │               wrapped under its own text            │
                 │ HH:MM  * dave waves                                 │
                 │            -- zoe joined                            │
                 │        /me TEXT  say what you do                    │
                 │       ! alice not sent                              │
                 │       … alice on it                                 │
                 │ alice @ 127.0.0.1:7667 · connected                  │
                 │ › carol:                                            │
 [carol:]  caroline:
"""


async def test_everything_in_its_place_at_ninety_columns() -> None:
    chat = Chat()
    room = chat.view.find("#general")
    assert room is not None
    room.topic = "release 1.2 on Friday"
    chat.view.joins = "all"
    async with shown(chat, 90, 18) as pilot:
        chat.say("carol", "the build is red again: https://ci.example.org/run/4711")
        chat.say("dave", "日本語も大丈夫ですか")
        chat.say("alice", "もちろん ✓")
        room.new = chat.say("carol", "alice: can you review !42 before lunch?")
        chat.say("bob", "a rather long message that has to be wrapped under its own text")
        chat.say("dave", "waves", kind="action")
        chat.event(Joined(room="#general", by="zoe"))
        room.people.pop("zoe")
        chat.app.add([Line("-- /me TEXT  say what you do"), Own("not sent", "failed", "!")])
        for number in range(12):
            chat.say("dave", f"x{number}", "#dev")
        chat.tell("bob", "psst")
        chat.waiting = ["on it"]
        await pilot.press("c", "a", "tab")
        await drawn(chat, "[carol:]")
        await drawn(chat, "@bob        @1")
        seen = [re.sub(r"\d\d:\d\d(?!7)", "HH:MM", row).rstrip() for row in chat.rows]
        assert seen == GOLDEN.strip("\n").split("\n")


# scrolling


async def test_who_scrolled_up_stays_there_and_is_told_what_is_new() -> None:
    chat = Chat()
    for number in range(100):
        chat.say("bob", f"line {number:02}")
    async with shown(chat) as pilot:
        await drawn(chat, "line 99")
        await pilot.press("pageup")
        await drawn(chat, "more below")
        before = chat.log
        assert "line 99" not in chat.words
        chat.say("carol", "fresh")
        chat.say("alice", "own")
        chat.say("carol", "fresh")
        await drawn(chat, "↓ 2 new")
        assert chat.log == before
        await pilot.press("pagedown", "pagedown")
        await gone(chat, "↓")
        assert "own" in chat.words
        await pilot.press("pageup", "escape")
        await gone(chat, "↓")


async def test_scrolling_ends_at_the_first_message() -> None:
    chat = Chat()
    for number in range(60):
        chat.say("bob", f"line {number:02}")
    async with shown(chat) as pilot:
        await pilot.press(*["pageup"] * 9)
        await drawn(chat, "line 00")
        top = chat.log
        assert "line 00" in top[1]
        await pilot.press("pagedown", "pageup")
        await drawn(chat, "line 00")
        assert chat.log == top


async def test_the_place_is_kept_when_the_oldest_messages_go() -> None:
    chat = Chat()
    for number in range(5_400):
        chat.say("bob", f"line {number}")
    async with shown(chat) as pilot:
        await pilot.press("pageup", "pageup")
        await drawn(chat, "more below")
        before = chat.log
        for number in range(200):
            chat.say("bob", f"more {number}")
        await drawn(chat, "↓ 200 new")
        assert chat.log == before


async def test_sending_a_line_goes_to_the_end() -> None:
    chat = Chat()
    for number in range(60):
        chat.say("bob", f"line {number:02}")
    async with shown(chat) as pilot:
        await pilot.press("pageup", *"hi", "enter")
        await drawn(chat, "line 59")


# what others can do to it


@pytest.mark.parametrize("text", ["\x1b]0;title\x07", "\x1b[2J", "\u202egnp.exe", "\x9b31m", "a\rb", "[red]x[/red]"])
async def test_nothing_that_somebody_says_controls_the_terminal(text: str) -> None:
    chat = Chat()
    room = chat.view.find("#general")
    assert room is not None
    async with shown(chat):
        chat.say(f"b{text}b", f"before {text} after", "#general")
        chat.say("bob", "x", f"#x{text}")
        chat.tell(f"c{text}", "x")
        room.topic = text
        await drawn(chat, "after")
        assert not {one for one in chat.words if one < " " or "\x7f" <= one < "\xa0" or one == "\u202e"} - {"\n"}
        if text.startswith("["):
            assert f"before {text} after" in chat.words


async def test_emoji_leave_everything_in_its_place() -> None:
    chat = Chat()
    async with shown(chat):
        chat.say("bob", "👨‍👩‍👧‍👦 ❤️ 🇩🇪 ✌🏽 नमस्ते e\u0301 שלום end" + "\u0301" * 40)
        await drawn(chat, "end")
        assert {len_of(row) for row in chat.rows} == {110}


@pytest.mark.parametrize("palette", [DARK, LIGHT])
def test_all_text_has_a_contrast_of_four_and_a_half(palette: Palette) -> None:
    for colour in (palette.text, palette.dim, palette.accent, palette.alarm, *palette.nicks):
        assert contrast(colour, palette.ground) >= 4.5
    for colour in (palette.text, palette.dim, palette.accent, palette.alarm):
        assert contrast(colour, palette.band) >= 4.5


def test_somebody_has_the_same_colour_however_the_nick_is_written() -> None:
    assert DARK.of("Bob") == DARK.of("bob")
    assert len({DARK.of(f"nick{number}") for number in range(100)}) == len(DARK.nicks)


# looking


def unwrapped(chat: Chat, nick: str) -> str:
    """What somebody said, from all its rows; each but the first begins under the text."""
    rows = chat.log
    first = next(place for place, row in enumerate(rows) if f" {nick} " in row)
    indent = rows[first].index(f" {nick} ") + len(nick) + 2
    texts = [rows[first][indent:].rstrip()]
    for row in rows[first + 1 :]:
        if row[:indent].strip():
            break
        texts.append(row[indent:].rstrip())
    return " ".join(texts)


def len_of(row: str) -> int:
    """Columns."""
    from rich.cells import cell_len

    return cell_len(row)


def contrast(one: str, other: str) -> float:
    """As WCAG 2 has it."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    """Of ``#rrggbb``."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
