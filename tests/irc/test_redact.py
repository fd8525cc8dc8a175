"""draft/message-redaction: taking back what was said."""

import json
import re

import pytest

from tcpchat import Server
from tcpchat.config import Config
from tests.conftest import Connect
from tests.irc.peers import SERVER, Line, ask, commands, drain, enter, enter_account, one, only
from tests.peer import Peer


@pytest.fixture
def config(recorded: Config) -> Config:
    """On disk."""
    return recorded


CAPS = "batch draft/message-redaction echo-message labeled-response message-tags"
HISTORY = f"{CAPS} draft/chathistory server-time"


async def say(peer: Peer, target: str = "#tea", text: str = "an example", verb: str = "PRIVMSG") -> str:
    """The id of what was said."""
    return one(await ask(peer, f"{verb} {target} :{text}")).tags["msgid"]


def redacted(line: Line, nick: str, *params: str) -> bool:
    return (line.source, line.command, line.params) == (f"{nick}!{nick}@localhost", "REDACT", list(params))


async def tea(connect: Connect, *caps: str) -> list[Peer]:
    """People in #tea: ann, its operator, then bob, carol."""
    names = ["ann", "bob", "carol"][: len(caps)]
    people = [await enter(connect, nick, "#tea", wanted) for nick, wanted in zip(names, caps, strict=True)]
    await drain(*people)
    return people


async def test_ones_own_message_can_be_taken_back(connect: Connect) -> None:
    """message-redaction: «REDACT <target> <msgid> [:reason]. […] If the client is authorised to delete the message, the
    server: SHOULD forward this REDACT, with an appropriate prefix, to the target recipients that have negotiated the
    draft/message-redaction capability, in the same way as PRIVMSG messages.»"""
    ann, bob, carol = await tea(connect, CAPS, CAPS, CAPS)
    msgid = await say(bob)
    await drain(ann, carol)
    answer = one(await ask(bob, f"REDACT #tea {msgid}"))
    for line in (answer, one(await ask(ann)), one(await ask(carol))):
        assert redacted(line, "bob", "#tea", msgid)


async def test_a_reason_is_passed_on(connect: Connect) -> None:
    """message-redaction, "Examples": «C: REDACT #channel 123 :bad example; S: @msgid=124 :nick!u@h REDACT #channel 123
    :bad example»; and: «Clients SHOULD NOT provide a default reason if users do not provide one»: no more does the
    server."""
    ann, bob = await tea(connect, CAPS, CAPS)
    msgid = await say(ann)
    await drain(bob)
    assert redacted(one(await ask(ann, f"REDACT #tea {msgid} :bad example")), "ann", "#tea", msgid, "bad example")
    assert redacted(one(await ask(bob)), "ann", "#tea", msgid, "bad example")


async def test_an_operator_can_take_back_what_others_said(connect: Connect) -> None:
    """message-redaction, "Examples": «Deleting someone else's PRIVMSG: C2: REDACT #channel 123 spam; S: @msgid=124
    :chanop!u@h REDACT #channel 123 spam»; «Allowing channel moderators or server admins to delete unwelcome
    messages»."""
    ann, bob = await tea(connect, CAPS, CAPS)
    msgid = await say(bob)
    await drain(ann)
    assert redacted(one(await ask(ann, f"REDACT #tea {msgid} spam")), "ann", "#tea", msgid, "spam")
    assert redacted(one(await ask(bob)), "ann", "#tea", msgid, "spam")


async def test_others_cannot(connect: Connect) -> None:
    """message-redaction, "Errors": «FAIL REDACT REDACT_FORBIDDEN <target> <target-msgid> :You are not authorised to
    delete this message»."""
    ann, bob = await tea(connect, CAPS, CAPS)
    msgid = await say(ann)
    await drain(bob)
    answer = one(await ask(bob, f"REDACT #tea {msgid}"))
    assert re.fullmatch(rf":{SERVER} FAIL REDACT REDACT_FORBIDDEN #tea {re.escape(msgid)} :.+", answer.bare)
    assert await ask(ann) == []


