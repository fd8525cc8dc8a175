"""How events look to IRC clients: their length, their tags, and whose own they are."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tcpchat.config import Config
from tcpchat.model import commands, events, replies
from tcpchat.model.commands import ModeChange
from tcpchat.wire.dialect import Request
from tcpchat.wire.irc.dialect import SHAPES_EVENTS, Irc, encoding
from tcpchat.wire.irc.message import parse
from tests.wire.talking import Talk

NONE: frozenset[str] = frozenset()
TIME, TAGS, ECHO, ACCOUNT = (
    frozenset({name}) for name in ("server-time", "message-tags", "echo-message", "account-tag")
)
MULTILINE = frozenset({"batch", "draft/multiline"})
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
        (events.Said(room="#tea", by="Ann", text="hi", status="@"), ":Ann PRIVMSG @#tea :hi"),
        (events.Said(room="#tea", by="Ann", text="hi", status="+", kind="notice"), ":Ann NOTICE +#tea :hi"),
        (events.Joined(room="#tea", by="Ann", account="ann", name="Ann A.", away="out"), ":Ann JOIN #tea"),
        (events.Kicked(room="#tea", by="Ann", nick="Bob", reason="so"), ":Ann KICK #tea Bob :so"),
        (events.Invited(room="#tea", by="Ann", to="Bob"), ":Ann INVITE Bob #tea"),
        (
            events.ModesSet(
                room="#tea",
                by="Ann",
                changes=[ModeChange("+", "m"), ModeChange("+", "o", "Bob"), ModeChange("-", "v", "Eve")],
            ),
            ":Ann MODE #tea +mo-v Bob Eve",
        ),
        (events.OwnModesSet(by="Ann", changes=[ModeChange("+", "i"), ModeChange("-", "B")]), ":Ann MODE Ann +i-B"),
        (events.Noticed(to="Ann", by="Bob", origin="b@host", here=True), ":tcpchat.local 730 Ann :Bob!b@host"),
        (events.Noticed(to="Ann", by="Bob", origin="b@host", here=False), ":tcpchat.local 731 Ann :Bob"),
        (events.Killed(by="Ann", nick="Bob", reason="so"), ":Ann KILL Bob :so"),
        (events.Walloped(by="Ann", text="all hands"), ":Ann WALLOPS :all hands"),
    ],
)
def test_an_event_is_a_line(event: events.Event, line: str) -> None:
    assert encoding(NONE, "tcpchat.local").write(event) == f"{line}\r\n".encode()


GATED: list[tuple[str, events.Event, str]] = [
    ("away-notify", events.WentAway(by="Ann", text="out"), ":Ann AWAY :out"),
    ("away-notify", events.WentAway(by="Ann"), ":Ann AWAY"),
    ("account-notify", events.LoggedIn(by="Ann", session="1", account="ann"), ":Ann ACCOUNT ann"),
    ("setname", events.NameSet(by="Ann", name="Ann A."), ":Ann SETNAME :Ann A."),
    ("chghost", events.HostChanged(by="Ann", origin="a@b", user="u", host="h"), ":Ann!a@b CHGHOST u h"),
    ("message-tags", events.Tagged(room="#tea", by="Ann", tags={"+a": "b c"}), "@+a=b\\sc :Ann TAGMSG #tea"),
    ("message-tags", events.Tagged(to="Bob", by="Ann", tags={"+a": ""}), "@+a :Ann TAGMSG Bob"),
    ("draft/message-redaction", events.Redacted(room="#tea", by="Ann", of="a-1"), ":Ann REDACT #tea a-1"),
    ("draft/message-redaction", events.Redacted(to="Bob", by="Ann", of="a-1", reason="so"), ":Ann REDACT Bob a-1 :so"),
    ("invite-notify", events.Aside(of=events.Invited(room="#tea", by="Ann", to="Bob")), ":Ann INVITE Bob #tea"),
    (
        "draft/read-marker",
        events.MarkerSet(by="Ann", target="#tea", until=NOON),
        ":tcpchat.local MARKREAD #tea timestamp=2026-07-23T12:00:00.123Z",
    ),
    (
        "draft/channel-rename",
        events.Moved(to="Bob", by="Ann", was="#tea", room="#TEA", reason="so"),
        ":Ann RENAME #tea #TEA :so",
    ),
]


@pytest.mark.parametrize(("capability", "event", "line"), GATED)
def test_some_events_are_told_only_to_those_who_asked_for_them(capability: str, event: events.Event, line: str) -> None:
    without = frozenset(SHAPES_EVENTS - {capability, "server-time", "account-tag"})
    assert encoding(without, "tcpchat.local").write(event) == b""
    assert encoding(frozenset({capability}), "tcpchat.local").write(event) == f"{line}\r\n".encode()


def test_of_who_is_watched_more_is_told_to_those_who_asked_for_both() -> None:
    event = events.Aside(of=events.WentAway(by="Ann", text="out"))
    both = encoding(frozenset({"extended-monitor", "away-notify"}))
    assert both.write(event) == b":Ann AWAY :out\r\n"
    for one in ("extended-monitor", "away-notify"):
        assert encoding(frozenset({one})).write(event) == b""


@pytest.mark.parametrize(
    "event",
    [
        events.Arrived(by="Ann", session="1"),
        events.WatchChanged(by="Ann", watched=["Bob"]),
        events.RoomRenamed(room="#tea", by="Ann", to="#milk"),
        events.Said(room="#tea", by="Ann", text="", redacted=True),
        events.Told(to="Bob", by="Ann", text="", redacted=True),
        events.LoggedIn(by="", session="1", account="ann"),
    ],
)
def test_of_some_events_clients_hear_nothing(event: events.Event) -> None:
    assert encoding(NONE).write(event) == b""
    assert encoding(SHAPES_EVENTS).write(event) == b""


@pytest.mark.parametrize(
    ("capabilities", "written"),
    [
        ({"extended-join"}, [":Ann!ann@host JOIN #tea acc :Ann A."]),
        ({"away-notify"}, [":Ann!ann@host JOIN #tea", ":Ann!ann@host AWAY :out"]),
        (
            {"extended-join", "away-notify"},
            [":Ann!ann@host JOIN #tea acc :Ann A.", ":Ann!ann@host AWAY :out"],
        ),
    ],
)
def test_of_who_comes_in_as_much_is_told_as_was_asked_for(capabilities: set[str], written: list[str]) -> None:
    joined = events.Joined(room="#tea", by="Ann", origin="ann@host", account="acc", name="Ann A.", away="out")
    assert lines(encoding(frozenset(capabilities)).write(joined)) == written


def test_many_changes_of_modes_are_several_lines_and_none_is_lost() -> None:
    masks = [f"{'x' * 60}{number}!*@*" for number in range(40)]
    changes = [ModeChange("+" if number % 3 else "-", "b", mask) for number, mask in enumerate(masks)]
    written = lines(encoding(NONE).write(events.ModesSet(room="#tea", by="Ann", changes=changes)))
    assert max(len(line) for line in written) <= 510
    read: list[ModeChange] = []
    for line in written:
        _, _, room, letters, *values = line.split()
        assert room == "#tea"
        sign = ""
        for letter in letters:
            if letter in "+-":
                sign = letter
            else:
                read.append(ModeChange(sign, letter, values.pop(0)))  # type: ignore[arg-type]
    assert read == changes


def test_who_knows_no_renaming_leaves_one_room_and_comes_into_the_other() -> None:
    moved = events.Moved(
        to="Bob", to_origin="bob@host", by="Ann", was="#tea", room="#milk", topic="of milk", topic_by="Ann",
        topic_time=NOON, people=("@+Ann!ann@host", "Bob!bob@host"), reason="so",
    )  # fmt: skip
    assert lines(encoding(NONE, "tcpchat.local").write(moved)) == [
        ":Bob!bob@host PART #tea :so",
        ":Bob!bob@host JOIN #milk",
        ":tcpchat.local 332 Bob #milk :of milk",
        ":tcpchat.local 333 Bob #milk Ann 1784808000",
        ":tcpchat.local 353 Bob = #milk :@Ann Bob",
        ":tcpchat.local 366 Bob #milk :End of /NAMES list",
    ]
    names = encoding(frozenset({"multi-prefix", "userhost-in-names"}), "tcpchat.local").write(moved)
    assert ":tcpchat.local 353 Bob = #milk :@+Ann!ann@host Bob!bob@host" in lines(names)
    assert encoding(NONE).write(events.Moved(to="Bob", by="Ann", was="#tea", room="#TEA")) == b""


@pytest.mark.parametrize(
    ("capabilities", "tags"),
    [
        (NONE, ""),
        (ECHO, ""),
        (TIME, "@time=2026-07-23T12:00:00.123Z "),
        (TAGS, "@msgid=abc-9 "),
        (TIME | TAGS, "@time=2026-07-23T12:00:00.123Z;msgid=abc-9 "),
        (TIME | TAGS | ECHO, "@time=2026-07-23T12:00:00.123Z;msgid=abc-9 "),
        (ACCOUNT, ""),
    ],
)
def test_the_tags_are_those_that_were_asked_for(capabilities: frozenset[str], tags: str) -> None:
    assert encoding(capabilities).write(SAID) == f"{tags}:Ann!ann@host PRIVMSG #tea :hi\r\n".encode()


def test_an_account_a_program_and_what_clients_tell_each_other_are_tags() -> None:
    event = events.Said(room="#tea", by="Ann", text="hi", account="ann", bot=True, tags={"+a": ";", "+b": ""}, id="a-1")
    heard = {
        NONE: "",
        ACCOUNT: "@account=ann ",
        TAGS: "@msgid=a-1;bot;+a=\\:;+b ",
        ACCOUNT | TAGS: "@account=ann;msgid=a-1;bot;+a=\\:;+b ",
    }
    for capabilities, tags in heard.items():
        assert encoding(capabilities).write(event) == f"{tags}:Ann PRIVMSG #tea :hi\r\n".encode()


def test_an_event_without_a_time_or_an_id_has_no_such_tag() -> None:
    assert encoding(TIME | TAGS).write(events.Renamed(by="Ann", to="Anna")) == b":Ann NICK Anna\r\n"


@pytest.mark.parametrize("capabilities", [NONE, TIME, TAGS, TIME | TAGS])
def test_without_echo_message_nobody_is_sent_what_they_said(capabilities: frozenset[str]) -> None:
    assert {events.Said, events.Told, events.Tagged, events.Redacted}.isdisjoint(encoding(capabilities).own)
    assert {events.Joined, events.Left, events.Renamed, events.TopicSet, events.Gone} <= encoding(capabilities).own


def test_with_echo_message_everybody_is_sent_what_they_said() -> None:
    assert {events.Said, events.Told, events.Tagged, events.Redacted} <= encoding(ECHO).own


@pytest.mark.parametrize("capabilities", [NONE, ECHO, SHAPES_EVENTS])
def test_nobody_is_told_of_what_their_answer_says_already(capabilities: frozenset[str]) -> None:
    assert {events.WentAway, events.MarkerSet}.isdisjoint(encoding(capabilities).own)


def test_with_echo_message_who_talks_to_themselves_hears_it_twice() -> None:
    told, tagged = events.Told(to="Ann", by="Ann", text="hi"), events.Tagged(to="Ann", by="Ann", tags={"+a": ""})
    assert encoding(ECHO).write(told) == b":Ann PRIVMSG Ann :hi\r\n" * 2
    assert encoding(ECHO | TAGS).write(tagged) == b"@+a :Ann TAGMSG Ann\r\n" * 2
    assert encoding(NONE).write(told) == b":Ann PRIVMSG Ann :hi\r\n"
    assert encoding(ECHO).write(events.Told(to="Bob", by="Ann", text="hi")) == b":Ann PRIVMSG Bob :hi\r\n"


def test_clients_with_the_same_wants_share_one_encoding() -> None:
    first, second, third = Irc(Config()), Irc(Config()), Irc(Config())
    for dialect, wanted in ((first, "echo-message labeled-response"), (second, "echo-message"), (third, "server-time")):
        list(dialect.receive(f"CAP REQ :{wanted}\r\n".encode()))
    assert first.encoding is second.encoding
    assert first.encoding is not third.encoding


LONG = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), min_size=100, max_size=1_000)
NICK = st.text(st.sampled_from("aé😀"), min_size=1, max_size=25)


SEAMS = st.sets(st.integers(0, 1_200), max_size=4).map(sorted).map(tuple)


def long_event(words: str, by: str, kind: commands.Kind, to: str | None, seams: tuple[int, ...]) -> events.Event:
    origin = f"{'u' * 12}@{'1234:' * 8}"
    if to is not None:
        return events.Told(to=to, by=by, text=words, kind=kind, origin=origin, time=NOON, id="a-1", seams=seams)
    return events.Said(
        room="#" + "r" * 63, by=by, text=words, kind=kind, origin=origin, time=NOON, id="a-1", seams=seams
    )


@settings(deadline=None, max_examples=100)
@given(
    text=st.lists(LONG, min_size=1, max_size=3),
    by=NICK,
    kind=st.sampled_from(["text", "notice", "action"]),
    capabilities=st.sampled_from([NONE, TIME | TAGS]),
    to=st.one_of(st.none(), NICK),
    seams=SEAMS,
)
def test_a_long_text_is_several_lines_and_nothing_of_it_is_lost(
    text: list[str], by: str, kind: commands.Kind, capabilities: frozenset[str], to: str | None, seams: list[int]
) -> None:
    words = "\n".join(text)
    said = long_event(words, by, kind, to, seams)
    written = encoding(capabilities).write(said)
    assert all(len(untagged(line).encode()) <= 510 for line in lines(written))
    messages = [parse(line) for line in lines(written)]
    pieces = [message.params[-1] for message in messages if message is not None]
    if kind == "action":
        assert all(piece.startswith("\x01ACTION ") and piece.endswith("\x01") for piece in pieces)
        pieces = [piece[8:-1] for piece in pieces]
    assert "".join(pieces) == "".join(text)


@settings(deadline=None, max_examples=100)
@given(
    text=st.lists(st.one_of(LONG, st.just("")), min_size=1, max_size=4).filter(any),
    by=NICK,
    kind=st.sampled_from(["text", "notice"]),
    to=st.one_of(st.none(), NICK),
    seams=SEAMS,
)
def test_a_long_text_is_one_batch_for_those_who_know_such(
    text: list[str], by: str, kind: commands.Kind, to: str | None, seams: list[int]
) -> None:
    words = "\n".join(text)
    written = encoding(TIME | TAGS | MULTILINE, "tcpchat.local").write(long_event(words, by, kind, to, seams))
    assert all(len(untagged(line).encode()) <= 510 for line in lines(written))
    messages = [message for line in lines(written) if (message := parse(line)) is not None]
    if len(messages) == 1:
        assert messages[0].params[-1] == words
        return
    opening, *within, end = messages
    reference, target = opening.params[0][1:], to if to is not None else "#" + "r" * 63
    assert (opening.command, opening.params) == ("BATCH", (f"+{reference}", "draft/multiline", target))
    assert dict(opening.tags) == {"time": "2026-07-23T12:00:00.123Z", "msgid": "a-1"}
    assert (end.source, end.command, end.params) == ("tcpchat.local", "BATCH", (f"-{reference}",))
    whole = ""
    for number, message in enumerate(within):
        concat = "draft/multiline-concat" in message.tags
        assert set(message.tags) == {"batch", "draft/multiline-concat"} if concat else {"batch"}
        assert message.tags["batch"] == reference
        assert message.params[0] == target
        assert message.params[-1] or not concat, "nothing cannot go on with a line"
        whole += ("\n" if number and not concat else "") + message.params[-1]
    assert whole == words


def test_a_line_that_was_sent_in_pieces_is_told_in_these_pieces() -> None:
    event = events.Said(room="#a", by="Ann", text="one two\nthree", seams=(4, 8, 99))
    assert lines(encoding(NONE).write(event)) == [
        *(":Ann PRIVMSG #a :one ", ":Ann PRIVMSG #a :two", ":Ann PRIVMSG #a :three"),
    ]
    _, *within, _ = lines(encoding(MULTILINE).write(event))
    assert within == [
        "@batch=m :Ann PRIVMSG #a :one ",
        "@batch=m;draft/multiline-concat :Ann PRIVMSG #a :two",
        "@batch=m :Ann PRIVMSG #a :three",
    ]


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
@given(
    people=st.lists(NICK, max_size=200),
    ranks=st.lists(st.sampled_from(["", "", "@", "+", "@+"]), min_size=200, max_size=200),
    asked_for=st.sets(st.sampled_from(["multi-prefix", "userhost-in-names"])),
)
def test_the_names_of_a_full_room_fit_into_lines(people: list[str], ranks: list[str], asked_for: set[str]) -> None:
    room, rank = "#" + "r" * 63, dict(zip(people, ranks, strict=False))
    talk = Talk(Irc(Config()))
    talk.feed(f"NICK {'n' * 32}\nUSER n 0 * :n\nCAP REQ :{' '.join(asked_for)}\nCAP END\n".encode())
    seated = replies.Seated(room=room, people=people)
    everybody = replies.Names(room=room, names=tuple(f"{rank[nick]}{nick}!{nick}@host" for nick in people))
    written = b""
    for item in talk.dialect.receive(b"JOIN #r\r\n"):
        if isinstance(item, Request):
            answer = seated if isinstance(item.command, commands.Join) else everybody
            written += talk.dialect.answer(item, answer, talk.me)
        else:
            written += item
    assert all(len(line.encode()) <= 510 for line in lines(written))
    shown = [message.params[-1] for line in lines(written) if (message := parse(line)) and message.command == "353"]
    assert " ".join(shown).split() == [
        (rank[nick] if "multi-prefix" in asked_for else rank[nick][:1])
        + (f"{nick}!{nick}@host" if "userhost-in-names" in asked_for else nick)
        for nick in people
    ]
    assert lines(written)[-1].startswith(f":tcpchat.local 366 {'n' * 32} {room} :")
