"""Logging in: IRCv3 sasl-3.1 and sasl-3.2, with the mechanisms PLAIN (RFC 4616) and SCRAM-SHA-256 (RFC 5802 and
7677)."""

import re
from base64 import b64decode

import pytest

from tests.conftest import Connect
from tests.irc.login import (
    CHALLENGE,
    Scram,
    account_of,
    authenticate,
    encoded,
    enter,
    has_account,
    heard,
    plain,
    ready_for_sasl,
)


async def test_the_mechanisms_are_the_value_of_the_capability(connect: Connect) -> None:
    """«Servers SHOULD advertise the available SASL authentication mechanisms in the value of the sasl client
    capability in CAP LS. The value, if present, MUST be a comma (,) separated list» (sasl-3.2). EXTERNAL needs a
    certificate: never without TLS."""
    new, old = await connect(), await connect()
    new.send("CAP LS 302")
    found = await new.until(r"^:\S+ CAP \* LS (?:\* )?:(?:.* )?sasl=(\S+)")
    assert sorted(found[1].split(",")) == ["PLAIN", "SCRAM-SHA-256"]
    old.send("CAP LS")
    await old.until(r"^:\S+ CAP \* LS :(.* )?sasl( .*)?\r\n")
    assert "sasl=" not in old.seen.decode(), "values are for those who know version 302"


async def test_plain_is_answered_by_900_and_903(connect: Connect) -> None:
    """«If authentication is successful, a 900 and 903 numeric will be sent.» (sasl-3.1) 900 is «<nick>
    <nick>!<ident>@<host> <account> :You are now logged in as <user>», with the account among several."""
    await has_account(connect, "foo", "jilles", "bar")
    peer = await ready_for_sasl(connect)
    peer.send("NICK jim", "USER jim 0 * :Jim", "AUTHENTICATE PLAIN")
    await peer.until(CHALLENGE)
    peer.send("AUTHENTICATE amlsbGVzAGppbGxlcwBzZXNhbWU=")
    await peer.until(r"^:\S+ 900 (?:jim|\*) \S+ jilles :.*\r\n:\S+ 903 (?:jim|\*) :.*\r\n")
    peer.send("CAP END")
    await peer.until(r"^:\S+ 001 jim ")
    assert await account_of(peer, "jim") == "jilles"


async def test_one_may_log_in_before_having_a_nick(connect: Connect) -> None:
    """Numerics name a client without a nick `*` (modern.ircdocs.horse, "Numeric Replies"); those of sasl-3.1 are
    otherwise as ever."""
    await has_account(connect, "jilles")
    peer = await ready_for_sasl(connect)
    peer.send("AUTHENTICATE PLAIN")
    await peer.until(CHALLENGE)
    peer.send(f"AUTHENTICATE {plain('jilles', 'sesame', acts_as='jilles')}")
    await peer.until(r"^:\S+ 900 \* \S+ jilles :.+\r\n:\S+ 903 \* :.+\r\n")
    peer.send("NICK jim", "USER jim 0 * :Jim", "CAP END")
    await peer.until(r"^:\S+ 376 ")
    assert await account_of(peer, "jim") == "jilles"


async def test_the_authorization_identity_may_be_left_out(connect: Connect) -> None:
    """«When no authorization identity is provided, the server derives an authorization identity from the prepared
    representation of the provided authentication identity string.» (RFC 4616, 2)"""
    await has_account(connect, "jilles")
    peer = await ready_for_sasl(connect)
    peer.send("AUTHENTICATE PLAIN")
    await peer.until(CHALLENGE)
    peer.send("AUTHENTICATE AGppbGxlcwBzZXNhbWU=")
    await peer.until(r"^:\S+ 900 \* \S+ jilles :.*\r\n:\S+ 903 ")


@pytest.mark.threat(32)
async def test_nobody_acts_as_somebody_else(connect: Connect) -> None:
    """«it will verify that the authentication credentials permit the client to act as the (presented or derived)
    authorization identity (authzid)» (RFC 4616, 2). Here everybody is only oneself."""
    await has_account(connect, "jilles", "other")
    for acts_as in ("other", "nobody"):
        peer = await ready_for_sasl(connect)
        peer.send("AUTHENTICATE PLAIN")
        await peer.until(CHALLENGE)
        peer.send(f"AUTHENTICATE {plain('jilles', 'sesame', acts_as=acts_as)}")
        await peer.until(r"^:\S+ 904 \* :.*\r\n")
        assert "900" not in await heard(peer)