async def test_an_operator_elsewhere_cannot(connect: Connect) -> None:
    """message-redaction: «If the client is authorised to delete the message»: authority in one room is none in another,
    and a message is not in a room because somebody says so."""
    ann, bob = await tea(connect, CAPS, CAPS)
    await ask(bob, "JOIN #bobs")
    own = await say(bob)
    await drain(ann)
    other = await say(ann)
    await drain(bob)
    answer = one(await ask(bob, f"REDACT #tea {other}"))
    assert re.fullmatch(rf":{SERVER} FAIL REDACT REDACT_FORBIDDEN #tea {re.escape(other)} :.+", answer.bare)
    answer = one(await ask(bob, f"REDACT #bobs {other}"))
    refusal = rf":{SERVER} FAIL REDACT (REDACT_FORBIDDEN|UNKNOWN_MSGID) #bobs {re.escape(other)} :.+"
    assert re.fullmatch(refusal, answer.bare)
    assert await ask(ann) == []
    assert redacted(one(await ask(bob, f"REDACT #tea {own}")), "bob", "#tea", own)
    assert redacted(one(await ask(ann)), "bob", "#tea", own)


async def test_a_nick_is_not_an_author(connect: Connect) -> None:
    """message-redaction: «enable more granular redaction permissions. Clients might be able to determine which messages
    are their own», which another with the nick of one who left cannot make theirs."""
    ann, bob = await tea(connect, CAPS, CAPS)
    msgid = await say(bob)
    bob.send("QUIT")
    await bob.end()
    other = await enter(connect, "bob", "#tea", CAPS)
    await drain(ann)
    answer = one(await ask(other, f"REDACT #tea {msgid}"))
    assert re.fullmatch(rf":{SERVER} FAIL REDACT REDACT_FORBIDDEN #tea {re.escape(msgid)} :.+", answer.bare)
    assert await ask(ann) == []


async def test_an_author_with_another_nick_is_the_author(connect: Connect) -> None:
    """message-redaction: «For the purposes of user interface, clients MAY assume that their own messages are
    redactable.»"""
    ann, bob = await tea(connect, CAPS, CAPS)
    msgid = await say(bob)
    await ask(bob, "NICK robert")
    await drain(ann)
    assert commands(await ask(bob, f"REDACT #tea {msgid}")) == ["REDACT"]
    assert one(await ask(ann)).source == "robert!bob@localhost"


@pytest.mark.parametrize("msgid", ["nonexistent123", "0", "-1", "x" * 100, "💥", "123e-1"])
async def test_an_unknown_id_is_an_error(connect: Connect, msgid: str) -> None:
    """message-redaction, "Errors": «FAIL REDACT UNKNOWN_MSGID <target> <target-msgid> :This message does not exist or
    is too old»."""
    (ann,) = await tea(connect, CAPS)
    answer = one(await ask(ann, f"REDACT #tea {msgid}"))
    assert re.fullmatch(rf":{SERVER} FAIL REDACT UNKNOWN_MSGID #tea {re.escape(msgid)} :.+", answer.bare)


@pytest.mark.parametrize("target", ["#fake", "#bobs", "nobody"])
async def test_a_target_that_is_not_there_or_not_ones_own_is_an_error(connect: Connect, target: str) -> None:
    """message-redaction, "Errors": «FAIL REDACT INVALID_TARGET <target> :You cannot delete messages from <target>»."""
    ann, bob = await tea(connect, CAPS, CAPS)
    await ask(bob, "JOIN #bobs")
    msgid = await say(bob, "#bobs")
    answer = one(await ask(ann, f"REDACT {target} {msgid}"))
    expected = rf":{SERVER} FAIL REDACT INVALID_TARGET {target} :.+"
    if target == "nobody":
        expected += rf"|:{SERVER} FAIL REDACT UNKNOWN_MSGID nobody {re.escape(msgid)} :.+"
    assert re.fullmatch(expected, answer.bare)
    assert await ask(bob) == []


@pytest.mark.parametrize("line", ["REDACT", "REDACT #tea"])
async def test_too_few_parameters_are_461(connect: Connect, line: str) -> None:
    """modern.ircdocs.horse, "ERR_NEEDMOREPARAMS (461)": «"<client> <command> :Not enough parameters"»."""
    (ann,) = await tea(connect, CAPS)
    assert re.fullmatch(rf":{SERVER} 461 ann REDACT :.+", one(await ask(ann, line)))


async def test_those_without_the_capability_are_not_told(connect: Connect) -> None:
    """message-redaction: «MUST not forward this REDACT to target recipients that have not negotiated this
    capability»."""
    ann, bob, carol = await tea(connect, CAPS, "echo-message message-tags", "")
    msgid = await say(ann)
    await drain(bob, carol)
    assert redacted(one(await ask(ann, f"REDACT #tea {msgid}")), "ann", "#tea", msgid)
    assert "REDACT" not in commands(await ask(bob) + await ask(carol))


