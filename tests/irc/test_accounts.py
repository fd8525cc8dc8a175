"""Making accounts and using them without SASL: IRCv3 account-registration, and NickServ."""

import asyncio
import re
from pathlib import Path

import pytest

import tcpchat
from tcpchat.config import Config, Operator
from tests.conftest import Connect
from tests.irc.login import (
    CHALLENGE,
    Scram,
    account_of,
    authenticate,
    enter,
    has_account,
    heard,
    pieces,
    plain,
    ready_for_sasl,
)
from tests.peer import Peer

CAP = "draft/account-registration"


async def may_log_in(connect: Connect, account: str, password: str) -> bool:
    """Whether this is the password of the account, for PLAIN and for SCRAM-SHA-256 alike."""
    peer = await ready_for_sasl(connect)
    peer.send("AUTHENTICATE PLAIN")
    await peer.until(CHALLENGE)
    peer.send(*pieces(plain(account, password)))
    allowed = (await peer.until(r"^:\S+ (903|904) \* :.*\r\n"))[1] == "903"
    assert await Scram(await ready_for_sasl(connect), account, password).succeeds() == allowed
    return allowed


# REGISTER


async def test_the_capability_says_what_is_possible(connect: Connect) -> None:
    """«before-connect - if present, indicates the server supports early registration»; «custom-account-name - if
    present, the account name can be different from the user's current nickname»; without email-required no address is
    needed. (IRCv3 account-registration)"""
    peer = await connect()
    peer.send("CAP LS 302")
    found = await peer.until(r"^:\S+ CAP \* LS (?:\* )?:(?:.* )?draft/account-registration=(\S+)")
    keys = {key.partition("=")[0] for key in found[1].split(",")}
    assert {"before-connect", "custom-account-name"} <= keys
    assert "email-required" not in keys


@pytest.mark.parametrize("wanted", ["*", "ann", "other"])
async def test_one_registers_an_account_and_is_logged_in(connect: Connect, wanted: str) -> None:
    """«REGISTER SUCCESS <account> <message>» is «Sent by the server when the REGISTER … fully succeeded, and no
    further action is needed. Afterward, the client is assumed to be authenticated to the <account> as if it used
    SASL.» «If <account> is *, then this value is the user's current nickname.» (IRCv3 account-registration) 900 «is
    sent when the user's account name is set (whether by SASL or otherwise)» (sasl-3.1)."""
    ann = await enter(connect, "ann", caps=CAP)
    ann.send(f"REGISTER {wanted} * shivarampassphrase")
    account = "ann" if wanted == "*" else wanted
    answer = await heard(ann)
    assert re.search(rf"^:tcpchat\.local REGISTER SUCCESS {account} :.+\r$", answer, re.MULTILINE)
    assert re.search(rf"^:tcpchat\.local 900 ann ann!ann@localhost {account} :.+\r$", answer, re.MULTILINE)
    assert "FAIL" not in answer
    assert await account_of(ann, "ann") == account
    assert await may_log_in(connect, account, "shivarampassphrase")


async def test_an_address_may_be_given(connect: Connect) -> None:
    """«REGISTER <account> {<email> | "*"} <password>» (IRCv3 account-registration)"""
    ann = await enter(connect, "ann", caps=CAP)
    ann.send("REGISTER * ann@example.com sesame")
    await ann.until(r"^:\S+ REGISTER SUCCESS ann :")


async def test_one_registers_before_coming_in(connect: Connect) -> None:
    """«The REGISTER command MAY be sent at any point during the connection that the client has a valid nickname.» The
    server «MUST NOT use FAIL REGISTER COMPLETE_CONNECTION_REQUIRED» (IRCv3 account-registration, before-connect)"""
    bar = await connect()
    bar.send(f"CAP REQ {CAP}", "CAP LS 302", "NICK bar", "REGISTER * * shivarampassphrase")
    await bar.until(r"^:\S+ REGISTER SUCCESS bar :.+\r\n")
    bar.send("USER bar 0 * :Bar", "CAP END")
    await bar.until(r"^:\S+ 001 bar ")
    await bar.until(r"^:\S+ 376 bar ")
    assert re.search(r"^:\S+ 900 (bar|\*) \S+ bar :", bar.seen.decode(), re.MULTILINE)
    assert await account_of(bar, "bar") == "bar"


