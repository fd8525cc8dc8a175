"""What was missed, searched for, skipped, or not stored: how it is told in each dialect."""

import pytest

from tcpchat.config import Config
from tcpchat.model import commands, replies
from tcpchat.model.events import Event, Said, Skipped, Told
from tcpchat.wire.dialect import Answer, Request
from tcpchat.wire.irc.dialect import Irc, encoding
from tcpchat.wire.line import PlainLines
from tcpchat.wire.told import LineEncoding
from tests.wire.talking import Talk

NOW = 1_700_000_000_000


def said(number: int, text: str = "", room: str = "#tea") -> Said:
    return Said(room=room, by="Bob", text=text or f"line {number}", time=NOW + number, number=number, id=f"a-{number}")


def asked(dialect: PlainLines | Irc, line: str, *answers: Answer) -> tuple[list[commands.Command], str]:
    """What a line asks for, and all that is written if that is answered so."""
    wishes, written, left = [], b"", list(answers)
    for item in dialect.receive(line.encode() + b"\r\n"):
        if isinstance(item, Request):
            wishes.append(item.command)
            written += dialect.answer(item, left.pop(0), "Ann")
        else:
            written += item
    assert not left, "all was asked for"
    return wishes, written.decode()


def person() -> PlainLines:
    """Somebody with nc, in the lobby."""
    dialect = PlainLines(Config(join_history=3), greeted=True)
    asked(
        dialect, "Ann", replies.Welcome(nick="Ann", server="x", version="1"), replies.Seated(room="#lobby", people=[])
    )
    return dialect


def client(capabilities: str = "", config: Config | None = None) -> Irc:
    """An IRC client that came in as Ann."""
    talk = Talk(Irc(config or Config()))
    talk.feed(f"CAP REQ :{capabilities}\nNICK Ann\nUSER a 0 * :A\nCAP END\n".encode())
    assert isinstance(talk.dialect, Irc)
    return talk.dialect


def seated(**more: int | bool) -> replies.Seated:
    return replies.Seated(room="#tea", people=["Ann"], **more)  # type: ignore[arg-type]


# line


def join(reply: replies.Seated, *pages: replies.Page) -> list[str]:
    """What somebody with nc sees who joins, after the line about the room."""
    _, written = asked(person(), "/join tea", reply, *pages)
    assert written.startswith("-- You are in #tea: ")
    return written.split("\r\n")[1:-1]


def test_a_person_sees_where_they_left() -> None:
    page = replies.Page(room="#tea", events=[said(4), said(5), said(6)], more=True)
    before, old, gap, new, newer, now = join(seated(number=6, left=4, left_time=NOW), page)
    assert before == "-- Said here before:"
    assert old.endswith("<Bob> line 4")
    assert gap.startswith("-- You were away from ")
    assert gap.endswith(". Said since then:")
    assert (new[-6:], newer[-6:], now) == ("line 5", "line 6", "-- Now:")


def test_a_person_is_told_how_much_more_was_said_and_how_to_see_it() -> None:
    page = replies.Page(room="#tea", events=[said(1_998), said(1_999), said(2_000)], more=True)
    gap, *lines, now = join(seated(number=2_000, left=0, left_time=NOW), page)
    assert gap.endswith(". Said since then, the last 3 of 2,000 (/history 2000 shows more):")
    assert (len(lines), now) == (3, "-- Now:")


def test_a_person_is_told_that_nothing_was_missed() -> None:
    page = replies.Page(room="#tea", events=[said(1), said(2)])
    lines = join(seated(number=2, left=2, left_time=NOW), page)
    assert lines[0] == "-- Said here before:"
    assert lines[-2].endswith(". Nothing was said since then.")


def test_who_was_never_there_was_not_away() -> None:
    page = replies.Page(room="#tea", events=[said(1), said(2)])
    assert [line[-6:] for line in join(seated(number=2), page)] == ["efore:", "line 1", "line 2", "- Now:"]


def test_a_person_is_told_that_a_room_is_recorded() -> None:
    assert join(seated(recorded=True)) == ["-- What is said in #tea is recorded, and shown to those who join later."]
    assert join(seated()) == []
    assert join(seated(recorded=True, already=True)) == [], "they know it"


@pytest.mark.parametrize(
    ("typed", "words", "target"),
    [
        ("/search green tea", "green tea", ""),
        ("/search #tea green tea", "green tea", "#tea"),
        ("/search #hashtag", "#hashtag", ""),
        ('/search "#tea" cup', '"#tea" cup', ""),
    ],
)
def test_a_person_searches_everywhere_or_in_one_room(typed: str, words: str, target: str) -> None:
    wishes, _ = asked(person(), typed, replies.Found(events=[]))
    assert wishes == [commands.Search(words=words, target=target)]