async def test_an_account_is_the_same_in_every_spelling(connect: Connect) -> None:
    """«This ensures that the derivation of different representations of the authentication identity produces the same
    authorization identity.» (RFC 4616, 2)"""
    await has_account(connect, "Jilles")
    peer = await ready_for_sasl(connect)
    peer.send("AUTHENTICATE PLAIN")
    await peer.until(CHALLENGE)
    peer.send(f"AUTHENTICATE {plain('jILLES', 'sesame')}")
    await peer.until(r"^:\S+ 900 \* \S+ Jilles :.*\r\n:\S+ 903 ")


async def test_a_password_may_be_long_and_in_any_script(connect: Connect) -> None:
    """«message = [authzid] UTF8NUL authcid UTF8NUL passwd» (RFC 4616, 2), of which passwd is UTF-8."""
    password = "é" * 100
    await has_account(connect, "foo", password=password)
    peer = await ready_for_sasl(connect)
    await authenticate(peer, "foo", password)


@pytest.mark.threat(32)
@pytest.mark.parametrize(
    "message",
    [
        plain("jilles", "millet"),
        plain("jilles", ""),
        plain("", "sesame"),
        plain("", "", acts_as="jilles"),
        plain("jilles", "sesame\0extra"),
        plain("jilles", "Sesame"),
        encoded("jilles"),
        encoded("jilles\0sesame"),
        encoded(b"\0jilles\0\xff\xfe"),
        encoded(b"\0\xff\0sesame"),
        encoded(b"\0j\xc3\0sesame"),
        "+",
        "!!!",
        "AGppbGxlcwBzZXNhbWU",
        "AGppbGxlcwBzZXNhbW!U=",
        "=",
        "é",
    ],
)
async def test_whatever_is_wrong_with_the_message_is_904_and_one_may_try_again(connect: Connect, message: str) -> None:
    """«If authentication fails, a 904 or 905 numeric will be sent and the client MAY retry from the AUTHENTICATE
    <mechanism> command.» (sasl-3.1) «If preparation fails or results in an empty string, verification SHALL fail.»
    (RFC 4616, 2)"""
    await has_account(connect, "jilles")
    peer = await ready_for_sasl(connect)
    peer.send("AUTHENTICATE PLAIN")
    await peer.until(CHALLENGE)
    peer.send(f"AUTHENTICATE {message}")
    await peer.until(r"^:\S+ 904 \* :.*\r\n")
    assert await heard(peer) == "", "one failure is one line"
    await authenticate(peer, "jilles")


@pytest.mark.threat(30)
async def test_an_unknown_account_looks_like_a_wrong_password(connect: Connect) -> None:
    """904 is sent «because of invalid credentials or other errors not explicitly mentioned by other numerics»
    (sasl-3.1): who guesses passwords does not learn which accounts there are."""
    await has_account(connect, "jilles")
    answers = []
    for account in ("jilles", "nobody"):
        peer = await ready_for_sasl(connect)
        peer.send("AUTHENTICATE PLAIN")
        await peer.until(CHALLENGE)
        peer.send(f"AUTHENTICATE {plain(account, 'millet')}")
        answers.append((await peer.until(r"^:\S+ 904 \* :.*\r\n"))[0] + await heard(peer))
    assert answers[0] == answers[1]