async def test_who_registered_early_may_be_called_otherwise_later(connect: Connect) -> None:
    """The account is «named for the current nick of the requestor» when it asks, not later (IRCv3
    account-registration)."""
    bar = await connect()
    bar.send(f"CAP REQ {CAP}", "NICK bar", "REGISTER * * sesame", "NICK baz", "USER bar 0 * :Bar", "CAP END")
    await bar.until(r"^:\S+ REGISTER SUCCESS bar :")
    await bar.until(r"^:\S+ 001 baz ")
    await bar.until(r"^:\S+ 376 baz ")
    assert await account_of(bar, "baz") == "bar"


@pytest.mark.parametrize("wanted", ["*", "new", "taken"])
async def test_a_nick_comes_before_an_account(connect: Connect, wanted: str) -> None:
    """«FAIL REGISTER NEED_NICK * <message>» is «Sent by the server if the client sends REGISTER before sending a NICK
    command.» And ACCOUNT_EXISTS: «The server MUST NOT send this response before the client sent a NICK command.»
    (IRCv3 account-registration)"""
    await has_account(connect, "taken")
    peer = await connect()
    peer.send(f"CAP REQ {CAP}", f"REGISTER {wanted} * sesame")
    await peer.until(r"^:\S+ FAIL REGISTER NEED_NICK \* :.+\r\n")
    assert "REGISTER" not in await heard(peer)


@pytest.mark.parametrize("wanted", ["ann", "ANN", "aNn"])
async def test_an_account_is_registered_once(connect: Connect, wanted: str) -> None:
    """«FAIL REGISTER ACCOUNT_EXISTS <account> <message>» is sent when the name is «not available as a new account's
    name because someone already registered it» (IRCv3 account-registration). Names are the same in every spelling."""
    await has_account(connect, "ann", password="sesame")
    bob = await enter(connect, "bob", caps=CAP)
    bob.send(f"REGISTER {wanted} * second")
    await bob.until(r"^:\S+ FAIL REGISTER ACCOUNT_EXISTS (?i:ann) :.+\r\n")
    assert await account_of(bob, "bob") is None
    assert await may_log_in(connect, "ann", "sesame")
    assert not await may_log_in(connect, "ann", "second")


async def test_of_two_at_once_one_gets_the_account(connect: Connect) -> None:
    """«because someone already registered it» (IRCv3 account-registration), even while the other one's password is
    being worked on."""
    peers = [await enter(connect, nick, caps=CAP) for nick in ("ann", "bob", "eve")]
    for number, peer in enumerate(peers):
        peer.send(f"REGISTER {'tea' if number else 'Tea'} * sesame-{number}")
    answers = [await heard(peer) for peer in peers]
    assert sum("REGISTER SUCCESS" in answer for answer in answers) == 1
    assert sum("FAIL REGISTER ACCOUNT_EXISTS" in answer for answer in answers) == 2
    assert [await may_log_in(connect, "tea", f"sesame-{number}") for number in range(3)] == [
        "REGISTER SUCCESS" in answer for answer in answers
    ]


@pytest.mark.parametrize("wanted", ["#tea", "a!b", "a@b", "a,b", "a*", "0", "NickServ", "x" * 33, "$x"])
async def test_not_every_name_is_one_for_an_account(connect: Connect, wanted: str) -> None:
    """«FAIL REGISTER BAD_ACCOUNT_NAME <account> <message>» is «Sent by the server to indicate that the desired
    account name is invalid or otherwise restricted/disallowed.» (IRCv3 account-registration) 0 is what WHOX says of
    those who are logged out."""
    ann = await enter(connect, "ann", caps=CAP)
    ann.send(f"REGISTER {wanted} * sesame")
    await ann.until(rf"^:\S+ FAIL REGISTER BAD_ACCOUNT_NAME {re.escape(wanted)} :.+\r\n")
    assert await account_of(ann, "ann") is None


