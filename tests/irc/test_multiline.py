"""draft/multiline: one message of several lines."""

import re

import pytest

from tests.conftest import Connect
from tests.irc.peers import SERVER, Line, ask, bare, batch, commands, drain, enter, enter_account, one, only
from tests.peer import Peer

FALLBACK = "batch echo-message labeled-response message-tags server-time"
CAPS = f"{FALLBACK} draft/multiline"

CONCAT = "draft/multiline-concat"

HELLO = [
    "BATCH +123 draft/multiline #tea",
    "@batch=123 PRIVMSG #tea hello",
    "@batch=123 PRIVMSG #tea :#how is ",
    f"@batch=123;{CONCAT} PRIVMSG #tea :everyone?",
    "BATCH -123",
]


def sent(*texts: str, target: str = "#tea", concat: bool = False, verb: str = "PRIVMSG", tags: str = "") -> list[str]:
    """The lines of a whole batch."""
    tag = f"@batch=9;{CONCAT}" if concat else "@batch=9"
    first, *others = texts
    return [
        f"{tags}BATCH +9 draft/multiline {target}",
        f"@batch=9 {verb} {target} :{first}",
        *(f"{tag} {verb} {target} :{text}" for text in others),
        "BATCH -9",
    ]


def multiline(lines: list[Line]) -> tuple[Line, list[Line]]:
    """The one multiline batch, of which all lines are: what opens it, and what is in it."""
    opening, inside = batch(lines, "draft/multiline")
    assert lines == [opening, *inside, lines[-1]]
    assert re.fullmatch(rf"(:\S+ )?BATCH -{opening.params[0][1:]}", lines[-1].bare)
    return opening, inside


async def tea(connect: Connect, *caps: str) -> list[Peer]:
    """People in #tea: ann, bob, carol, dave, with these capabilities."""
    names = ["ann", "bob", "carol", "dave"][: len(caps)]
    people = [await enter(connect, nick, "#tea", wanted) for nick, wanted in zip(names, caps, strict=True)]
    await drain(*people)
    return people


# as it should be


async def test_a_batch_arrives_as_a_batch(connect: Connect) -> None:
    """multiline, "Examples": «Server sending the same batch: Server: @msgid=xxx;account=account :n!u@h BATCH +123
    draft/multiline #channel; Server: @batch=123 :n!u@h PRIVMSG #channel hello; […] Server:
    @batch=123;draft/multiline-concat :n!u@h PRIVMSG #channel :everyone?; Server: BATCH -123»."""
    ann, bob = await tea(connect, CAPS, CAPS)
    echo = await ask(ann, *HELLO)
    for lines in (echo, await ask(bob)):
        opening, inside = multiline(lines)
        assert re.fullmatch(r":ann!ann@localhost BATCH \+\S+ draft/multiline #tea", opening.bare)
        assert opening.tags.keys() == {"msgid", "time"}
        assert [(line.source, line.command, line.params) for line in inside] == [
            ("ann!ann@localhost", "PRIVMSG", ["#tea", text]) for text in ("hello", "#how is ", "everyone?")
        ]
        assert [line.tags.keys() for line in inside] == [{"batch"}, {"batch"}, {"batch", CONCAT}]
        assert opening.tags == echo[0].tags, "id and time are the same for all"


async def test_the_label_stands_on_the_opening_of_the_echo(connect: Connect) -> None:
    """multiline, "Labeled response with echo-message": «Servers MUST only include the label tag on the opening BATCH
    command when replying to a client using echo-message.»"""
    ann, bob = await tea(connect, CAPS, CAPS)
    opening, inside = multiline(await ask(ann, f"@label=xyz {HELLO[0]}", *HELLO[1:]))
    assert opening.tags["label"] == "xyz"
    assert not any("label" in line.tags for line in inside)
    assert not any("label" in line.tags for line in await ask(bob))