def test_what_was_found_comes_oldest_first_with_its_place() -> None:
    told = Told(by="Ann", to="Bob", text="tea?", time=NOW, number=1, id="a-1")
    newest_first = [said(3, "tea!", "#lobby"), said(2, "tea", "#tea"), told]
    _, written = asked(person(), "/search tea", replies.Found(events=newest_first))
    head, *lines, end = written.split("\r\n")[:-1]
    assert (head, end) == ("-- Found:", "-- That is all.")
    assert [line.partition("] ")[2] for line in lines] == [
        "(to Bob) <Ann> tea?",
        "#tea <Bob> tea",
        "#lobby <Bob> tea!",
    ]
    assert all(line.startswith(("[14 Nov 2023 ", "[15 Nov 2023 ")) for line in lines)


@pytest.mark.parametrize(
    ("found", "remark"),
    [
        (replies.Found(events=[]), "-- Nothing was found."),
        (replies.Found(events=[said(1)], more=True), "-- These are the latest. Older ones may fit, too: "),
        (replies.Found(events=[said(1)], complete=False), "-- There was no time to look through everything. "),
        (replies.Found(events=[], complete=False), "-- There was no time to look through everything. "),
    ],
)
def test_a_person_is_told_whether_that_is_all(found: replies.Found, remark: str) -> None:
    _, written = asked(person(), "/search tea", found)
    assert written.split("\r\n")[-2].startswith(remark)


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (
            Skipped(target="#tea", first=1, last=8_312),
            "-- 8,312 messages in #tea were skipped, because you were too far behind. /history shows the latest.",
        ),
        (
            Skipped(target="Bob", first=7, last=7),
            "-- 1 message between you and Bob was skipped, because you were too far behind.",
        ),
    ],
)
def test_a_person_is_told_what_was_skipped(event: Event, line: str) -> None:
    assert LineEncoding("#tea").write(event).decode() == f"{line}\r\n"


# IRC

NAMES = replies.Names(room="#tea", names=("Ann!ann@host",))


def irc_join(reply: replies.Seated, *pages: replies.Page, caps: str = "") -> tuple[commands.Command | None, list[str]]:
    """What is asked for after the join, and what is written after the names."""
    (_, _, *wishes), written = asked(client(caps), "JOIN #tea", reply, NAMES, *pages)
    return (wishes[0] if wishes else None), written.partition(" 366 Ann #tea ")[2].split("\r\n")[1:-1]


def test_an_irc_client_that_cannot_ask_is_told_what_was_said_since_it_left() -> None:
    page = replies.Page(room="#tea", events=[said(5), said(6)])
    wish, lines = irc_join(seated(number=6, left=4, left_time=NOW), page, caps="server-time")
    assert wish == commands.History(room="#tea", after=4, before=7, latest=True, limit=500, said=True)
    assert [line.partition(" ")[2] for line in lines] == [
        "NOTICE #tea :Said since you left:",
        ":Bob PRIVMSG #tea :line 5",
        ":Bob PRIVMSG #tea :line 6",
        "NOTICE #tea :Now:",
    ]


def test_an_irc_client_is_told_if_more_was_said_than_is_shown() -> None:
    page = replies.Page(room="#tea", events=[said(1_999), said(2_000)], more=True)
    _, lines = irc_join(seated(number=2_000, left=10, left_time=NOW), page, caps="server-time batch")
    assert lines[0] == (":tcpchat.local NOTICE #tea :Since you left there were 1,990 messages; the latest 2 follow.")
    assert lines[1] == ":tcpchat.local BATCH +b1 chathistory #tea"


def test_an_irc_client_that_missed_nothing_is_told_nothing() -> None:
    assert irc_join(seated(number=6, left=6, left_time=NOW), caps="server-time") == (None, [])


def test_an_irc_client_that_was_never_there_sees_the_last_lines() -> None:
    page = replies.Page(room="#tea", events=[said(6)], more=True)
    wish, lines = irc_join(seated(number=6), page, caps="server-time")
    assert wish == commands.History(room="#tea", before=7, limit=20, said=True)
    assert len(lines) == 3, "and no word of what else there is"


@pytest.mark.parametrize("caps", ["server-time draft/chathistory", "draft/chathistory", ""])
def test_an_irc_client_that_can_ask_or_cannot_show_times_is_told_nothing_unasked(caps: str) -> None:
    assert irc_join(seated(number=6, left=4, left_time=NOW), caps=caps) == (None, [])


def test_nothing_is_told_unasked_where_that_is_switched_off() -> None:
    dialect = client("server-time", Config(join_history=0))
    wishes, _ = asked(dialect, "JOIN #tea", seated(number=6, left=4, left_time=NOW), NAMES)
    assert wishes == [commands.Join(room="#tea"), commands.ShowNames(room="#tea")]