@pytest.mark.parametrize("verb", ["PRIVMSG", "NOTICE"])
async def test_a_private_message_can_be_taken_back(connect: Connect, verb: str) -> None:
    """message-redaction: «send a REDACT command to a target nickname or channel»."""
    ann = await enter_account(connect, "ann", "", CAPS)
    bob = await enter_account(connect, "bob", "", CAPS)
    msgid = await say(ann, "bob", verb=verb)
    await drain(bob)
    assert redacted(one(await ask(ann, f"REDACT bob {msgid}")), "ann", "bob", msgid)
    assert redacted(one(await ask(bob)), "ann", "bob", msgid)


async def test_a_private_message_belongs_to_its_author(connect: Connect) -> None:
    """message-redaction, "Errors": «FAIL REDACT REDACT_FORBIDDEN», and: «If servers use predictable or guessable
    msgids, they should considered whether errors returned on REDACT may leak a message's existence to users who did not
    receive it»."""
    ann = await enter_account(connect, "ann", "", CAPS)
    bob = await enter_account(connect, "bob", "", CAPS)
    eve = await enter_account(connect, "eve", "", CAPS)
    msgid = await say(ann, "bob")
    await drain(bob)
    answer = one(await ask(bob, f"REDACT ann {msgid}"))
    assert answer.params[:2] in [["REDACT", "REDACT_FORBIDDEN"], ["REDACT", "UNKNOWN_MSGID"]]
    strangers = [one(await ask(eve, f"REDACT {nick} {id}")) for nick in ("ann", "bob") for id in (msgid, "nonsense")]
    assert {tuple(line.params[:2]) for line in strangers} in [
        {("REDACT", "UNKNOWN_MSGID")},
        {("REDACT", "INVALID_TARGET")},
    ]
    assert await ask(ann) == []
    assert await ask(bob) == []


@pytest.mark.parametrize("verb", ["PRIVMSG", "NOTICE"])
async def test_history_does_not_have_it_any_more(connect: Connect, verb: str) -> None:
    """message-redaction, "Chat history": «After a message is redacted, chathistory responses SHOULD either: exclude it
    entirely; replace its second parameter (if it is a PRIVMSG or NOTICE) and/or tags with a placeholder and add the
    REDACT message to the response (not counting toward message limits); add the REDACT message to the response»."""
    ann, bob = await tea(connect, HISTORY, HISTORY)
    await say(ann, text="before")
    msgid = await say(ann, text="to be taken back", verb=verb)
    await say(ann, text="after")
    assert "to be taken back" in "".join(await ask(bob, "CHATHISTORY LATEST #tea * 10"))
    await ask(ann, f"REDACT #tea {msgid}")
    await drain(bob)
    lines = await ask(bob, "CHATHISTORY LATEST #tea * 10")
    said = only(lines, "PRIVMSG", "NOTICE")
    assert {"before", "after"} <= {line.params[1] for line in said}
    if any(line.tags.get("msgid") == msgid for line in said):
        assert one(only(lines, "REDACT")).params[:2] == ["#tea", msgid]
    else:
        assert "to be taken back" not in "".join(lines)


async def test_who_joins_later_does_not_see_it(connect: Connect) -> None:
    """message-redaction, "Chat history": what is played back on joining is history, and those who cannot be told of a
    REDACT must not be shown what it took back."""
    ann, bob = await tea(connect, CAPS, "")
    await say(ann, text="before")
    msgid = await say(ann, text="to be taken back")
    await drain(bob)
    await ask(ann, f"REDACT #tea {msgid}")
    late = await enter(connect, "late", "", "server-time")
    lines = "".join(await ask(late, "JOIN #tea"))
    assert "before" in lines
    assert "to be taken back" not in lines


async def test_it_stays_away_for_those_who_come_by_its_id(connect: Connect) -> None:
    """message-redaction, "Chat history": «exclude it entirely», by whatever it is asked for."""
    ann, bob = await tea(connect, HISTORY, HISTORY)
    first = await say(ann, text="first")
    msgid = await say(ann, text="to be taken back")
    await ask(ann, f"REDACT #tea {msgid} :oops")
    await drain(bob)
    for question in (f"AFTER #tea msgid={first} 10", "BEFORE #tea timestamp=2999-01-01T00:00:00.000Z 10"):
        lines = await ask(bob, f"CHATHISTORY {question}")
        assert "BATCH" in commands(lines)
        if "REDACT" not in commands(lines):
            assert "to be taken back" not in "".join(lines)


