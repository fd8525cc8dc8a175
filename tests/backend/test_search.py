"""Looking for what was said, going on after an entry, documents with an event, keys: on every backend."""

import asyncio

import pytest

from tcpchat.model import records
from tcpchat.model.events import AccessSet, RoomRenamed, Said, Told
from tcpchat.model.phrases import phrases
from tcpchat.model.records import Append, Collect, Document, Hits, Put, Since, Span, conversation
from tests.backend.conftest import Opened


def said(text: str, room: str = "#tea", by: str = "ann", key: str = "", party: str = "") -> Append:
    return Append(Said(room=room, by=by, text=text), key, party=party)


async def record(it: Opened, *appends: Append) -> list[Said]:
    return await asyncio.gather(*map(it.backend.record, appends))  # type: ignore[arg-type, return-value]


async def found(
    it: Opened, words: str, logs: dict[str, int] | None = None, limit: int = 99, **more: object
) -> list[str]:
    wish = records.Search(logs or {"#tea": 1}, phrases(words), limit, **more)  # type: ignore[arg-type]
    hits = await it.backend.ask(wish)
    assert isinstance(hits, Hits)
    assert hits.complete
    return [event.text for event in hits.events]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("words", "texts"),
    [
        ("tea", ["Black TEA!", "green tea"]),
        ("green tea", ["green tea"]),
        ('"tea green"', []),
        ("tea green", ["green tea"]),
        ("kill-9", ["kill -9 it"]),
        ("cafe", ["Café au lait"]),
        ("CAFÉ", ["Café au lait"]),
        ("世界", ["你好世界"]),
        ('"界世"', []),
        ("te", []),
    ],
)
async def test_all_the_words_stand_in_what_is_found_the_newest_first(it: Opened, words: str, texts: list[str]) -> None:
    await record(it, *map(said, ["green tea", "Black TEA!", "kill -9 it", "Café au lait", "你好世界"]))
    assert await found(it, words) == texts


@pytest.mark.threat(36)
@pytest.mark.parametrize(
    "words", ["tea OR log:l2", "l2", 'foo" OR "tea', "tea*", "NEAR(tea)", "log : l2", "AND", "^tea"]
)
async def test_nothing_that_is_typed_finds_what_is_in_another_log(it: Opened, words: str) -> None:
    await record(it, said("secret tea", "#milk"), said("AND so on"))
    assert "secret tea" not in await found(it, words, {"#tea": 1})


@pytest.mark.threat(64)
async def test_a_search_is_limited_in_every_way_it_can_be(it: Opened) -> None:
    events = await record(it, *(said(f"tea {n}", by="ann" if n % 2 else "bob") for n in range(6)), said("tea", "#milk"))
    assert await found(it, "tea", limit=2) == ["tea 5", "tea 4"]
    assert await found(it, "tea", {"#tea": 5}) == ["tea 5", "tea 4"]
    assert await found(it, "tea", by="bob") == ["tea 4", "tea 2", "tea 0"]
    assert await found(it, "tea", after=events[3].time) == ["tea 5", "tea 4"]
    assert await found(it, "tea", before=events[1].time) == ["tea 0"]
    assert await found(it, "tea", {"#tea": 6, "#milk": 1}) == ["tea", "tea 5"]
    assert await found(it, "tea", {"#nowhere": 1} | {f"#room{n}": 1 for n in range(1_100)} | {"#milk": 1}) == ["tea"]


async def test_what_was_taken_back_is_not_found(it: Opened) -> None:
    (event,) = await record(it, said("tea"))
    assert await found(it, "tea") == ["tea"]
    await it.backend.record(Append(records.events.Redacted(room="#tea", by="ann", of=event.id)))
    assert await found(it, "tea") == []


async def test_one_goes_on_after_an_entry_in_ones_conversations(it: Opened) -> None:
    def told(one: str, other: str) -> Append:
        return Append(Told(to=other, by=one, text="x", talk=conversation(one, other)))

    first, *_ = await record(
        it, told("=ann", "=bob"), told("=bob", "=ann"), told("=carl", "=bob"), told("=ann", "=carl")
    )
    ann_bob, ann_carl = conversation("=ann", "=bob"), conversation("=ann", "=carl")
    spans = await it.backend.ask(Since("=ann", first.id))
    assert set(spans) == {Span(ann_bob, 2, 2), Span(ann_carl, 1, 1)}  # type: ignore[call-overload]
    everything = await it.backend.ask(Since("=ann", ""))
    assert set(everything) == {Span(ann_bob, 1, 2), Span(ann_carl, 1, 1)}  # type: ignore[call-overload]
    assert await it.backend.ask(Since("=nobody", "")) == []


