"""How others see who is logged in: extended-join, account-notify, account-tag, WHOX, WHOIS, and bans of accounts."""

import pytest

from tests.conftest import Connect
from tests.irc.login import account_of, authenticate, enter, has_account, heard
from tests.irc.peers import Line, ask, commands, isupport, only
from tests.peer import Peer


def parts(lines: list[Line], *wanted: str) -> list[list[str]]:
    """Whom each line is from, what it is, and its parameters, however they are written."""
    return [[line.source, line.command, *line.params] for line in (only(lines, *wanted) if wanted else lines)]


# extended-join


async def test_a_join_tells_the_account_and_the_name(connect: Connect) -> None:
    """«:nick!user@host JOIN #channelname accountname :Real Name»; «* … represents that the user has not logged in to
    an account prior to channel ingress» (IRCv3 extended-join)."""
    await has_account(connect, "jilles")
    foo = await enter(connect, "foo", caps="extended-join", room="#chan")
    bar = await enter(connect, "bar", account="jilles")
    eve = await connect()
    eve.send("NICK eve", "USER eve 0 * :Eve of Eden", "JOIN #chan")
    await eve.until(r"^:\S+ 366 ")
    bar.send("JOIN #chan")
    await bar.until(r"^:\S+ 366 ")
    assert parts(await ask(foo), "JOIN") == [
        ["eve!eve@localhost", "JOIN", "#chan", "*", "Eve of Eden"],
        ["bar!bar@localhost", "JOIN", "#chan", "jilles", "bar"],
    ]


async def test_one_sees_ones_own_join_so_too(connect: Connect) -> None:
    """«When enabled, the JOIN message will designate the account name of the user when they join a channel.» (IRCv3
    extended-join)"""
    await has_account(connect, "jilles")
    foo = await enter(connect, "foo", caps="extended-join")
    bar = await enter(connect, "bar", caps="extended-join", account="jilles")
    assert parts(await ask(foo, "JOIN #chan"), "JOIN") == [["foo!foo@localhost", "JOIN", "#chan", "*", "foo"]]
    assert parts(await ask(bar, "JOIN #chan"), "JOIN") == [["bar!bar@localhost", "JOIN", "#chan", "jilles", "bar"]]


async def test_without_the_capability_a_join_is_as_ever(connect: Connect) -> None:
    """Only «When enabled» (IRCv3 extended-join)."""
    await has_account(connect, "jilles")
    old = await enter(connect, "old", room="#chan")
    bar = await enter(connect, "bar", account="jilles", caps="extended-join")
    await ask(bar, "JOIN #chan")
    assert parts(await ask(old), "JOIN") == [["bar!bar@localhost", "JOIN", "#chan"]]


# account-notify


async def test_those_who_share_a_room_are_told_of_a_login_once(connect: Connect) -> None:
    """«When enabled, clients will get the ACCOUNT message to designate the account name changes for clients on common
    channels with them, including themselves.» «:nick!user@host ACCOUNT accountname» (IRCv3 account-notify)"""
    await has_account(connect, "jilles", "other")
    near = await enter(connect, "near", caps="account-notify", room="#tea,#milk")
    old = await enter(connect, "old", room="#tea")
    far = await enter(connect, "far", caps="account-notify", room="#elsewhere")
    ann = await enter(connect, "ann", caps="account-notify", room="#tea,#milk")
    await ask(ann)
    for peer in (near, old, far):
        await ask(peer)
    await authenticate(ann, "jilles")
    await authenticate(ann, "other")
    await ask(ann)
    changes = [["ann!ann@localhost", "ACCOUNT", "jilles"], ["ann!ann@localhost", "ACCOUNT", "other"]]
    assert parts(await ask(near)) == changes
    own = [Line(line) for line in ann.seen.decode().split("\r\n") if " ACCOUNT " in line]
    assert parts(own) == changes
    assert await ask(old) == []
    assert await ask(far) == []


@pytest.mark.parametrize(
    "way", ["REGISTER new * sesame", "PRIVMSG NickServ :REGISTER sesame", "NS IDENTIFY jilles sesame"]
)
async def test_others_are_told_however_one_logs_in(connect: Connect, way: str) -> None:
    """«This message represents that the user identified by nick!user@host has logged into a new account.» (IRCv3
    account-notify)"""
    await has_account(connect, "jilles")
    near = await enter(connect, "near", caps="account-notify", room="#tea")
    ann = await enter(connect, "ann", caps="draft/account-registration", room="#tea")
    await ask(near)
    ann.send(way)
    answer = await heard(ann)
    account = await account_of(ann, "ann")
    assert account, answer
    assert parts(await ask(near)) == [["ann!ann@localhost", "ACCOUNT", account]]
    assert " ACCOUNT " not in answer, "ann does not have the capability"