@pytest.mark.parametrize("mechanism", ["FOO", "UNSUPPORTED_MECH", "EXTERNAL", "SCRAM-SHA-256-PLUS"])
async def test_an_unknown_mechanism_is_908_and_904(connect: Connect, mechanism: str) -> None:
    """«908 aka RPL_SASLMECHS MAY be sent in reply to an AUTHENTICATE command which requests an unsupported mechanism.
    The numeric contains a comma-separated list of mechanisms» and «If this fails, a 904 numeric will be sent and the
    session state remains unchanged; the client MAY try another mechanism.» (sasl-3.1)"""
    await has_account(connect, "jilles")
    peer = await ready_for_sasl(connect)
    peer.send(f"AUTHENTICATE {mechanism}")
    found = await peer.until(r"^:\S+ 908 \* ([A-Z0-9_-]{1,20}(?:,[A-Z0-9_-]{1,20})*) :.+\r\n:\S+ 904 \* :")
    assert sorted(found[1].split(",")) == ["PLAIN", "SCRAM-SHA-256"]
    await authenticate(peer, "jilles")


async def test_a_long_message_comes_in_pieces_of_400(connect: Connect) -> None:
    """«The response is encoded in Base64, then split to 400-byte chunks, and each chunk is sent as a separate
    AUTHENTICATE command.» (sasl-3.1)"""
    password = "bar" * 100
    await has_account(connect, "foo", password=password)
    message = plain("foo", password, acts_as="foo")
    assert 400 < len(message) < 800
    peer = await ready_for_sasl(connect)
    peer.send("AUTHENTICATE PLAIN")
    await peer.until(CHALLENGE)
    peer.send(f"AUTHENTICATE {message[:400]}")
    assert await heard(peer) == "", "more is to come"
    peer.send(f"AUTHENTICATE {message[400:]}")
    await peer.until(r"^:\S+ 900 \* \S+ foo :.*\r\n:\S+ 903 ")


async def test_a_last_piece_of_exactly_400_is_followed_by_a_plus(connect: Connect) -> None:
    """«If the last chunk was exactly 400 bytes long, it must also be followed by AUTHENTICATE + to signal end of
    response.» (sasl-3.1)"""
    password = "bar" * 97
    await has_account(connect, "foo", password=password)
    message = plain("foo", password, acts_as="foo")
    assert len(message) == 400
    peer = await ready_for_sasl(connect)
    peer.send("AUTHENTICATE PLAIN")
    await peer.until(CHALLENGE)
    peer.send(f"AUTHENTICATE {message}")
    assert await heard(peer) == "", "the end is missing"
    peer.send("AUTHENTICATE +")
    await peer.until(r"^:\S+ 900 \* \S+ foo :.*\r\n:\S+ 903 ")


async def test_two_pieces_of_exactly_400_are_followed_by_a_plus(connect: Connect) -> None:
    """regular-authenticate-set is «*("AUTHENTICATE" SP 400BASE64 CRLF) "AUTHENTICATE" SP (1*399BASE64 / "+") CRLF»
    (sasl-3.1)"""
    await has_account(connect, "foo")
    message = plain("foo", "x" * 592, acts_as="foo")
    assert len(message) == 800
    peer = await ready_for_sasl(connect)
    peer.send("AUTHENTICATE PLAIN")
    await peer.until(CHALLENGE)
    peer.send(f"AUTHENTICATE {message[:400]}", f"AUTHENTICATE {message[400:]}")
    assert await heard(peer) == "", "the end is missing"
    peer.send("AUTHENTICATE +")
    await peer.until(r"^:\S+ 904 \* :")
    await authenticate(peer, "foo")


@pytest.mark.threat(32)
async def test_a_piece_longer_than_400_is_905(connect: Connect) -> None:
    """905 is sent when «the client-sent AUTHENTICATE command was too long (i.e. the parameter longer than 400 bytes)»
    (sasl-3.1). A line beyond 512 bytes may be refused as such."""
    await has_account(connect, "jilles")
    peer = await ready_for_sasl(connect)
    for length, answer in ((401, "905"), (496, "905"), (500, "(?:905|417)")):
        peer.send("AUTHENTICATE PLAIN")
        await peer.until(CHALLENGE)
        peer.send("AUTHENTICATE " + "A" * length)
        await peer.until(rf"^:\S+ {answer} \* :")
        peer.send("AUTHENTICATE *")
        await heard(peer)
    await authenticate(peer, "jilles")


