"""Programs."""

import json
from pathlib import Path

import jsonschema

from tests.conftest import Connect

SCHEMA = Path(__file__).parents[2] / "docs" / "protocol.schema.json"


async def test_the_server_says_hello_with_its_protocol(connect: Connect) -> None:
    peer = await connect()
    peer.send('{"do":"enter","nick":"ann","id":1}')
    hello = json.loads((await peer.until(r"^\{.*\}$\n"))[0])
    assert hello["protocol"] == 1
    assert (await peer.until(r'^\{"ok":1,.*$'))[0]


async def test_every_request_gets_exactly_one_answer(connect: Connect) -> None:
    peer = await connect()
    await peer.enter_json("ann", "#tea")
    requests = [
        {"do": "say", "room": "#tea", "text": "hi"},
        {"do": "say", "room": "#nowhere", "text": "hi"},
        {"do": "say", "room": "#tea"},
        {"do": "dance"},
        {"do": "tell", "to": "ann", "text": "note to self"},
        {"do": "list_rooms"},
        {"do": "list_people", "room": "#tea"},
        {"do": "whois", "nick": "ann"},
        {"do": "history", "room": "#tea"},
        {"do": "show_topic", "room": "#tea"},
        {"do": "set_topic", "room": "#tea", "topic": "tea"},
        {"do": "rename", "nick": "anna"},
        {"do": "away", "text": "x"},
        {"do": "enter", "nick": "again"},
        {"do": "part", "room": "#tea"},
        {"do": "ping", "token": "t"},
        {},
    ]
    peer.send(*(json.dumps({**request, "id": f"q{number}"}) for number, request in enumerate(requests)))
    await peer.until(rf'"q{len(requests) - 1}".*$\n')
    lines = [json.loads(line) for line in peer.seen.splitlines()]
    answered = [str(line.get("ok", line.get("error"))) for line in lines if "ok" in line or "error" in line]
    ours = [id for id in answered if id.startswith("q")]
    assert sorted(ours) == sorted(f"q{number}" for number in range(len(requests)))


async def test_nonsense_is_answered_in_words(connect: Connect) -> None:
    peer = await connect()
    await peer.enter_json("ann")
    for nonsense in [
        "nonsense",
        "[1]",
        '"x"',
        '{"do":7}',
        "{" * 2_000,
        '{"do":"say","room":1,"text":2}',
        b'{"\xff":1}',
    ]:
        peer.send(nonsense)
        await peer.until(r'^\{"error":null,"code":"bad_request","text":"Not understood: .*"\}$\n')
    peer.send('{"do":"ping","token":"' + "x" * 20_000 + '"}')
    await peer.until(r'^\{"error":null,"code":"line_too_long"')


async def test_under_the_same_key_the_same_is_stored_once(connect: Connect) -> None:
    ann, bob = await connect(), await connect()
    await ann.enter_json("ann", "#tea")
    await bob.enter_json("bob", "#tea")
    first = await ann.ask(do="say", room="#tea", text="once", key="k1")
    again = await ann.ask(do="say", room="#tea", text="once", key="k1")
    other = await bob.ask(do="say", room="#tea", text="mine", key="k1")
    assert (first["number"], first["id"], first["time"]) == (again["number"], again["id"], again["time"])
    assert other["number"] == first["number"] + 1
    page = await bob.ask(do="history", room="#tea")
    assert [event["text"] for event in page["events"]] == ["once", "mine"]


async def test_events_carry_their_place(connect: Connect) -> None:
    ann, bob = await connect(), await connect()
    await ann.enter_json("ann", "#tea")
    await bob.enter_irc("bob", "#tea")
    bob.send("PRIVMSG #tea :one", "PRIVMSG #tea :two")
    await ann.until(r'"text":"two".*$\n')
    said = [event for event in ann.events() if event["event"] == "said"]
    assert [event["number"] for event in said] == [1, 2]
    assert said[0]["time"] < said[1]["time"]
    assert len({event["id"] for event in said}) == 2


async def test_a_token_takes_the_nick_over_from_the_link_that_was_lost(connect: Connect) -> None:
    ghost, ann, thief = await connect(), await connect(), await connect()
    token = (await ghost.ask(do="enter", nick="ann"))["token"]
    refused = await thief.ask(do="enter", nick="ann", resume="guess")
    assert (refused["code"], refused["suggestion"]) == ("nick_taken", "ann2")
    welcome = await ann.ask(do="enter", nick="ann", resume=token)
    assert welcome["nick"] == "ann"
    assert welcome["token"] != token
    assert "resumed elsewhere" in await ghost.end()


async def test_history_comes_in_pages(connect: Connect) -> None:
    ann = await connect()
    await ann.enter_json("ann", "#tea")
    ann.send(*(json.dumps({"do": "say", "room": "#tea", "text": str(n)}) for n in range(1, 8)))

    async def page(**span: int) -> tuple[list[str], bool]:
        answer = await ann.ask(do="history", room="#tea", **span)
        return [event["text"] for event in answer["events"]], answer.get("more", False)

    assert await page(limit=3) == (["5", "6", "7"], True)
    assert await page(limit=3, before=5) == (["2", "3", "4"], True)
    assert await page(limit=3, before=3) == (["1", "2"], False)
    assert await page(limit=3, after=2) == (["3", "4", "5"], True)
    assert await page(limit=3, after=5) == (["6", "7"], False)
    assert await page(after=0, before=4) == (["1", "2", "3"], False)


async def test_what_is_said_is_as_the_schema_says(connect: Connect) -> None:
    schema = json.loads(SCHEMA.read_text())
    ann, bob = await connect(), await connect()
    await ann.enter_json("ann", "#tea")
    await bob.enter_line("bob")
    bob.send("/join #tea", "hi", "/topic tea", "/nick bobby", "/away x", "/msg ann psst", "/part #tea", "/quit")
    await ann.until(r'"event":"left".*$\n')
    for request in (
        {"do": "list_rooms"},
        {"do": "whois", "nick": "ann"},
        {"do": "history", "room": "#tea"},
        {"do": "?"},
    ):
        await ann.ask(**request)
    for line in ann.seen.splitlines():
        jsonschema.validate(json.loads(line), {**schema, "$ref": "#/$defs/FromServer"})