@pytest.mark.parametrize("caps", ["batch draft/multiline labeled-response", CAPS.replace("echo-message ", "")])
async def test_a_label_without_an_echo_is_acknowledged_at_the_end(connect: Connect, caps: str) -> None:
    """IRCv3 labeled-response: «Servers MUST respond with a labeled ACK message when a client sends a labeled command
    that normally produces no response.»"""
    ann, bob = await tea(connect, caps, CAPS)
    assert await ask(ann, f"@label=xyz {HELLO[0]}", *HELLO[1:]) == [f"@label=xyz :{SERVER} ACK"]
    assert len(multiline(await ask(bob))[1]) == 3


async def test_nothing_arrives_before_the_end(connect: Connect) -> None:
    """multiline: «When receiving a well-formed multiline message batch, implementations MUST collect the message
    content from each line in the batch and wait until the full batch has been received before processing the
    message.»"""
    ann, bob = await tea(connect, CAPS, CAPS)
    ann.send(*HELLO[:-1])
    await ask(bob, "PRIVMSG ann :how long does it take?")
    assert await ask(bob) == []
    ann.send(HELLO[-1])
    await bob.until(r"BATCH \+")


async def test_those_without_multiline_get_the_lines(connect: Connect) -> None:
    """multiline, "Fallback": «When delivering multiline batches to clients that have not negotiated the multiline
    capability, servers MUST deliver the component messages without using a multiline BATCH.» «Servers SHOULD maintain
    the line composition sent by the client instead of combining to a normalised form before re-splitting.»"""
    ann, bob, carol = await tea(connect, CAPS, FALLBACK, "")
    echo, _ = multiline(await ask(ann, *HELLO))
    texts = [f":ann!ann@localhost PRIVMSG #tea :{text}" for text in ("hello", "#how is ", "everyone?")]
    lines = await ask(bob)
    assert bare(lines) == texts
    assert [line.tags.get("msgid") for line in lines] == [echo.tags["msgid"], None, None]
    assert [line.tags.get("time") for line in lines] == [echo.tags["time"]] * 3
    assert not any(CONCAT in line.tags or "batch" in line.tags for line in lines)
    assert await ask(carol) == texts


async def test_blank_lines_are_kept_in_the_batch_and_left_out_elsewhere(connect: Connect) -> None:
    """multiline: «Servers MUST NOT reject blank lines», and "Fallback": «Servers MUST NOT send blank lines to clients
    that have not negotiated the multiline capability», «Any tags that would have been added to the batch, e.g. message
    IDs, account tags etc MUST be included on the first message line to be sent.»"""
    ann, bob, carol = await tea(connect, CAPS, CAPS, FALLBACK)
    await ask(ann, *sent("", "#how is ", "", "", "everyone?", ""))
    opening, inside = multiline(await ask(bob))
    assert [line.params for line in inside] == [["#tea", text] for text in ("", "#how is ", "", "", "everyone?", "")]
    lines = await ask(carol)
    assert [line.params[1] for line in lines] == ["#how is ", "everyone?"]
    assert [line.tags.get("msgid") for line in lines] == [opening.tags["msgid"], None]


async def test_client_only_tags_come_with_the_opening_and_go_with_it(connect: Connect) -> None:
    """multiline, "Message tags": «all client-only tags associated with the message must be sent attached to the initial
    BATCH command»; "Fallback": «Any tags that would have been added to the batch […] MUST be included on the first
    message line to be sent. Tags MAY also be included on subsequent lines where it makes sense to do so.»"""
    ann, bob, carol = await tea(connect, CAPS, CAPS, FALLBACK)
    await ask(ann, *sent("", "#how is ", "everyone?", tags="@label=xyz;+client-only-tag;+x=1;other=2 "))
    opening, inside = multiline(await ask(bob))
    assert opening.tags.keys() == {"+client-only-tag", "+x", "msgid", "time"}
    assert opening.tags["+x"] == "1"
    assert all(line.tags.keys() == {"batch"} for line in inside)
    for line in await ask(carol):
        assert {"+client-only-tag": "", "+x": "1"}.items() <= line.tags.items()