async def test_a_message_without_end_is_905(connect: Connect) -> None:
    """«The server MAY place a limit on the total length of a response.» (sasl-3.1)"""
    await has_account(connect, "jilles")
    peer = await ready_for_sasl(connect)
    peer.send("AUTHENTICATE PLAIN")
    await peer.until(CHALLENGE)
    for _ in range(200):
        peer.send("AUTHENTICATE " + "A" * 400)
        if answer := await heard(peer):
            break
    else:
        pytest.fail("80,000 bytes were kept")
    assert re.fullmatch(r":\S+ 905 \* :.*\r\n", answer)
    await authenticate(peer, "jilles")


@pytest.mark.threat(32)
async def test_an_asterisk_aborts(connect: Connect) -> None:
    """«The client can abort an authentication by sending an asterisk as the data. The server will send a 906
    numeric.» (sasl-3.1)"""
    await has_account(connect, "jilles")
    for mechanism in ("PLAIN", "SCRAM-SHA-256"):
        peer = await ready_for_sasl(connect)
        peer.send(f"AUTHENTICATE {mechanism}")
        await peer.until(CHALLENGE)
        peer.send("AUTHENTICATE *")
        await peer.until(r"^:\S+ 906 \* :.*\r\n")
        assert await heard(peer) == "", "906 alone: clients abort again when they see 904"
        await authenticate(peer, "jilles")


@pytest.mark.threat(32)
async def test_aborting_forgets_the_pieces_that_came(connect: Connect) -> None:
    """«the session state remains unchanged» (sasl-3.1): the next exchange begins with nothing."""
    await has_account(connect, "jilles")
    peer = await ready_for_sasl(connect)
    peer.send("AUTHENTICATE PLAIN")
    await peer.until(CHALLENGE)
    peer.send("AUTHENTICATE " + "A" * 400, "AUTHENTICATE *")
    await peer.until(r"^:\S+ 906 \* :")
    await authenticate(peer, "jilles")


async def test_completing_the_registration_aborts(connect: Connect) -> None:
    """«If the client completes registration (with CAP END, NICK, USER and any other necessary messages) while the
    SASL authentication is still in progress, the server SHOULD abort it and send a 906 numeric, then register the
    client without authentication.» (sasl-3.1)"""
    await has_account(connect, "jilles")
    peer = await ready_for_sasl(connect)
    peer.send("AUTHENTICATE PLAIN")
    await peer.until(CHALLENGE)
    peer.send("NICK jim", "USER jim 0 * :Jim", "CAP END")
    await peer.until(r"^:\S+ 906 (?:jim|\*) :.*\r\n(?:.*\r\n)*?:\S+ 001 jim ")
    await peer.until(r"^:\S+ 376 jim ")
    assert await account_of(peer, "jim") is None


async def test_a_nick_and_a_name_do_not_abort(connect: Connect) -> None:
    """An exchange is aborted «If the client completes registration» (sasl-3.1), and NICK and USER alone do not
    complete it."""
    await has_account(connect, "jilles")
    peer = await ready_for_sasl(connect)
    peer.send("AUTHENTICATE PLAIN")
    await peer.until(CHALLENGE)
    peer.send("NICK jim", "USER jim 0 * :Jim")
    assert "906" not in await heard(peer)
    peer.send("AUTHENTICATE amlsbGVzAGppbGxlcwBzZXNhbWU=")
    await peer.until(r"^:\S+ 900 \S+ \S+ jilles :.*\r\n:\S+ 903 ")


async def test_everything_may_come_in_one_packet(connect: Connect) -> None:
    """Commands of one client take effect in their order; while a password is checked, CAP END has not been said yet
    (sasl-3.1: «it is RECOMMENDED to only send CAP END when the SASL exchange is completed»)."""
    await has_account(connect, "jilles")
    peer = await connect()
    peer.send(
        "CAP REQ :sasl\r\nNICK jim\r\nUSER jim 0 * :Jim\r\nAUTHENTICATE PLAIN\r\n"
        f"AUTHENTICATE {plain('jilles', 'sesame')}\r\nCAP END\r\nJOIN #tea\r"
    )
    await peer.until(r"^:\S+ 900 \S+ \S+ jilles :.*\r\n:\S+ 903 ")
    await peer.until(r"^:\S+ 001 jim ")
    await peer.until(r"^:\S+ 366 jim #tea ")
    assert " 906 " not in peer.seen.decode()
    assert await account_of(peer, "jim") == "jilles"


