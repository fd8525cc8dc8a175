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
        {"do": "check_nick", "nick": "ann"},
        {"do": "register", "password": "sesame"},
        {"do": "register_other", "account": "x", "password": "y"},
        {"do": "verify", "account": "x", "code": "y"},
        {"do": "log_in", "account": "anna", "password": "secret"},
        {"do": "challenge", "account": "anna"},
        {"do": "prove", "account": "anna", "exchange": "x", "proof": "y"},
        {"do": "set_password", "password": "secret too"},
        {"do": "show_account"},
        {"do": "set_name", "name": "Ann A."},
        {"do": "whowas", "nick": "ann"},
        {"do": "watch", "nicks": ["bob"]},
        {"do": "list_watched"},
        {"do": "unwatch", "everybody": True},
        {"do": "set_own_modes", "changes": [["+", "i"], ["+", "?"]]},
        {"do": "set_modes", "room": "#tea", "changes": [["+", "m"], ["+", "v", "nobody"]]},
        {"do": "show_modes", "room": "#tea"},
        {"do": "show_masks", "room": "#tea", "mode": "?"},
        {"do": "kick", "room": "#tea", "nick": "bob"},
        {"do": "invite", "room": "#tea", "nick": "bob"},
        {"do": "list_invitations"},
        {"do": "rename_room", "room": "#tea", "to": "#milk"},
        {"do": "tag", "to": "anna", "tags": {"+typing": "active"}},
        {"do": "redact", "target": "#milk", "of": "x"},
        {"do": "list_talks", "after": 0, "before": 2**60},
        {"do": "set_marker", "target": "#milk", "time": 1},
        {"do": "show_marker", "target": "#milk"},
        {"do": "show_server"},
        {"do": "become_operator", "name": "x", "password": "y"},
        {"do": "kill", "nick": "anna"},
        {"do": "wallops", "text": "x"},
        {"do": "change_host", "nick": "anna", "user": "x", "host": "y"},
        {"do": "rehash"},
        {"do": "part", "room": "#milk"},
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
    assert welcome["token"] == token, "it is the same person"
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
    carl = await (await connect()).enter_irc("carl", "#tea", "message-tags")
    for request in (
        {"do": "list_rooms"},
        {"do": "whois", "nick": "ann"},
        {"do": "?"},
        {"do": "register", "password": "correct horse"},
        {"do": "challenge", "account": "ann"},
        {"do": "show_account"},
        {"do": "watch", "nicks": ["dora"]},
        {"do": "set_own_modes", "changes": [["+", "i"], ["+", "?"]]},
        {"do": "set_name", "name": "Ann A."},
        {"do": "set_modes", "room": "#tea", "changes": [["+", "b", "eve"], ["+", "v", "carl"], ["+", "v", "nobody"]]},
        {"do": "show_modes", "room": "#tea"},
        {"do": "show_masks", "room": "#tea", "mode": "b"},
        {"do": "tag", "to": "#tea", "tags": {"+typing": "active"}},
        {"do": "say", "room": "#tea", "text": "to take back", "tags": {"+a": "b"}, "seams": [3]},
        {"do": "rename_room", "room": "#tea", "to": "#milk"},
        {"do": "kick", "room": "#milk", "nick": "carl"},
        {"do": "invite", "room": "#milk", "nick": "carl"},
        {"do": "list_talks", "after": 0, "before": 2**60},
        {"do": "set_marker", "target": "#milk", "time": 1},
        {"do": "show_server"},
        {"do": "whowas", "nick": "bobby"},
    ):
        await ann.ask(**request)
    id = next(event["id"] for event in ann.events() if event.get("text") == "to take back")
    carl.send("NICK dora", "JOIN #milk", f"REDACT #milk {id}", "MODE dora +B", "PRIVMSG ann :psst", "AWAY :out", "QUIT")
    await ann.until(r'"event":"noticed".*$\n(.*\n)*.*"event":"gone".*$\n')
    await ann.ask(do="history", room="#milk")
    await ann.ask(do="whois", nick="nobody")
    kinds = {event["event"] for event in ann.events()}
    assert kinds >= {"said", "told", "tagged", "modes_set", "kicked", "moved", "logged_in", "name_set", "noticed"}
    schema = {**schema, "$ref": "#/$defs/FromServer"}
    validator = jsonschema.validators.validator_for(schema)
    validator.check_schema(schema)
    for line in ann.seen.splitlines():
        validator(schema).validate(json.loads(line))


async def test_what_was_said_is_found_newest_first(connect: Connect) -> None:
    ann = await (await connect()).enter_json("ann", "#tea")
    for text in ("green tea", "coffee", "black tea"):
        await ann.ask(do="say", room="#tea", text=text)
    found = await ann.ask(do="search", words="tea", target="#tea", by="ann", limit=1)
    assert (found["reply"], [event["text"] for event in found["events"]], found["more"]) == (
        "found",
        ["black tea"],
        True,
    )
    found = await ann.ask(do="search", words='"green tea"')
    assert [event["text"] for event in found["events"]] == ["green tea"]
    assert "more" not in found
    refused = await ann.ask(do="search", words="tea", target="#elsewhere")
    assert "error" in refused