async def test_the_account_stands_on_the_opening(connect: Connect) -> None:
    """multiline, "Examples": «@msgid=xxx;account=account :n!u@h BATCH +123 draft/multiline #channel», and without
    multiline support: «@msgid=xxx;account=account :n!u@h PRIVMSG #channel hello; @account=account :n!u@h PRIVMSG
    #channel :how is »."""
    ann = await enter_account(connect, "ann", "#tea", CAPS)
    bob = await enter(connect, "bob", "#tea", f"{CAPS} account-tag")
    carol = await enter(connect, "carol", "#tea", f"{FALLBACK} account-tag")
    await drain(ann, bob)
    await ask(ann, *HELLO)
    opening, inside = multiline(await ask(bob))
    assert opening.tags["account"] == "ann"
    assert [line.tags.keys() - {CONCAT} for line in inside] == [{"batch"}] * 3
    assert {line.tags["account"] for line in (await ask(carol))[:1]} == {"ann"}


async def test_notices_can_have_several_lines(connect: Connect) -> None:
    """multiline: «Multiline batches MUST only contain one or more PRIVMSG lines, or one or more NOTICE lines.»"""
    ann, bob, carol = await tea(connect, CAPS, CAPS, FALLBACK)
    await ask(ann, *sent("one", "two", verb="NOTICE"))
    _, inside = multiline(await ask(bob))
    assert [(line.command, line.params[1]) for line in inside] == [("NOTICE", "one"), ("NOTICE", "two")]
    assert [(line.command, line.params[1]) for line in await ask(carol)] == [("NOTICE", "one"), ("NOTICE", "two")]


async def test_a_person_can_be_the_target(connect: Connect) -> None:
    """multiline: «a multiline batch has one additional parameter, the target recipient»."""
    ann, bob, carol = await tea(connect, CAPS, CAPS, FALLBACK)
    for nick, peer in (("bob", bob), ("carol", carol)):
        echo, _ = multiline(await ask(ann, *sent("one", "two", target=nick)))
        assert echo.params[2] == nick
        got = only(await ask(peer), "PRIVMSG")
        assert [line.params for line in got] == [[nick, "one"], [nick, "two"]]
    assert await ask(bob) == []


async def test_to_oneself_only_the_echo_has_the_label(connect: Connect) -> None:
    """IRCv3 labeled-response: «When a client sends a message to itself, the server MUST NOT include the label tag,
    except for any acknowledgment sent with the echo-message mechanism.»"""
    ann = await enter(connect, "ann", "", CAPS)
    lines = await ask(ann, *sent("one", "two", target="ann", tags="@label=x "))
    opened = [line for line in only(lines, "BATCH") if line.params[0].startswith("+")]
    assert sorted(line.tags.get("label", "") for line in opened) == ["", "x"]
    assert [line.params[1] for line in only(lines, "PRIVMSG")] == ["one", "two"] * 2
    assert len({line.tags["msgid"] for line in opened}) == 1


async def test_without_batches_there_is_no_multiline(connect: Connect) -> None:
    """multiline, "Dependencies": «This specification depends on the batch capability which MUST be negotiated to use
    multiline messages.»"""
    ann, bob = await tea(connect, CAPS, "draft/multiline message-tags")
    await ask(ann, *HELLO)
    assert [line.params[1] for line in await ask(bob)] == ["hello", "#how is ", "everyone?"]


async def test_one_line_is_a_message_too(connect: Connect) -> None:
    """multiline: «one or more PRIVMSG lines»."""
    ann, bob, carol = await tea(connect, CAPS, CAPS, FALLBACK)
    await ask(ann, *sent("alone"))
    assert one(only(await ask(bob), "PRIVMSG")).params == ["#tea", "alone"]
    assert one(await ask(carol)).params == ["#tea", "alone"]