@pytest.mark.threat(32)
@pytest.mark.parametrize("out_of_place", ["+", "*", plain("jilles", "sesame"), "A" * 400])
async def test_what_is_said_out_of_place_changes_nothing(connect: Connect, out_of_place: str) -> None:
    """«There are two forms of the AUTHENTICATE command: initial client message and later messages. The initial client
    message specifies the SASL mechanism to be used.» (sasl-3.1)"""
    await has_account(connect, "jilles")
    peer = await ready_for_sasl(connect)
    peer.send(f"AUTHENTICATE {out_of_place}")
    answer = await heard(peer)
    assert "900" not in answer
    assert "AUTHENTICATE +" not in answer
    await authenticate(peer, "jilles")
    peer.send("NICK jim", "USER jim 0 * :Jim", "CAP END")
    await peer.until(r"^:\S+ 376 jim ")
    assert await account_of(peer, "jim") == "jilles"


async def test_naming_a_mechanism_twice_logs_nobody_in(connect: Connect) -> None:
    """The second one is no valid message, or begins anew (sasl-3.1 leaves it open)."""
    await has_account(connect, "jilles")
    peer = await ready_for_sasl(connect)
    peer.send("AUTHENTICATE PLAIN", "AUTHENTICATE SCRAM-SHA-256", "AUTHENTICATE *")
    await peer.until(CHALLENGE)
    assert "900" not in await heard(peer)
    await authenticate(peer, "jilles")


async def test_authenticating_needs_a_parameter(connect: Connect) -> None:
    """461 is «Returned when a client command cannot be parsed because not enough parameters were supplied.»
    (modern.ircdocs.horse)"""
    peer = await ready_for_sasl(connect)
    peer.send("AUTHENTICATE")
    await peer.until(r"^:\S+ 461 \* AUTHENTICATE :")


async def test_without_the_capability_nothing_breaks(connect: Connect) -> None:
    """«The client MUST enable the sasl capability before using the AUTHENTICATE command defined by this
    specification.» (sasl-3.1) Who does not is at least let in."""
    peer = await connect()
    peer.send("CAP LS 302", "AUTHENTICATE PLAIN", "NICK jim", "USER jim 0 * :Jim", "CAP END")
    await peer.until(r"^:\S+ 001 jim ")
    assert await account_of(peer, "jim") is None


# logging in later


async def test_one_may_log_in_after_coming_in(connect: Connect) -> None:
    """«Servers SHOULD allow a client, authenticated or otherwise, to reauthenticate by sending a new AUTHENTICATE
    message at any time.» (sasl-3.2)"""
    await has_account(connect, "jilles")
    jim = await enter(connect, "jim")
    assert await account_of(jim, "jim") is None
    jim.send("AUTHENTICATE PLAIN")
    await jim.until(CHALLENGE)
    jim.send("AUTHENTICATE amlsbGVzAGppbGxlcwBzZXNhbWU=")
    await jim.until(r"^:\S+ 900 jim jim!jim@localhost jilles :.*\r\n:\S+ 903 jim :.*\r\n")
    assert await account_of(jim, "jim") == "jilles"


@pytest.mark.parametrize("before", [True, False])
async def test_one_may_change_accounts(connect: Connect, before: bool) -> None:
    """«Servers SHOULD allow a client, authenticated or otherwise, to reauthenticate» (sasl-3.2). 901 is for who is
    logged out."""
    await has_account(connect, "jilles", "foo")
    jim = await enter(connect, "jim", account="foo" if before else "")
    if not before:
        await authenticate(jim, "foo")
    await authenticate(jim, "jilles")
    assert await account_of(jim, "jim") == "jilles"
    assert " 901 " not in jim.seen.decode()