async def test_who_is_logged_in_registers_nothing(connect: Connect) -> None:
    """«FAIL REGISTER ALREADY_AUTHENTICATED <account> <message>», «FAIL VERIFY ALREADY_AUTHENTICATED <account>
    <message>»: «Sent by the server if the client is already authenticated.» (IRCv3 account-registration)"""
    await has_account(connect, "ann")
    ann = await enter(connect, "ann", account="ann", caps=CAP)
    ann.send("REGISTER other * sesame")
    await ann.until(r"^:\S+ FAIL REGISTER ALREADY_AUTHENTICATED (other|ann) :.+\r\n")
    ann.send("VERIFY other 12345")
    await ann.until(r"^:\S+ FAIL VERIFY ALREADY_AUTHENTICATED (other|ann) :.+\r\n")
    assert await account_of(ann, "ann") == "ann"
    assert not await may_log_in(connect, "other", "sesame")


async def test_who_just_registered_registers_nothing_more(connect: Connect) -> None:
    """«Afterward, the client is assumed to be authenticated to the <account> as if it used SASL.» (IRCv3
    account-registration)"""
    bar = await connect()
    bar.send(f"CAP REQ {CAP}", "NICK bar", "REGISTER * * sesame", "REGISTER other * sesame")
    await bar.until(r"^:\S+ REGISTER SUCCESS bar :")
    await bar.until(r"^:\S+ FAIL REGISTER ALREADY_AUTHENTICATED (other|bar) :")


async def test_an_empty_password_is_none(connect: Connect) -> None:
    """«FAIL REGISTER WEAK_PASSWORD <account> <message>» is «Sent by the server if the password is considered too
    weak. The client MAY try registering again.» (IRCv3 account-registration)"""
    ann = await enter(connect, "ann", caps=CAP)
    ann.send("REGISTER * * :")
    await ann.until(r"^:\S+ FAIL REGISTER (WEAK|UNACCEPTABLE)_PASSWORD ann :.+\r\n")
    ann.send("REGISTER * * sesame")
    await ann.until(r"^:\S+ REGISTER SUCCESS ann :")


@pytest.mark.parametrize(
    "password", ["barley", "x" * 300, "é" * 100, "correct horse battery staple", " :=,!?;", "*+*-*/"]
)
async def test_a_password_may_be_anything_of_300_bytes(connect: Connect, password: str) -> None:
    """«Passwords are opaque byte strings. It is recommended for them to be valid UTF-8»; «300 bytes should be a safe
    reasonable limit.» (IRCv3 account-registration)"""
    await has_account(connect, "ann", password=password)
    assert await may_log_in(connect, "ann", password)


async def test_a_password_that_is_no_text_is_refused(connect: Connect) -> None:
    """«Servers may also choose to reject any non-UTF-8 password with UNACCEPTABLE_PASSWORD.» (IRCv3
    account-registration) Where all must be UTF-8, the line is refused as such."""
    ann = await enter(connect, "ann", caps=CAP)
    ann.send(b"REGISTER * * \xff\xfe\xfd")
    await ann.until(r"^:\S+ FAIL (REGISTER UNACCEPTABLE_PASSWORD ann|(REGISTER|\*) INVALID_UTF8) :")
    assert await account_of(ann, "ann") is None


@pytest.mark.parametrize("request_", ["REGISTER", "REGISTER *", "REGISTER * *", "VERIFY", "VERIFY ann"])
async def test_what_lacks_parameters_is_refused(connect: Connect, request_: str) -> None:
    """461 is «Returned when a client command cannot be parsed because not enough parameters were supplied.»
    (modern.ircdocs.horse)"""
    ann = await enter(connect, "ann", caps=CAP)
    command = request_.split()[0]
    ann.send(request_)
    await ann.until(rf"^:\S+ (461 ann {command} :|FAIL {command} NEED_MORE_PARAMS .*)")
    assert await account_of(ann, "ann") is None