async def test_the_verb_and_the_reference_are_the_clients_choice(connect: Connect) -> None:
    """multiline, "Examples": «Client: @batch=123 privmsg #channel :how is »; batch: «The reference tag MUST be treated
    as an opaque identifier. Reference tag MUST contain only ASCII letters, numbers, and/or hyphen, and MUST be
    case-sensitive.»"""
    ann, bob = await tea(connect, CAPS, CAPS)
    lines = [
        "batch +aB-9 draft/multiline #tea",
        "@batch=aB-9 privmsg #tea one",
        "@batch=aB-9 PRIVMSG #TEA :two",
        "BATCH -aB-9",
    ]
    await ask(ann, *lines)
    assert [line.params[1] for line in multiline(await ask(bob))[1]] == ["one", "two"]
    await ask(ann, *lines)
    assert [line.params[1] for line in multiline(await ask(bob))[1]] == ["one", "two"]


async def test_several_batches_after_one_another_are_several_messages(connect: Connect) -> None:
    """IRCv3 message-ids: «MUST be unique»; batch: a reference may be used again when its batch is closed."""
    ann, bob = await tea(connect, CAPS, CAPS)
    lines = await ask(ann, *HELLO, "PRIVMSG #tea :between", *sent("one", "two"))
    assert [line.command for line in lines if "batch" not in line.tags] == [
        *("BATCH", "BATCH"),
        "PRIVMSG",
        *("BATCH", "BATCH"),
    ]
    ids = [line.tags["msgid"] for line in lines if "msgid" in line.tags]
    assert len(ids) == len(set(ids)) == 3
    assert [line.tags["msgid"] for line in await ask(bob) if "msgid" in line.tags] == ids


async def test_a_program_sees_one_text(connect: Connect) -> None:
    """multiline: «The combined message value of a multiline batch is defined as the concatenation of the messages from
    each individual line within the batch. Line messages are joined by a single line feed ( ) byte unless the
    draft/multiline-concat message tag is sent, in which case that line's message is directly joined with the previous
    line's message with no separation.»"""
    (ann,) = await tea(connect, CAPS)
    joe = await (await connect()).enter_json("joe", "#tea")
    await ask(ann, *HELLO)
    await joe.until('"event":"said".*\n')
    assert one(event["text"] for event in joe.events() if event["event"] == "said") == "hello\n#how is everyone?"


async def test_a_text_of_a_program_with_several_lines_is_a_batch(connect: Connect) -> None:
    """multiline: «Line messages are joined by a single line feed ( ) byte»; "Fallback": «Servers MUST NOT send blank
    lines to clients that have not negotiated the multiline capability.»"""
    ann, bob = await tea(connect, CAPS, FALLBACK)
    joe = await (await connect()).enter_json("joe", "#tea")
    assert "ok" in await joe.ask(do="say", room="#tea", text="hello\n\nhow are you?")
    opening, inside = multiline(only(await ask(ann), "BATCH", "PRIVMSG"))
    assert opening.nick == "joe"
    assert [line.params[1] for line in inside] == ["hello", "", "how are you?"]
    lines = only(await ask(bob), "PRIVMSG")
    assert [line.params[1] for line in lines] == ["hello", "how are you?"]
    assert [line.tags.get("msgid") for line in lines] == [opening.tags["msgid"], None]


async def test_a_long_text_of_a_program_is_put_together_again(connect: Connect) -> None:
    """multiline: «the draft/multiline-concat message tag, which has no value and is used to send message lines that
    extend beyond the usual byte length limit», and: «Take care not to split in the middle of multi-byte character
    sequences.»"""
    (ann,) = await tea(connect, CAPS)
    joe = await (await connect()).enter_json("joe", "#tea")
    text = "汉字" * 300 + "\n" + "x" * 700
    assert "ok" in await joe.ask(do="say", room="#tea", text=text)
    _, inside = multiline(only(await ask(ann), "BATCH", "PRIVMSG"))
    whole = "".join(("" if CONCAT in line.tags else "\n") + line.params[1] for line in inside).removeprefix("\n")
    assert whole == text