@pytest.mark.parametrize(
    "message", [plain("jilles", "millet"), plain("foo", "millet"), plain("nobody", "x"), "!!!", "*"]
)
async def test_failing_to_log_in_keeps_the_login_one_has(connect: Connect, message: str) -> None:
    """«the session state remains unchanged» (sasl-3.1)"""
    await has_account(connect, "jilles", "foo")
    jim = await enter(connect, "jim", account="foo")
    jim.send("AUTHENTICATE PLAIN")
    await jim.until(CHALLENGE)
    jim.send(f"AUTHENTICATE {message}")
    await jim.until(r"^:\S+ (904|906) jim :")
    assert await account_of(jim, "jim") == "foo"


async def test_changing_accounts_before_coming_in_keeps_the_last_one(connect: Connect) -> None:
    """«reauthenticate by sending a new AUTHENTICATE message at any time» (sasl-3.2)"""
    await has_account(connect, "jilles", "foo")
    peer = await ready_for_sasl(connect)
    await authenticate(peer, "foo")
    await authenticate(peer, "jilles")
    peer.send("NICK jim", "USER jim 0 * :Jim", "CAP END")
    await peer.until(r"^:\S+ 376 jim ")
    assert await account_of(peer, "jim") == "jilles"


# SCRAM-SHA-256


async def test_scram_proves_both_sides_to_each_other(connect: Connect) -> None:
    """«The server verifies the nonce and the proof, verifies that the authorization identity (if supplied by the
    client in the first message) is authorized to act as the authentication identity, and, finally, it responds with a
    "server-final-message"» (RFC 5802, 5)"""
    await has_account(connect, "Scramtest")
    peer = await ready_for_sasl(connect)
    assert await Scram(peer, "Scramtest").succeeds()
    assert await heard(peer) == ""
    peer.send("NICK jim", "USER jim 0 * :Jim", "CAP END")
    await peer.until(r"^:\S+ 376 jim ")
    assert await account_of(peer, "jim") == "Scramtest"


async def test_what_the_server_says_first_is_of_the_right_form(connect: Connect) -> None:
    """«server-first-message = [reserved-mext ","] nonce "," salt "," iteration-count ["," extensions]» (RFC 5802, 7);
    «the hash iteration-count announced by a server SHOULD be at least 4096» (RFC 7677, 4); the nonce begins with the
    client's and goes on."""
    await has_account(connect, "jilles")
    nonces = set()
    for _ in range(2):
        scram = Scram(await ready_for_sasl(connect), "jilles")
        assert re.match(r"r=[\x21-\x2b\x2d-\x7e]+,s=[A-Za-z0-9+/]+=*,i=[1-9]\d*", await scram.open())
        assert scram.combined.startswith(scram.nonce)
        assert len(scram.combined) >= len(scram.nonce) + 16
        assert scram.rounds >= 4096
        nonces.add(scram.combined)
    assert len(nonces) == 2, "each nonce is new"


async def test_accounts_with_the_same_password_have_other_salts(connect: Connect) -> None:
    """«This attribute specifies the base64-encoded salt used by the server for this user.» (RFC 5802, 5.1) One table
    must not serve for all accounts."""
    await has_account(connect, "jilles", "other")
    one, other = Scram(await ready_for_sasl(connect), "jilles"), Scram(await ready_for_sasl(connect), "other")
    await one.open()
    await other.open()
    assert one.salt != other.salt
    assert len(b64decode(one.salt)) >= 12


async def test_a_wrong_password_fails_with_scram_and_one_may_try_again(connect: Connect) -> None:
    """«If authentication fails, a 904 or 905 numeric will be sent and the client MAY retry» (sasl-3.1)"""
    await has_account(connect, "Scramtest")
    peer = await ready_for_sasl(connect)
    wrong = Scram(peer, "Scramtest", "millet")
    await wrong.open()
    peer.send(f"AUTHENTICATE {encoded(wrong.final())}")
    await peer.until(r"^:\S+ 904 \* :.*\r\n")
    assert await heard(peer) == ""
    assert await Scram(peer, "Scramtest").succeeds()