async def test_logging_in_again_or_failing_to_is_no_change(connect: Connect) -> None:
    """ACCOUNT is for «account name changes» (IRCv3 account-notify)."""
    await has_account(connect, "jilles")
    near = await enter(connect, "near", caps="account-notify", room="#tea")
    ann = await enter(connect, "ann", account="jilles", room="#tea")
    await ask(near)
    await authenticate(ann, "JILLES")
    ann.send("NS IDENTIFY other wrong", "AUTHENTICATE PLAIN", "AUTHENTICATE !!!")
    await ann.until(r"^:\S+ 904 ann :.*\r\n")
    assert await ask(near) == []


# account-tag


async def test_an_account_is_a_tag_on_everything_that_somebody_does(connect: Connect) -> None:
    """«The tag MUST be named account, and contain the sender's current services username.» «The tag MUST be added by
    the ircd to all commands sent by a user (e.g. PRIVMSG, MODE, NOTICE, and all others).» (IRCv3 account-tag)"""
    await has_account(connect, "jilles")
    foo = await enter(connect, "foo", caps="account-tag away-notify", room="#other")
    bar = await enter(connect, "bar", account="jilles", room="#tea")
    await ask(bar, "INVITE foo #tea", "PRIVMSG foo :hi", "NOTICE foo :psst")
    came = await ask(foo)
    assert parts(came) == [
        ["bar!bar@localhost", "INVITE", "foo", "#tea"],
        ["bar!bar@localhost", "PRIVMSG", "foo", "hi"],
        ["bar!bar@localhost", "NOTICE", "foo", "psst"],
    ]
    assert [line.tags for line in came] == [{"account": "jilles"}] * 3
    await ask(foo, "JOIN #tea")
    await ask(bar, "PRIVMSG #tea :all", "TOPIC #tea :of tea", "MODE #tea +v foo", "AWAY :eating", "AWAY")
    await ask(bar, "JOIN #other", "NICK baz")
    await ask(bar, "PART #other", "KICK #tea foo :bye", "JOIN #other")
    await leave(bar)
    came = [Line(line) for line in await ask(foo) if line.startswith((":bar!", ":baz!", "@"))]
    assert " ".join(commands(came)) == "PRIVMSG TOPIC MODE AWAY AWAY JOIN NICK PART KICK JOIN QUIT"
    assert [line.tags for line in came] == [{"account": "jilles"}] * len(came)


async def test_an_invitation_comes_as_one(connect: Connect) -> None:
    """«added by the ircd to all commands sent by a user» (IRCv3 account-tag)"""
    await has_account(connect, "jilles")
    foo = await enter(connect, "foo", caps="account-tag")
    bar = await enter(connect, "bar", account="jilles", room="#chan")
    bar.send("INVITE foo #chan")
    await foo.until(r"^@account=jilles :bar!bar@localhost INVITE foo :?#chan\r\n")


async def test_those_who_are_logged_out_have_no_such_tag(connect: Connect) -> None:
    """«If the user is not identified to any services account, the tag MUST NOT be sent.» (IRCv3 account-tag) Nor does
    the server have an account."""
    foo = await enter(connect, "foo", caps="account-tag", room="#tea")
    bar = await enter(connect, "bar", room="#tea")
    await ask(bar, "PRIVMSG #tea :hi", "PRIVMSG foo :hi")
    await ask(foo, "WHOIS bar", "NAMES #tea", "PRIVMSG NickServ :HELP")
    assert "@account" not in foo.seen.decode()
    assert foo.seen.count(b" PRIVMSG ") == 2


async def test_the_tag_is_only_for_those_who_want_it(connect: Connect) -> None:
    """«The account-tag capability causes the server to add a message tag» (IRCv3 account-tag)."""
    await has_account(connect, "jilles")
    old = await enter(connect, "old", caps="message-tags", room="#tea")
    bar = await enter(connect, "bar", account="jilles", room="#tea")
    await ask(bar, "PRIVMSG #tea :hi", "NICK baz", "PART #tea")
    lines = await ask(old)
    assert commands(lines) == ["JOIN", "PRIVMSG", "NICK", "PART"]
    assert not [line for line in lines if "account" in line.tags]