async def test_there_is_nothing_to_verify(connect: Connect) -> None:
    """«FAIL VERIFY INVALID_CODE <account> <message>» is «Sent by the server if the <code> in the VERIFY command is
    invalid or expired.» The server «MUST NOT sent these replies» COMPLETE_CONNECTION_REQUIRED with before-connect.
    (IRCv3 account-registration)"""
    await has_account(connect, "bob")
    ann = await enter(connect, "ann", caps=CAP)
    early = await connect()
    early.send(f"CAP REQ {CAP}", "NICK early")
    for peer in (ann, early):
        for account in ("ann", "bob"):
            peer.send(f"VERIFY {account} 12345")
            await peer.until(rf"^:\S+ FAIL VERIFY INVALID_CODE {account} :.+\r\n")
    assert await account_of(ann, "ann") is None


async def test_nobody_registers_the_nick_of_somebody_who_is_here(connect: Connect) -> None:
    """A nick that was refused is not «the client's current nickname» (IRCv3 account-registration): the account of
    that name is not to be had by asking for it."""
    await enter(connect, "rita")
    bar = await connect()
    bar.send("NICK rita", "REGISTER * * shivarampassphrase")
    await bar.until(r"^:\S+ 433 \* rita :")
    await bar.until(r"^:\S+ FAIL REGISTER (USERNAME_EXISTS|ACCOUNT_EXISTS|NEED_NICK) (rita|\*) :.+\r\n")
    assert not await may_log_in(connect, "rita", "shivarampassphrase")


async def test_what_follows_waits_for_the_answer(connect: Connect) -> None:
    """Commands of one client take effect in their order, however long a password takes; others do not wait for it."""
    ann, bob = await enter(connect, "ann", room="#tea", caps=CAP), await enter(connect, "bob", room="#tea")
    await heard(ann)
    ann.send("REGISTER * * sesame", "PRIVMSG #tea :I am ann", "WHOIS ann", "PING done")
    await ann.until(r"^:\S+ REGISTER SUCCESS ann :")
    await ann.until(r"^:\S+ 330 ann ann ann :")
    await ann.until(r"^:\S+ PONG ")
    await bob.until(r"^:ann!ann@localhost PRIVMSG #tea :I am ann\r\n")


async def test_who_leaves_while_the_password_is_worked_on_breaks_nothing(connect: Connect) -> None:
    """A client may go at any time."""
    for nick, last in (("one", "REGISTER * * sesame"), ("two", "PRIVMSG NickServ :REGISTER sesame")):
        gone = await enter(connect, nick, caps=CAP)
        gone.send(last)
        await gone.writer.drain()
        gone.reset()
        next_ = await connect()
        taken = True
        while taken:  # the nick is free as soon as the server has noticed
            next_.send(f"NICK {nick}")
            taken = "433" in await heard(next_)
        next_.send("USER next 0 * :Next", "NICK next")  # the account may be there, and then the name is its owner's
        here = (await next_.until(r"^:\S+ 376 (\S+) .*\r\n"))[1]
        assert here in {nick, "next"}
        assert await account_of(next_, here) is None
        next_.send("QUIT")
        await next_.end()