@pytest.mark.threat(30)
async def test_scram_tells_nobody_which_accounts_there_are(connect: Connect) -> None:
    """RFC 5802 has an error unknown-user, and does not ask for its use. An unknown account is given a salt too, the
    same whenever it is asked for, and fails where a wrong password fails."""
    await has_account(connect, "jilles")
    answers: list[str] = []
    salts: dict[str, set[str]] = {}
    rounds: set[int] = set()
    for account in ("jilles", "nobody", "jilles", "nobody", "NOBODY"):
        peer = await ready_for_sasl(connect)
        scram = Scram(peer, account, "millet")
        await scram.open()
        salts.setdefault(account.lower(), set()).add(scram.salt)
        rounds.add(scram.rounds)
        peer.send(f"AUTHENTICATE {encoded(scram.final())}")
        answers.append((await peer.until(r"^:\S+ 904 \* :.*\r\n"))[0] + await heard(peer))
    assert len(set(answers)) == len(rounds) == 1
    assert [len(each) for each in salts.values()] == [1, 1]
    assert len({len(salt) for each in salts.values() for salt in each}) == 1
    assert salts["jilles"] != salts["nobody"]


async def test_names_are_escaped_in_scram(connect: Connect) -> None:
    """«The characters ',' or '=' in usernames are sent as '=2C' and '=3D' respectively. If the server receives a
    username that contains '=' not followed by either '2C' or '3D', then the server MUST fail the authentication.»
    (RFC 5802, 5.1)"""
    await has_account(connect, "a=b")
    peer = await ready_for_sasl(connect)
    assert await Scram(peer, "a=b").succeeds()
    peer.send("AUTHENTICATE SCRAM-SHA-256")
    await peer.until(CHALLENGE)
    peer.send(f"AUTHENTICATE {encoded('n,,n=a=b,r=rOprNGfwEbeRWgbN')}")
    await peer.until(r"^:\S+ 904 ")


async def test_a_client_may_know_channel_binding_and_may_name_itself_twice(connect: Connect) -> None:
    """«"y": client does support channel binding but thinks the server does not», and a= is the authorization identity
    (RFC 5802, 7)."""
    await has_account(connect, "jilles")
    for gs2 in ("y,,", "n,a=jilles,"):
        assert await Scram(await ready_for_sasl(connect), "jilles", gs2=gs2).succeeds()


async def test_scram_knows_passwords_in_any_script(connect: Connect) -> None:
    """«SaltedPassword := Hi(Normalize(password), salt, i)» (RFC 5802, 3), over UTF-8."""
    await has_account(connect, "jilles", password="пароль с пробелами")
    assert await Scram(await ready_for_sasl(connect), "jilles", "пароль с пробелами").succeeds()


@pytest.mark.parametrize(
    "first",
    [
        "",
        "n",
        "n,,",
        "n,,n=jilles",
        "n,,r=rOprNGfwEbeRWgbN",
        "n,,r=rOprNGfwEbeRWgbN,n=jilles",
        "n,,n=jilles,r=",
        "n,,n=,r=rOprNGfwEbeRWgbN",
        "x,,n=jilles,r=rOprNGfwEbeRWgbN",
        "p=tls-unique,,n=jilles,r=rOprNGfwEbeRWgbN",
        "n,,m=must,n=jilles,r=rOprNGfwEbeRWgbN",
        b"n,,n=\xff,r=rOprNGfwEbeRWgbN",
    ],
)
async def test_a_wrong_first_message_fails(connect: Connect, first: bytes | str) -> None:
    """«gs2-cbind-flag = ("p=" cb-name) / "n" / "y"», where p needs a mechanism with -PLUS; «client-first-message-bare
    = [reserved-mext ","] username "," nonce ["," extensions]»; m= «MUST cause authentication failure when the
    attribute is parsed by the other end» (RFC 5802, 5.1 and 7)"""
    await has_account(connect, "jilles")
    peer = await ready_for_sasl(connect)
    peer.send("AUTHENTICATE SCRAM-SHA-256")
    await peer.until(CHALLENGE)
    peer.send(f"AUTHENTICATE {encoded(first) or '+'}")
    await peer.until(r"^:\S+ 904 \* :.*\r\n")
    assert await heard(peer) == ""
    assert await Scram(peer, "jilles").succeeds()