async def test_the_tag_follows_the_account(connect: Connect) -> None:
    """«<-- :user PRIVMSG #atheme :Hello everyone. <-- :user ACCOUNT hax0r <-- @account=hax0r :user PRIVMSG #atheme
    :Now I'm logged in. <-- @account=hax0r :user ACCOUNT bob <-- @account=bob :user PRIVMSG #atheme :I switched
    accounts.» (IRCv3 account-tag, where the tag of ACCOUNT itself is the account before)"""
    await has_account(connect, "hax0r", "bob")
    foo = await enter(connect, "foo", caps="account-tag account-notify", room="#atheme")
    user = await enter(connect, "user", room="#atheme")
    await ask(foo)
    await ask(user, "PRIVMSG #atheme :Hello everyone.")
    await authenticate(user, "hax0r")
    await ask(user, "PRIVMSG #atheme :Now I'm logged in.")
    await authenticate(user, "bob")
    await ask(user, "PRIVMSG #atheme :I switched accounts.")
    came = await ask(foo)
    assert parts(came) == [
        ["user!user@localhost", "PRIVMSG", "#atheme", "Hello everyone."],
        ["user!user@localhost", "ACCOUNT", "hax0r"],
        ["user!user@localhost", "PRIVMSG", "#atheme", "Now I'm logged in."],
        ["user!user@localhost", "ACCOUNT", "bob"],
        ["user!user@localhost", "PRIVMSG", "#atheme", "I switched accounts."],
    ]
    assert [line.tags.get("account") for line in only(came, "PRIVMSG")] == [None, "hax0r", "bob"]


async def test_the_echo_has_the_tag_too(connect: Connect) -> None:
    """«to all commands sent by a user» (IRCv3 account-tag), to oneself as well."""
    await has_account(connect, "jilles")
    ann = await enter(connect, "ann", account="jilles", caps="account-tag echo-message", room="#tea")
    (echo,) = await ask(ann, "PRIVMSG #tea :hi")
    assert parts([echo]) == [["ann!ann@localhost", "PRIVMSG", "#tea", "hi"]]
    assert echo.tags == {"account": "jilles"}


# WHO and WHOIS


@pytest.mark.parametrize(("account", "shown"), [("coolAcct", "coolAcct"), ("", "0")])
async def test_whox_shows_the_account(connect: Connect, account: str, shown: str) -> None:
    """«'a': return the account name»; «0 is used for [account] when the user is logged out»; «Servers MUST send the
    fields in the order specified above.» (IRCv3 whox)"""
    if account:
        await has_account(connect, account)
    await enter(connect, "coolNick", account=account, room="#chan")
    other = await enter(connect, "other", room="#chan")
    assert "WHOX" in isupport(other)
    for fields, reply in {
        "%na": ["coolNick", shown],
        "%an": ["coolNick", shown],
        "%a": [shown],
        "%tna,321": ["321", "coolNick", shown],
        "%rau": ["coolNick", shown, "coolNick"],
    }.items():
        *found, end = await ask(other, f"WHO coolNick {fields}")
        assert parts(found) == [["tcpchat.local", "354", "other", *reply]]
        assert parts([end])[0][:4] == ["tcpchat.local", "315", "other", "coolNick"]
    answer = await ask(other, "WHO #chan %na")
    assert sorted(line.params[1:] for line in only(answer, "354")) == [["coolNick", shown], ["other", "0"]]


async def test_whois_shows_the_account(connect: Connect) -> None:
    """330: «"<client> <nick> <account> :is logged in as"» (modern.ircdocs.horse, "RPL_WHOISACCOUNT (330)")"""
    await has_account(connect, "shivaram")
    netcat = await enter(connect, "netcat", account="shivaram")
    curious = await enter(connect, "curious")
    for peer, asking in ((curious, "curious"), (netcat, "netcat")):
        answer = await ask(peer, "WHOIS netcat")
        assert only(answer, "330") == [f":tcpchat.local 330 {asking} netcat shivaram :is logged in as"]
        assert only(await ask(peer, "WHOIS curious"), "330") == []


async def test_a_new_nick_keeps_the_account(connect: Connect) -> None:
    """«This does not necessarily mean the user owns their current nickname» (modern.ircdocs.horse, "RPL_WHOISACCOUNT
    (330)")."""
    await has_account(connect, "jilles")
    ann = await enter(connect, "ann", account="jilles")
    await ask(ann, "NICK anna")
    assert await account_of(ann, "anna") == "jilles"
    eve = await enter(connect, "ann")
    assert await account_of(eve, "ann") is None


# bans of accounts


async def bob(connect: Connect, account: str = "bob") -> Peer:
    return await enter(connect, "bob", account=account)


async def leave(peer: Peer) -> None:
    peer.send("QUIT")
    await peer.end()


async def test_bans_of_accounts_are_announced(connect: Connect) -> None:
    """«Servers publishing the ACCOUNTEXTBAN token MUST also publish the EXTBAN token. The value of the ACCOUNTEXTBAN
    token is a comma-separated list of names for the extended ban type which matches account names.» (IRCv3
    account-extban)"""
    tokens = isupport(await enter(connect, "check"))
    assert tokens["EXTBAN"] == "~,am"
    assert tokens["ACCOUNTEXTBAN"] == "a"