async def test_registering_needs_the_password_of_the_server_too(tmp_path: Path) -> None:
    """«Servers should ensure that if they allow REGISTER before connection registration, this functionality cannot be
    used to bypass any authentication restrictions defined in the server configuration, e.g. requirements that clients
    send a server password with PASS.» (IRCv3 account-registration)"""
    config = Config(data=tmp_path / "data", password="hush")
    async with tcpchat.Server(config, port=0) as server:
        peer = await Peer.open(server.port)
        peer.send(f"CAP REQ {CAP}", "NICK bar", "REGISTER * * sesame", "USER bar 0 * :Bar", "CAP END")
        answer = await peer.end()
        await peer.close()
        assert re.search(r"^:\S+ 464 (bar|\*) :", answer, re.MULTILINE)
        assert " 001 " not in answer
        peer = await Peer.open(server.port)
        peer.send(f"CAP REQ {CAP}", "PASS hush", "NICK foo", "REGISTER * * sesame", "USER foo 0 * :Foo", "CAP END")
        await peer.until(r"^:\S+ REGISTER SUCCESS foo :")
        await peer.until(r"^:\S+ 001 foo ")
        await peer.close()


async def test_an_account_outlives_the_server(tmp_path: Path) -> None:
    """«fully succeeded» (IRCv3 account-registration) means that it is kept."""
    config = Config(data=tmp_path / "data", operators={"root": Operator(password="secret")})
    for password in (None, "sesame"):
        peers: list[Peer] = []
        async with tcpchat.Server(config, port=0) as server:

            async def connect(server: tcpchat.Server = server, peers: list[Peer] = peers) -> Peer:
                peers.append(await Peer.open(server.port))
                return peers[-1]

            if password is None:
                await has_account(connect, "ann")
            else:
                assert await may_log_in(connect, "ann", password)
                assert not await may_log_in(connect, "ann", "other")
            await asyncio.gather(*(peer.close() for peer in peers))


# NickServ


async def asked(peer: Peer, request: str, service: str = "PRIVMSG NickServ :") -> str:
    """What NickServ answers."""
    peer.send(service + request)
    return await heard(peer)


def notices(answer: str, nick: str = "ann") -> list[str]:
    """The words of NickServ. It says nothing in any other way than by NOTICE."""
    assert not re.search(r"^(?:@\S+ )?:NickServ\S* (?!NOTICE )", answer, re.MULTILINE)
    return re.findall(rf"^(?:@\S+ )?:NickServ(?:!\S+@\S+)? NOTICE {nick} :(.*)\r$", answer, re.MULTILINE)


WAYS = ["PRIVMSG NickServ :", "privmsg nickserv :", "NS ", "NICKSERV ", "NS :", "nickserv :"]


@pytest.mark.parametrize("way", WAYS)
async def test_nickserv_registers_the_nick_one_has(connect: Connect, way: str) -> None:
    """An account for who knows no capabilities. 900 «is sent when the user's account name is set (whether by SASL or
    otherwise)» (sasl-3.1). «automatic replies» are by NOTICE (modern.ircdocs.horse, "NOTICE message")."""
    ann = await enter(connect, "ann")
    answer = await asked(ann, "REGISTER sesame", way)
    assert notices(answer)
    assert re.search(r"^:\S+ 900 ann ann!ann@localhost ann :.+\r$", answer, re.MULTILINE)
    assert await account_of(ann, "ann") == "ann"
    assert await may_log_in(connect, "ann", "sesame")


@pytest.mark.parametrize("way", WAYS)
async def test_nickserv_logs_in(connect: Connect, way: str) -> None:
    """With one parameter it is the account of the nick one wanted, and did not get because it is owned."""
    await has_account(connect, "ann", "other")
    ann = await connect()
    ann.send("NICK ann", "USER ann 0 * :Ann")
    await ann.until(r"^:\S+ 433 \* ann :.*\r\n:\S+ NOTICE \* :The name ann belongs to an account\..*IDENTIFY")
    ann.send("NICK ann_")
    await ann.until(r"^:\S+ 376 ann_ .*\r\n")
    answer = await asked(ann, "IDENTIFY sesame", way)
    assert notices(answer, "ann_")
    assert re.search(r"^:\S+ 900 ann_ ann_!ann@localhost ann :.+\r$", answer, re.MULTILINE)
    assert re.search(r"^:ann_!ann@localhost NICK :?ann\r$", answer, re.MULTILINE)
    assert await account_of(ann, "ann") == "ann"
    answer = await asked(ann, "identify OTHER sesame", way)
    assert notices(answer)
    assert await account_of(ann, "ann") == "other"