@pytest.mark.threat(32)
async def test_nobody_acts_as_somebody_else_with_scram(connect: Connect) -> None:
    """The server «verifies that the authorization identity (if supplied by the client in the first message) is
    authorized to act as the authentication identity» (RFC 5802, 5), at once or with the proof."""
    await has_account(connect, "jilles", "other")
    peer = await ready_for_sasl(connect)
    scram = Scram(peer, "jilles", gs2="n,a=other,")
    peer.send("AUTHENTICATE SCRAM-SHA-256")
    await peer.until(CHALLENGE)
    peer.send(f"AUTHENTICATE {encoded(scram.gs2 + scram.bare)}")
    answer = await heard(peer)
    if " 904 " not in answer:
        scram.read(answer.split()[-1])
        peer.send(f"AUTHENTICATE {encoded(scram.final())}")
        await peer.until(r"^:\S+ 904 \* :")
    assert " 900 " not in peer.seen.decode()


@pytest.mark.parametrize(
    "wrong", ["channel", "nonce", "short nonce", "proof", "no proof", "empty", "not base64", "other rounds"]
)
async def test_a_wrong_last_message_fails(connect: Connect, wrong: str) -> None:
    """«The server MUST verify that the nonce sent by the client in the second message is the same as the one sent by
    the server in its first message.» c= «specifies the base64-encoded GS2 header and channel binding data.» (RFC
    5802, 5.1)"""
    await has_account(connect, "jilles")
    peer = await ready_for_sasl(connect)
    scram = Scram(peer, "jilles")
    await scram.open()
    if wrong == "other rounds":
        scram.rounds -= 1
    final = scram.final(
        channel=encoded("y,,") if wrong == "channel" else None,
        nonce={"nonce": scram.combined + "x", "short nonce": scram.nonce}.get(wrong),
    )
    final = {
        "proof": re.sub(",p=....", ",p=AAAA", final),
        "no proof": final.partition(",p=")[0],
        "not base64": re.sub(",p=.*", ",p=!", final),
        "empty": "",
    }.get(wrong, final)
    peer.send(f"AUTHENTICATE {encoded(final) or '+'}")
    await peer.until(r"^:\S+ 904 \* :.*\r\n")
    assert await heard(peer) == ""
    assert await Scram(peer, "jilles").succeeds()


@pytest.mark.threat(32, 34)
async def test_a_proof_is_good_once(connect: Connect) -> None:
    """«The server MUST verify that the nonce sent by the client in the second message is the same as the one sent by
    the server in its first message.» (RFC 5802, 5.1) What was overheard does not log anybody in."""
    await has_account(connect, "jilles")
    peer, thief = await ready_for_sasl(connect), await ready_for_sasl(connect)
    scram = Scram(peer, "jilles")
    await scram.open()
    overheard = scram.final()
    await Scram(thief, "jilles").open()
    thief.send(f"AUTHENTICATE {encoded(overheard)}")
    await thief.until(r"^:\S+ 904 \* :")


async def test_scram_does_not_end_before_the_client_has_seen_the_proof(connect: Connect) -> None:
    """Empty responses «are sent as AUTHENTICATE +» (sasl-3.1): the server's last message is answered by one, unless
    the client aborts, because the proof is wrong."""
    await has_account(connect, "jilles")
    peer = await ready_for_sasl(connect)
    scram = Scram(peer, "jilles")
    await scram.open()
    peer.send(f"AUTHENTICATE {encoded(scram.final())}")
    await peer.until(r"^(?::\S+ )?AUTHENTICATE (?!\+)\S+\r\n")
    peer.send("AUTHENTICATE *")
    await peer.until(r"^:\S+ 906 \* :")
    peer.send("NICK jim", "USER jim 0 * :Jim", "CAP END")
    await peer.until(r"^:\S+ 376 jim ")
    assert await account_of(peer, "jim") is None


async def test_one_may_change_accounts_with_scram_too(connect: Connect) -> None:
    """«to reauthenticate by sending a new AUTHENTICATE message at any time» (sasl-3.2)"""
    await has_account(connect, "jilles", "foo")
    jim = await enter(connect, "jim", account="foo")
    assert await Scram(jim, "jilles").succeeds()
    assert await account_of(jim, "jim") == "jilles"