async def test_history_keeps_the_lines(connect: Connect) -> None:
    """IRCv3 batch: «one batch is nested to another»; multiline, "Fallback": «servers MUST deliver the component
    messages without using a multiline BATCH» to those without it, in history too."""
    (ann,) = await tea(connect, CAPS)
    echo, _ = multiline(await ask(ann, *HELLO))
    bob = await enter(connect, "bob", "#tea", f"{CAPS} draft/chathistory")
    carol = await enter(connect, "carol", "#tea", f"{FALLBACK} draft/chathistory")
    await drain(bob)
    lines = await ask(bob, "CHATHISTORY LATEST #tea * 10")
    outer, _ = batch(lines, "chathistory")
    opening, inside = batch(lines, "draft/multiline")
    assert opening.tags["batch"] == outer.params[0][1:]
    assert {key: opening.tags[key] for key in ("msgid", "time")} == {key: echo.tags[key] for key in ("msgid", "time")}
    assert [(line.params[1], CONCAT in line.tags) for line in inside] == [
        ("hello", False),
        ("#how is ", False),
        ("everyone?", True),
    ]
    lines = await ask(carol, "CHATHISTORY LATEST #tea * 10")
    _, played = batch(lines, "chathistory")
    assert [line.params[1] for line in only(played, "PRIVMSG")] == ["hello", "#how is ", "everyone?"]
    assert [line.tags.get("msgid") for line in only(played, "PRIVMSG")] == [echo.tags["msgid"], None, None]


async def test_who_is_away_is_told_once(connect: Connect) -> None:
    """modern.ircdocs.horse, "RPL_AWAY (301)": «when a PRIVMSG command is directed at the away user»: a batch is one
    message."""
    ann, bob = await tea(connect, "batch draft/multiline labeled-response", CAPS)
    await ask(bob, "AWAY :eating")
    assert await ask(ann, *sent("one", "two", target="bob", tags="@label=x ")) == [
        f"@label=x :{SERVER} 301 ann bob :eating"
    ]
    assert len(multiline(await ask(bob))[1]) == 2


# limits


async def test_as_many_bytes_as_are_advertised_are_taken(connect: Connect) -> None:
    """multiline: «max-bytes - This defines the maximum allowed total byte length of multiline batched content», and:
    «Each line feed used to join line messages contributes one byte towards the max-bytes limit. No line feed is
    appended to the final line message of a batch.»"""
    ann, bob = await tea(connect, CAPS, CAPS)
    for concat, texts in ((False, ["x" * 409] * 9 + ["x" * 406]), (True, ["汉" * 136] * 10 + ["x" * 16])):
        assert sum(len(text.encode()) for text in texts) + (0 if concat else 9) == 4096
        multiline(await ask(ann, *sent(*texts, concat=concat)))
        assert [line.params[1] for line in multiline(await ask(bob))[1]] == texts


@pytest.mark.parametrize(
    ("concat", "texts"),
    [(False, ["x" * 409] * 9 + ["x" * 407]), (True, ["汉" * 136] * 10 + ["x" * 17]), (False, ["x" * 400] * 11)],
)
async def test_too_many_bytes_are_an_error_at_once(connect: Connect, concat: bool, texts: list[str]) -> None:
    """multiline, "Errors": «MULTILINE_MAX_BYTES <limit>: max-bytes limit exceeded», and its example, in which the
    server answers before the batch is closed: «FAIL BATCH MULTILINE_MAX_BYTES 40000 :Multiline batch max-bytes
    exceeded»."""
    ann, bob = await tea(connect, CAPS, CAPS)
    *lines, end = sent(*texts, concat=concat)
    assert re.fullmatch(rf":{SERVER} FAIL BATCH MULTILINE_MAX_BYTES 4096 :.+", one(await ask(ann, *lines)).bare)
    await ask(ann, end)
    assert await ask(bob) == []