async def test_an_account_may_be_banned(connect: Connect) -> None:
    """«Servers MUST support matching exact account names.» (IRCv3 account-extban)"""
    await has_account(connect, "bob", "bobby")
    chanop = await enter(connect, "chanop", room="#chan")
    banned = await ask(chanop, "MODE #chan +b ~a:bob")
    assert parts(banned) == [["chanop!chanop@localhost", "MODE", "#chan", "+b", "~a:bob"]]
    listed = only(await ask(chanop, "MODE #chan b"), "367")
    assert [line.params[1:3] for line in listed] == [["#chan", "~a:bob"]]
    peer = await enter(connect, "otherwise", account="bob")
    assert [line.params[:2] for line in only(await ask(peer, "JOIN #chan"), "474")] == [["otherwise", "#chan"]]
    another = await enter(connect, "bobby", account="bobby")
    assert parts(await ask(another, "JOIN #chan"), "JOIN") == [["bobby!bobby@localhost", "JOIN", "#chan"]]
    await ask(chanop, "MODE #chan -b ~a:bob")
    assert parts(await ask(peer, "JOIN #chan"), "JOIN") == [["otherwise!otherwise@localhost", "JOIN", "#chan"]]


@pytest.mark.threat(37)
async def test_a_banned_account_is_banned_in_every_spelling(connect: Connect) -> None:
    """Account names are compared as they are everywhere (IRCv3 account-extban: «matching exact account names»)."""
    await has_account(connect, "bob")
    await ask(await enter(connect, "chanop", room="#chan"), "MODE #chan +b ~a:BOB")
    peer = await bob(connect)
    peer.send("JOIN #chan")
    await peer.until(r"^:tcpchat\.local 474 bob #chan :")


async def test_a_ban_of_an_account_is_none_of_a_nick(connect: Connect) -> None:
    """It «matches account names» (IRCv3 account-extban): who is only called so may join."""
    await has_account(connect, "bobby")
    await ask(await enter(connect, "chanop", room="#chan"), "MODE #chan +b ~a:bobby")
    peer = await bob(connect, account="")
    assert parts(await ask(peer, "JOIN #chan"), "JOIN") == [["bob!bob@localhost", "JOIN", "#chan"]]


async def test_an_account_may_be_excepted_from_a_ban(connect: Connect) -> None:
    """«allow clients to construct ban masks matching account names» (IRCv3 account-extban), in exceptions (+e) as in
    bans."""
    await has_account(connect, "bobby")
    await ask(await enter(connect, "chanop", room="#chan"), "MODE #chan +b *!*@*", "MODE #chan +e ~a:bobby")
    peer = await bob(connect, account="bobby")
    assert parts(await ask(peer, "JOIN #chan"), "JOIN") == [["bob!bob@localhost", "JOIN", "#chan"]]
    await leave(peer)
    peer = await bob(connect, account="")
    peer.send("JOIN #chan")
    await peer.until(r"^:tcpchat\.local 474 bob #chan :")


async def test_an_account_may_be_excepted_from_invitations(connect: Connect) -> None:
    """«allow clients to construct ban masks matching account names» (IRCv3 account-extban), in +I as in bans."""
    await has_account(connect, "bobby")
    await ask(await enter(connect, "chanop", room="#chan"), "MODE #chan +i", "MODE #chan +I ~a:bobby")
    peer = await bob(connect, account="bobby")
    assert parts(await ask(peer, "JOIN #chan"), "JOIN") == [["bob!bob@localhost", "JOIN", "#chan"]]
    await leave(peer)
    peer = await bob(connect, account="")
    peer.send("JOIN #chan")
    await peer.until(r"^:tcpchat\.local 473 bob #chan :")


async def test_everybody_who_is_logged_in_may_be_meant(connect: Connect) -> None:
    """«Servers MAY support matching account masks and other server-specific extensions.» (IRCv3 account-extban) Here
    `~a` alone is anybody with an account."""
    await has_account(connect, "bob")
    await ask(await enter(connect, "chanop", room="#chan"), "MODE #chan +b *!*@*", "MODE #chan +e ~a")
    stranger = await enter(connect, "stranger")
    stranger.send("JOIN #chan")
    await stranger.until(r"^:tcpchat\.local 474 stranger #chan :")
    peer = await bob(connect)
    assert parts(await ask(peer, "JOIN #chan"), "JOIN") == [["bob!bob@localhost", "JOIN", "#chan"]]
    await authenticate(stranger, "bob")
    assert parts(await ask(stranger, "JOIN #chan"), "JOIN") == [["stranger!stranger@localhost", "JOIN", "#chan"]]