async def test_nickserv_registers_nothing_twice(connect: Connect) -> None:
    """What holds for REGISTER holds for NickServ: an account «someone already registered» stays his, and who is
    logged in makes no other."""
    await has_account(connect, "ann")
    bob = await enter(connect, "bob")
    await authenticate(bob, "ann")
    assert notices(answer := await asked(bob, "REGISTER second"), "bob")
    assert " 900 " not in answer
    assert await account_of(bob, "bob") == "ann"
    assert not await may_log_in(connect, "bob", "second")
    assert await may_log_in(connect, "ann", "sesame")


@pytest.mark.threat(30)
async def test_nickserv_does_not_tell_which_accounts_there_are_by_refusing(connect: Connect) -> None:
    """An unknown account and a wrong password are answered in the same way, but for the name. A failure keeps the
    login one has."""
    await has_account(connect, "bob", "eve")
    ann = await enter(connect, "ann", account="eve")
    wrong = await asked(ann, "IDENTIFY bob millet")
    unknown = await asked(ann, "IDENTIFY nob millet")
    assert notices(wrong)
    assert wrong.replace("bob", "nob") == unknown
    assert " 90" not in wrong
    assert await account_of(ann, "ann") == "eve"


async def test_nickserv_knows_about_accounts(connect: Connect) -> None:
    """INFO tells of the account named, or of one's own."""
    await has_account(connect, "jilles")
    ann = await enter(connect, "ann", account="jilles")
    known = notices(await asked(ann, "INFO JILLES"))
    assert any("jilles" in line for line in known)
    assert any("jilles" in line for line in notices(await asked(ann, "INFO")))
    unknown = notices(await asked(ann, "INFO nobody"))
    assert unknown
    assert [line.replace("nobody", "jilles") for line in unknown] != known


@pytest.mark.parametrize("way", ["PRIVMSG NickServ :", "NS "])
async def test_nickserv_changes_the_password(connect: Connect, way: str) -> None:
    """The new one is good, and the old one is not, in whichever way one logs in."""
    await has_account(connect, "jilles", password="the-old-one")
    ann = await enter(connect, "ann", account="jilles", password="the-old-one")
    for guess in ("wrong the-new-one", "the-new-one"):
        assert notices(await asked(ann, f"SET PASSWORD {guess}", way))
    assert not await may_log_in(connect, "jilles", "the-new-one")
    assert notices(await asked(ann, "SET PASSWORD the-old-one the-new-one", way))
    assert await account_of(ann, "ann") == "jilles"
    assert await may_log_in(connect, "jilles", "the-new-one")
    assert not await may_log_in(connect, "jilles", "the-old-one")


async def test_who_is_logged_out_changes_no_password(connect: Connect) -> None:
    """Having the nick is not having the account."""
    await has_account(connect, "jilles", password="the-old-one")
    ann = await enter(connect, "ann")
    assert notices(await asked(ann, "SET PASSWORD the-old-one the-new-one"))
    assert await may_log_in(connect, "jilles", "the-old-one")
    assert not await may_log_in(connect, "jilles", "the-new-one")


@pytest.mark.parametrize(
    "request_", ["HELP", "NONSENSE", "REGISTER", "IDENTIFY", "SET", "SET PASSWORD", "SET NONSENSE x", "", " "]
)
async def test_nickserv_always_answers(connect: Connect, request_: str) -> None:
    """Whatever it is asked; an empty text is no message (412, modern.ircdocs.horse, "PRIVMSG message")."""
    ann = await enter(connect, "ann")
    answer = await asked(ann, request_)
    assert notices(answer) or (not request_.strip() and " 412 ann :" in answer)
    assert await account_of(ann, "ann") is None