async def test_as_many_lines_as_are_advertised_are_taken(connect: Connect) -> None:
    """multiline: «max-lines - This defines the maximum allowed number of lines in a multiline batch content»."""
    ann, bob = await tea(connect, CAPS, CAPS)
    texts = [str(number) for number in range(100)]
    assert len(multiline(await ask(ann, *sent(*texts)))[1]) == 100
    assert [line.params[1] for line in multiline(await ask(bob))[1]] == texts


async def test_too_many_lines_are_an_error_at_once(connect: Connect) -> None:
    """multiline, "Errors": «MULTILINE_MAX_LINES <limit>: max-lines limit exceeded», and its example: «... 10 more lines
    ... FAIL BATCH MULTILINE_MAX_LINES 10 :Multiline batch max-lines exceeded»."""
    ann, bob = await tea(connect, CAPS, CAPS)
    *lines, end = sent(*["hi"] * 101)
    assert re.fullmatch(rf":{SERVER} FAIL BATCH MULTILINE_MAX_LINES 100 :.+", one(await ask(ann, *lines)).bare)
    await ask(ann, end)
    assert await ask(bob) == []


# errors

INVALID = {
    "another batch": ["BATCH +1 draft/multiline #tea", "@batch=2 PRIVMSG #tea :hi"],
    "no batch": ["BATCH +1 draft/multiline #tea", "@batch=1 PRIVMSG #tea :a", "PRIVMSG #tea :hi"],
    "a concatenated blank line": [
        "BATCH +1 draft/multiline #tea",
        "@batch=1 PRIVMSG #tea :hi",
        f"@batch=1;{CONCAT} PRIVMSG #tea :",
        "BATCH -1",
    ],
    "blank lines only": [
        "BATCH +1 draft/multiline #tea",
        "@batch=1 PRIVMSG #tea :",
        "@batch=1 PRIVMSG #tea :",
        "BATCH -1",
    ],
    "no lines": ["BATCH +1 draft/multiline #tea", "BATCH -1"],
    "both verbs": [
        "BATCH +1 draft/multiline #tea",
        "@batch=1 PRIVMSG #tea :this starts with a PRIVMSG",
        "@batch=1 NOTICE #tea :but ends with a NOTICE",
        "BATCH -1",
    ],
    "another verb": ["BATCH +1 draft/multiline #tea", "@batch=1 TOPIC #tea :x", "BATCH -1"],
    "another one opened": [
        "BATCH +1 draft/multiline #tea",
        "@batch=1 PRIVMSG #tea :a",
        "BATCH +2 draft/multiline #tea",
    ],
    "the same one opened": [
        "BATCH +1 draft/multiline #tea",
        "@batch=1 PRIVMSG #tea :a",
        "BATCH +1 draft/multiline #tea",
    ],
    "another one closed": ["BATCH +1 draft/multiline #tea", "@batch=1 PRIVMSG #tea :a", "BATCH -2"],
}


@pytest.mark.parametrize("invalid", INVALID)
async def test_an_invalid_batch_is_an_error_and_nothing_of_it_arrives(connect: Connect, invalid: str) -> None:
    """multiline, "Errors": «MULTILINE_INVALID: any other error»; «Clients MUST NOT send blank lines with the
    draft/multiline-concat tag. Clients MUST NOT send messages consisting entirely of blank lines»; client-batch: «Once
    a client has opened a batch, it MUST NOT send any messages that are not part of the batch, until it is closed»."""
    ann, bob = await tea(connect, CAPS, CAPS)
    lines = await ask(ann, *INVALID[invalid])
    code = "[A-Z_]+( [0-9])?" if "opened" in invalid or "closed" in invalid else "MULTILINE_INVALID"
    assert re.fullmatch(rf":{SERVER} FAIL BATCH {code} :.+", lines[0].bare)
    assert set(commands(lines)) == {"FAIL"}
    assert await ask(bob) == []