async def test_programs_do_not_find_it_any_more(connect: Connect) -> None:
    """message-redaction, "Chat history": «exclude it entirely», whoever asks."""
    (ann,) = await tea(connect, CAPS)
    joe = await (await connect()).enter_json("joe", "#tea")
    await drain(ann)
    msgid = await say(ann, text="to be taken back")
    assert "to be taken back" in json.dumps(await joe.ask(do="history", room="#tea"))
    await ask(ann, f"REDACT #tea {msgid} :oops")
    assert "to be taken back" not in json.dumps(await joe.ask(do="history", room="#tea"))


async def test_it_stays_away_after_a_restart(config: Config) -> None:
    """message-redaction, "Chat history": «After a message is redacted, chathistory responses SHOULD […] exclude it
    entirely»: for good."""
    async with Server(config, port=0) as server:
        ann = await (await Peer.open(server.port)).enter_irc("ann", "#tea", HISTORY)
        await drain(ann)
        await say(ann, text="before")
        msgid = await say(ann, text="to be taken back")
        assert commands(await ask(ann, f"REDACT #tea {msgid}")) == ["REDACT"]
        await ann.close()
    async with Server(config, port=0) as server:
        bob = await (await Peer.open(server.port)).enter_irc("bob", "#tea", HISTORY)
        lines = await ask(bob, "CHATHISTORY LATEST #tea * 10")
        assert "before" in "".join(lines)
        assert "to be taken back" not in "".join(lines) or "REDACT" in commands(lines)
        await bob.close()


async def test_a_tagmsg_can_be_taken_back_or_is_unknown(connect: Connect) -> None:
    """message-redaction: «Where <msgid> is the id of the message to be redacted, which MUST be a PRIVMSG, NOTICE, or
    TAGMSG», for example «removing a +draft/react client tag»."""
    ann, bob = await tea(connect, CAPS, CAPS)
    msgid = one(await ask(ann, "@+draft/react=👍 TAGMSG #tea")).tags["msgid"]
    assert one(await ask(bob)).tags["msgid"] == msgid
    answer = one(await ask(ann, f"REDACT #tea {msgid}"))
    if answer.command == "FAIL":
        assert re.fullmatch(rf":{SERVER} FAIL REDACT UNKNOWN_MSGID #tea {re.escape(msgid)} :.+", answer.bare)
        assert await ask(bob) == []
    else:
        assert redacted(answer, "ann", "#tea", msgid)
        assert redacted(one(await ask(bob)), "ann", "#tea", msgid)


async def test_a_message_of_several_lines_is_taken_back_as_one(connect: Connect) -> None:
    """multiline, "Message ids": a batch has one id; message-redaction: «<msgid> is the id of the message to be
    redacted»."""
    caps = f"{HISTORY} draft/multiline"
    ann, bob = await tea(connect, caps, caps)
    lines = ["BATCH +1 draft/multiline #tea", "@batch=1 PRIVMSG #tea :one", "@batch=1 PRIVMSG #tea :two", "BATCH -1"]
    msgid = (await ask(ann, *lines))[0].tags["msgid"]
    await drain(bob)
    assert redacted(one(await ask(ann, f"REDACT #tea {msgid}")), "ann", "#tea", msgid)
    await drain(bob)
    lines = only(await ask(bob, "CHATHISTORY LATEST #tea * 10"), "PRIVMSG", "REDACT")
    assert commands(lines)[-1:] in [[], ["REDACT"]]


async def test_the_answer_has_the_label(connect: Connect) -> None:
    """IRCv3 labeled-response: «the server MUST include the same tag and value in any response produced from this
    message»; standard-replies: «This message SHOULD also be given a label»."""
    ann, bob = await tea(connect, CAPS, CAPS)
    msgid = await say(ann)
    await drain(bob)
    assert one(await ask(bob, f"@label=a REDACT #tea {msgid}")).tags["label"] == "a"
    assert one(await ask(ann, "@label=b REDACT #tea nonsense")).tags["label"] == "b"
    answer = one(await ask(ann, f"@label=c REDACT #tea {msgid}"))
    assert (answer.command, answer.tags["label"]) == ("REDACT", "c")
    assert "label" not in one(await ask(bob)).tags