@pytest.mark.parametrize("command", ["NS", "NICKSERV"])
async def test_a_command_without_words_is_answered_too(connect: Connect, command: str) -> None:
    """461, «not enough parameters were supplied» (modern.ircdocs.horse), or help."""
    ann = await enter(connect, "ann")
    ann.send(command)
    answer = await heard(ann)
    assert notices(answer) or re.search(rf"^:\S+ 461 ann {command} :", answer, re.MULTILINE)


async def test_nickserv_never_answers_a_notice(connect: Connect) -> None:
    """«automatic replies must never be sent in response to a NOTICE message» (modern.ircdocs.horse, "NOTICE
    message")."""
    ann = await enter(connect, "ann")
    assert await asked(ann, "REGISTER sesame", "NOTICE NickServ :") == ""
    assert await account_of(ann, "ann") is None


async def test_nobody_else_is_nickserv(connect: Connect) -> None:
    """432: who could take the name would be told passwords."""
    for nick in ("NickServ", "nickserv", "NICKSERV"):
        peer = await connect()
        peer.send(f"NICK {nick}", "USER x 0 * :X")
        await peer.until(rf"^:\S+ (432|433) \* {nick} :")
        assert " 001 " not in await heard(peer)


async def test_nickserv_is_there_for_those_who_came_in(connect: Connect) -> None:
    """451 is «Returned when a client command cannot be parsed as they are not yet registered.»
    (modern.ircdocs.horse)"""
    peer = await connect()
    peer.send("NICK ann", "PRIVMSG NickServ :REGISTER sesame", "NS REGISTER sesame")
    await peer.until(r"^:\S+ 451 \S+ :.*\r\n:\S+ 451 \S+ :")
    assert not await may_log_in(connect, "ann", "sesame")


async def test_what_is_told_to_nickserv_stays_with_it(connect: Connect) -> None:
    """A password is in no history, and nobody sees it."""
    bob = await enter(connect, "bob", caps="server-time batch message-tags draft/chathistory")
    ann = await enter(connect, "ann", caps="server-time batch message-tags draft/chathistory", room="#tea")
    bob.send("JOIN #tea")
    await bob.until(r"^(?:@\S+ )?:\S+ 366 ")
    for request in (
        "PRIVMSG NickServ :REGISTER s3same",
        "PRIVMSG nickserv,NickServ :SET PASSWORD s3same",
        "NS IDENTIFY s3same",
    ):
        ann.send(request)
    await heard(ann)
    ann.send(
        "CHATHISTORY LATEST NickServ * 10",
        "CHATHISTORY LATEST ann * 10",
        "CHATHISTORY LATEST #tea * 10",
        "CHATHISTORY TARGETS timestamp=2020-01-01T00:00:00.000Z timestamp=2262-01-01T00:00:00.000Z 10",
    )
    answer = await heard(ann)
    assert "draft/chathistory-targets" in answer
    assert not re.search(r"TARGETS (?i:nickserv)", answer)
    assert "s3same" not in answer
    assert "s3same" not in await heard(bob)


async def test_an_operator_registers_an_account_for_somebody(connect: Connect) -> None:
    """SAREGISTER <account> <password>, as Ergo's NickServ has it."""
    root = await enter(connect, "boss")
    root.send("OPER root secret")
    await root.until(r"^:\S+ 381 boss :.*\r\n")
    assert notices(answer := await asked(root, "SAREGISTER saregister_test saregistertestpassphrase"), "boss")
    assert " 900 " not in answer
    assert await account_of(root, "boss") is None
    assert await may_log_in(connect, "saregister_test", "saregistertestpassphrase")
    assert notices(await asked(root, "SAREGISTER saregister_test another"), "boss")
    assert not await may_log_in(connect, "saregister_test", "another")


async def test_nobody_else_does(connect: Connect) -> None:
    """Only operators."""
    ann = await enter(connect, "ann")
    assert notices(await asked(ann, "SAREGISTER victim sesame"))
    assert not await may_log_in(connect, "victim", "sesame")