@pytest.mark.parametrize("invalid", ["another batch", "a concatenated blank line"])
async def test_after_an_error_a_new_batch_may_be_opened(connect: Connect, invalid: str) -> None:
    """client-batch, "Errors": a failed batch is over, «all past and future messages in this batch will be ignored»; the
    next one may have the same reference."""
    ann, bob = await tea(connect, CAPS, CAPS)
    lines = [line for line in INVALID[invalid] if not line.startswith("BATCH -")]
    assert commands(await ask(ann, *lines)) == ["FAIL"]
    again = ["BATCH +1 draft/multiline #tea", "@batch=1 PRIVMSG #tea :now", "@batch=1 PRIVMSG #tea :then", "BATCH -1"]
    multiline(await ask(ann, *again))
    assert [line.params[1] for line in multiline(await ask(bob))[1]] == ["now", "then"]


async def test_what_follows_an_error_in_a_batch_is_not_said_either(connect: Connect) -> None:
    """client-batch, "Errors": «all past and future messages in this batch will be ignored»; multiline: «delivering the
    batch» is only of a well-formed one."""
    ann, bob = await tea(connect, CAPS, CAPS)
    *lines, end = sent("x", *["y"] * 110)
    lines = await ask(ann, *lines, end)
    assert set(commands(lines)) == {"FAIL"}
    assert await ask(bob) == []
    assert commands(await ask(ann, "PRIVMSG #tea :still here")) == ["PRIVMSG"]
    assert one(await ask(bob)).params == ["#tea", "still here"]


async def test_another_target_in_the_batch_is_an_error(connect: Connect) -> None:
    """multiline, "Errors": «MULTILINE_INVALID_TARGET <batch-target> <provided-target>: mismatched PRIVMSG target within
    a batch», and its example: «FAIL BATCH MULTILINE_INVALID_TARGET #foo #bar :Invalid multiline target»."""
    ann, bob = await tea(connect, CAPS, CAPS)
    await ask(ann, "JOIN #milk")
    lines = await ask(ann, "BATCH +456 draft/multiline #tea", "@batch=456 PRIVMSG #milk hello", "BATCH -456")
    assert re.fullmatch(rf":{SERVER} FAIL BATCH MULTILINE_INVALID_TARGET #tea #milk :.+", lines[0].bare)
    assert set(commands(lines)) == {"FAIL"}
    assert await ask(bob) == []


@pytest.mark.parametrize(
    "lines",
    [
        ["BATCH +1 example.com/nonsense #tea"],
        ["BATCH +1 draft/multiline"],
        ["BATCH +1"],
        ["BATCH 1 draft/multiline #tea"],
        ["BATCH"],
    ],
)
async def test_a_batch_that_is_none_is_an_error(connect: Connect, lines: list[str]) -> None:
    """client-batch, "Errors": «Servers MUST use FAIL messages from the standard replies framework to notify clients of
    errors with client-initiated batches. The command is BATCH»; modern.ircdocs.horse, "ERR_NEEDMOREPARAMS (461)"."""
    ann, bob = await tea(connect, CAPS, CAPS)
    answer = one(await ask(ann, *lines))
    assert re.fullmatch(rf":{SERVER} (FAIL BATCH [A-Z_]+( \S+)*|461 ann BATCH) :.+", answer.bare)
    await ask(ann, "PRIVMSG #tea :hi")
    assert one(await ask(bob)).params == ["#tea", "hi"]


async def test_batches_are_not_nested(connect: Connect) -> None:
    """client-batch: «Clients MUST NOT send nested batches, i.e. clients may not send BATCH commands with a batch
    tag.»"""
    ann, bob = await tea(connect, CAPS, CAPS)
    lines = await ask(ann, "BATCH +1 draft/multiline #tea", "@batch=1 BATCH +2 draft/multiline #tea")
    assert re.fullmatch(rf":{SERVER} FAIL BATCH [A-Z_]+( \S+)* :.+", one(lines).bare)
    assert await ask(bob) == []