def test_an_irc_client_is_told_that_a_room_is_recorded() -> None:
    notice = ":tcpchat.local NOTICE #tea :What is said in #tea is recorded, and shown to those who join later."
    assert irc_join(seated(recorded=True), caps="draft/chathistory") == (None, [notice])
    assert irc_join(seated()) == (None, [])


@pytest.mark.parametrize(
    ("capabilities", "target", "line"),
    [
        ("standard-replies", "#tea", "NOTE * SKIPPED #tea 8312 :8,312 messages in #tea were skipped, "),
        ("", "#tea", "NOTICE #tea :8,312 messages in #tea were skipped, "),
        ("", "Bob", "NOTICE * :8,312 messages between you and Bob were skipped, "),
    ],
)
def test_an_irc_client_is_told_what_was_skipped(capabilities: str, target: str, line: str) -> None:
    event = Skipped(target=target, first=1, last=8_312)
    written = encoding(frozenset(capabilities.split()), "tcpchat.local").write(event).decode()
    assert written == f":tcpchat.local {line}because you were too far behind. CHATHISTORY has them.\r\n"


FULL = replies.Refused("not_stored", "Not stored: the disk is full. Try again later.")


@pytest.mark.parametrize(
    ("capabilities", "line", "answer"),
    [
        ("standard-replies", "PRIVMSG #tea :hi", "FAIL PRIVMSG NOT_STORED #tea"),
        ("standard-replies", "PRIVMSG @#tea :hi", "FAIL PRIVMSG NOT_STORED #tea"),
        ("standard-replies", "PRIVMSG Bob :hi", "FAIL PRIVMSG NOT_STORED Bob"),
        ("standard-replies", "NOTICE #tea :hi", "FAIL NOTICE NOT_STORED #tea"),
        ("standard-replies", "TOPIC #tea :hi", "FAIL TOPIC NOT_STORED #tea"),
        ("standard-replies", "REDACT #tea a-1", "FAIL REDACT NOT_STORED #tea"),
        ("", "PRIVMSG #tea :hi", "404 Ann #tea"),
        ("", "PRIVMSG Bob :hi", "400 Ann PRIVMSG Bob"),
        ("", "TOPIC #tea :hi", "400 Ann TOPIC #tea"),
        ("", "CHATHISTORY LATEST #tea * 10", "FAIL CHATHISTORY MESSAGE_ERROR LATEST #tea"),
        ("", "MARKREAD #tea timestamp=2026-01-31T12:00:00.000Z", "FAIL MARKREAD INTERNAL_ERROR #tea"),
    ],
)
def test_an_irc_client_is_told_what_was_not_stored(capabilities: str, line: str, answer: str) -> None:
    _, written = asked(client(capabilities), line, FULL)
    assert written == f":tcpchat.local {answer} :{FULL.text}\r\n"


def test_a_notice_is_not_answered_by_what_a_program_could_answer() -> None:
    assert asked(client(), "NOTICE #tea :hi", FULL)[1] == ""


def test_each_message_that_was_not_stored_names_its_room() -> None:
    _, written = asked(client("standard-replies"), "PRIVMSG #tea,Bob :hi", FULL, FULL)
    assert [line.split(" ")[4] for line in written.split("\r\n")[:-1]] == ["#tea", "Bob"]


@pytest.mark.parametrize(
    ("refusal", "answer"),
    [
        (replies.Refused("no_words", "There is nothing to look for."), "INVALID_PARAMS text"),
        (replies.Refused("not_in_room", "You are not in #tea.", about="#tea"), "INVALID_PARAMS #tea"),
        (FULL, "INTERNAL_ERROR"),
    ],
)
def test_an_irc_client_is_told_why_nothing_was_looked_for(refusal: replies.Refused, answer: str) -> None:
    _, written = asked(client("soju.im/search"), "SEARCH in=#tea", refusal)
    assert written == f":tcpchat.local FAIL SEARCH {answer} :{refusal.text}\r\n"


@pytest.mark.parametrize("capabilities", ["", " standard-replies"])
def test_an_irc_client_is_told_if_there_was_no_time_to_look_through_everything(capabilities: str) -> None:
    dialect = client(f"soju.im/search{capabilities}")
    _, written = asked(dialect, "SEARCH text=line", replies.Found(events=[said(1)], complete=False))
    warning = ":tcpchat.local WARN SEARCH INCOMPLETE :There was no time to look through everything\r\n"
    assert written == ":Bob PRIVMSG #tea :line 1\r\n" + (warning if capabilities else "")


def test_a_person_is_told_what_was_not_stored() -> None:
    assert asked(person(), "hi", FULL)[1] == f"-- {FULL.text}\r\n"