async def test_the_place_one_goes_on_after_may_be_in_any_log(it: Opened) -> None:
    talk = conversation("=ann", "=bob")
    told = Append(Told(to="=bob", by="=ann", text="x", talk=talk))
    before, *_, between = await record(it, said("x"), told, said("x"))
    await record(it, told)
    assert await it.backend.ask(Since("=bob", before.id)) == [Span(talk, 1, 2)]
    assert await it.backend.ask(Since("=bob", between.id)) == [Span(talk, 2, 2)]
    assert await it.backend.ask(Since("=bob", it.backend.last_id)) == []


@pytest.mark.parametrize("written", ["", "x", "0", "01x", "²", "-1", " 1", "1.0", "x" * 9_000])
@pytest.mark.parametrize("made_in", ["", "other-", "its own"])
async def test_after_what_is_no_entry_everything_comes(it: Opened, made_in: str, written: str) -> None:
    talk = conversation("=ann", "=bob")
    await record(it, Append(Told(to="=bob", by="=ann", text="x", talk=talk)))
    id = f"{it.backend.incarnation}-{written}" if made_in == "its own" else made_in + written
    assert await it.backend.ask(Since("=bob", id)) == [Span(talk, 1, 1)]


async def test_what_is_found_has_the_name_its_room_has_now(it: Opened) -> None:
    await record(it, said("green tea"), Append(RoomRenamed(room="#tea", by="ann", to="#cups")))
    wish = records.Search({"#cups": 1, "#tea": 1}, phrases("tea"), 9)
    hits = await it.backend.ask(wish)
    assert isinstance(hits, Hits)
    assert [(event.room, event.number) for event in hits.events if isinstance(event, Said)] == [("#cups", 1)]


async def test_what_was_told_or_said_to_a_status_is_found_in_its_own_log_only(it: Opened) -> None:
    talk = conversation("=ann", "=bob")
    await record(
        it,
        Append(Told(to="=bob", by="=ann", text="tea for two", talk=talk)),
        Append(Said(room="#tea", by="ann", text="tea for operators", status="@")),
        said("tea for all"),
    )
    assert await found(it, "tea", {"#tea": 1}) == ["tea for all"]
    assert await found(it, "tea", {"@#tea": 1}) == ["tea for operators"]
    assert await found(it, "tea", {talk: 1}) == ["tea for two"]
    assert await found(it, "tea", {talk: 1, "@#tea": 1, "#tea": 1}, limit=2) == ["tea for all", "tea for operators"]


async def test_a_document_that_is_stored_makes_something_happen_once(it: Opened) -> None:
    happened = AccessSet(room="#tea", closed=True, floor=0, readers={}, revision=1)
    put = Put("space", "key", b"a", 0, happened)
    assert await it.backend.record(put) == Document(b"a", 1)
    assert await it.backend.record(put) is None
    assert [type(event) for event in it.fed.events] == [AccessSet]
    assert await it.backend.ask(Collect("space")) == {"key": Document(b"a", 1)}
    assert await it.backend.ask(Collect("other")) == {}


async def test_who_says_it_again_is_known_by_the_nick_or_as_the_same_party(it: Opened) -> None:
    (first,) = await record(it, said("a", key="k", party="~1"))
    same = [said("b", by="ANN", key="k", party="~2"), said("b", by="bob", key="k", party="~1")]
    assert await record(it, *same) == [first, first]
    others = [
        said("b", by="bob", key="k", party="~2"),
        said("b", "#milk", key="k", party="~1"),
        said("b", key="l", party="~1"),
    ]
    assert [event.number for event in await record(it, *others)] == [2, 1, 3]


@pytest.mark.threat(49)
async def test_who_asks_for_too_much_waits(it: Opened) -> None:
    assert not it.backend.crowded
    waiting = [it.backend.record(said(str(number))) for number in range(20_000)]
    assert it.backend.crowded
    await it.backend.uncrowded()
    assert not it.backend.crowded
    assert len(await asyncio.gather(*waiting)) == 20_000