async def test_a_failed_batch_has_its_label_on_the_error(connect: Connect) -> None:
    """IRCv3 standard-replies: «This message SHOULD also be given a label, if one was provided by the client with the
    original command that spawned this reply.» The label is on the BATCH command, and so is the error."""
    (ann,) = await tea(connect, CAPS)
    lines = await ask(ann, "@label=xyz BATCH +1 draft/multiline #tea", "@batch=1 PRIVMSG #milk :x", "BATCH -1")
    assert [(line.command, line.params[1]) for line in lines if line.tags.get("label") == "xyz"] == [
        ("FAIL", "MULTILINE_INVALID_TARGET")
    ]


@pytest.mark.parametrize(("target", "numeric"), [("nobody", "401"), ("#milk", "404"), ("#nowhere", "40[134]")])
async def test_what_cannot_be_delivered_is_said_once_with_the_label(
    connect: Connect, target: str, numeric: str
) -> None:
    """modern.ircdocs.horse, "ERR_CANNOTSENDTOCHAN (404)", "ERR_NOSUCHNICK (401)"; IRCv3 labeled-response: «Servers MUST
    include the tag in exactly one logical message.»"""
    ann, bob = await tea(connect, CAPS, CAPS)
    await ask(bob, "JOIN #milk")
    answer = one(await ask(ann, *sent("one", "two", target=target, tags="@label=xyz ")))
    assert re.fullmatch(rf":{SERVER} {numeric} ann {target} :.+", answer.bare)
    assert answer.tags["label"] == "xyz"
    assert await ask(bob) == []


@pytest.mark.parametrize("bad", [b"\xe6\xb1", b"x" * 600])
async def test_a_line_that_is_refused_takes_the_batch_with_it(connect: Connect, bad: bytes) -> None:
    """multiline: «When receiving a well-formed multiline message batch, implementations MUST collect the message
    content from each line»: a message with a hole in it is not what was said. IRCv3 utf8-only, "INVALID_UTF8";
    modern.ircdocs.horse, "ERR_INPUTTOOLONG (417)"."""
    ann, bob = await tea(connect, CAPS, CAPS)
    lines = [
        b"BATCH +1 draft/multiline #tea",
        b"@batch=1 PRIVMSG #tea :one",
        b"@batch=1 PRIVMSG #tea :" + bad,
        b"@batch=1 PRIVMSG #tea :three",
        b"BATCH -1",
    ]
    answer = await ask(ann, *lines)
    assert set(commands(answer)) <= {"FAIL", "417"}
    assert answer
    assert await ask(bob) == []


async def test_a_line_that_fits_from_a_client_but_not_from_the_server_is_whole_or_refused(connect: Connect) -> None:
    """multiline, "Splitting long lines": «The parts of a message that must fit within the 512 byte limit are as
    follows: leading, nick, […] user, […] host, command, channel»: those who do not count them must not make the server
    send longer lines, or lose a part of the text."""
    nick, room = "n" * 32, "#" + "r" * 63
    ann = await enter(connect, nick, room, CAPS)
    bob = await enter(connect, "bob", room, CAPS)
    carol = await enter(connect, "carol", room, FALLBACK)
    await drain(ann, bob)
    texts = ["汉" * 140 + "x", "short"]
    answer = await ask(ann, *sent(*texts, target=room))
    got, fallback = await ask(bob), await ask(carol)
    if only(answer, "FAIL", "417"):
        assert got == fallback == []
    else:
        _, inside = multiline(got)
        joined = "".join(("" if CONCAT in line.tags else "\n") + line.params[1] for line in inside)
        assert joined.removeprefix("\n") == "\n".join(texts)
        assert "".join(line.params[1] for line in fallback) == "".join(texts)


async def test_who_leaves_in_the_middle_has_said_nothing(connect: Connect) -> None:
    """multiline: «wait until the full batch has been received before processing the message»."""
    ann, bob = await tea(connect, CAPS, CAPS)
    ann.send(*HELLO[:-1])
    await ann.close()
    await bob.until(r" QUIT .*\r\n")
    assert "hello" not in bob.seen.decode()
