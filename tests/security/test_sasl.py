"""SASL: what proves something and what does not, what a failure leaves behind, and what is computed."""

import statistics
import time
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable

import msgspec
import pytest

import tcpchat
from tcpchat.chat.account import ITERATIONS, SPACE, Account, outdated, scram_keys, signature
from tcpchat.model.records import Document, Get, Hashed, Put
from tests.conftest import Connect
from tests.irc.login import CHALLENGE, Scram, encoded, heard, plain, ready_for_sasl
from tests.peer import Peer

PASSWORD = "correct-horse-battery"

Make = Callable[..., Awaitable[None]]


@pytest.fixture
async def make(connect: Connect) -> Make:
    """Makes accounts."""

    async def make(*accounts: str, password: str = PASSWORD) -> None:
        for account in accounts:
            peer = await connect()
            assert "ok" in await peer.ask(do="register", account=account, password=password)
            await peer.close()

    return make


# what is computed


@pytest.mark.threat(30)
def test_the_keys_are_those_of_rfc_7677() -> None:
    """RFC 7677, section 3: user "user", password "pencil"."""
    salt = b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
    stored_key, server_key = scram_keys("pencil", salt, 4_096)
    secrets = Hashed("", "", 4_096, b64encode(stored_key).decode(), b64encode(server_key).decode())
    nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    exchange = f"n=user,r=rOprNGfwEbeRWgbNEkqO,r={nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r={nonce}"
    proof = "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    assert signature(secrets, exchange, proof) == "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
    assert signature(secrets, exchange.replace("user", "usar"), proof) == ""
    assert signature(secrets, exchange, b64encode(b"\0" * 32).decode()) == ""
    for junk in ("", "x", "=", proof[:-4], proof + proof, "é"):
        assert signature(secrets, exchange, junk) == ""


async def test_a_password_is_the_same_however_its_characters_are_put_together(connect: Connect, make: Make) -> None:
    """RFC 8265, section 4.2.2: NFC, and every space is a plain one."""
    await make("ann", password="cafe\u0301 au\u00a0lait")
    peer = await connect()
    for password in ("café au lait", "cafe\u0301\u2003au lait"):
        assert "ok" in await peer.ask(do="log_in", account="ann", password=password)
    assert (await peer.ask(do="log_in", account="ann", password="CAFÉ AU LAIT"))["code"] == "wrong_password"
    assert await Scram(await ready_for_sasl(connect), "ann", "café au lait").succeeds()


async def test_a_password_that_was_hashed_otherwise_is_hashed_anew_when_it_is_given(
    connect: Connect, make: Make, server: tcpchat.Server
) -> None:
    import argon2

    await make("ann")
    document = await _kept(server)
    account = msgspec.json.decode(document.value, type=Account)
    old = argon2.PasswordHasher(time_cost=1, memory_cost=8_192, parallelism=1).hash(PASSWORD)
    weak = msgspec.structs.replace(account, secrets=msgspec.structs.replace(account.secrets, argon2=old))
    assert outdated(weak.secrets)
    await server.backend.record(Put(SPACE, "ann", msgspec.json.encode(weak), document.revision))
    peer = await connect()
    assert (await peer.ask(do="log_in", account="ann", password="wrong-guess"))["code"] == "wrong_password"
    assert (await _kept(server)).value == msgspec.json.encode(weak)
    assert "ok" in await peer.ask(do="log_in", account="ann", password=PASSWORD)
    assert not outdated(msgspec.json.decode((await _kept(server)).value, type=Account).secrets)
    assert "ok" in await peer.ask(do="log_in", account="ann", password=PASSWORD)


async def _kept(server: tcpchat.Server) -> Document:
    document = await server.backend.ask(Get(SPACE, "ann"))
    assert isinstance(document, Document)
    return document


# what proves nothing


@pytest.mark.threat(32)
async def test_nobody_acts_for_somebody_else(connect: Connect, make: Make) -> None:
    """RFC 4616, section 2; RFC 5802, section 5.1: who to be is who one is, or nothing."""
    await make("ann", "bob")
    for acts_as, answer in (("bob", "904"), ("an", "904"), ("ANN", "903")):
        peer = await ready_for_sasl(connect)
        peer.send("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain('ann', PASSWORD, acts_as)}")
        assert (await peer.until(r" (90[34]) "))[1] == answer
    peer = await ready_for_sasl(connect)
    peer.send("AUTHENTICATE SCRAM-SHA-256")
    await peer.until(CHALLENGE)
    peer.send(f"AUTHENTICATE {encoded('n,a=bob,n=ann,r=abc')}")
    await peer.until(" 904 ")


@pytest.mark.threat(32)
@pytest.mark.parametrize("said", ["", "ann", "ann\0", "\0"])
async def test_without_a_certificate_external_proves_nothing(connect: Connect, make: Make, said: str) -> None:
    await make("ann")
    peer = await ready_for_sasl(connect)
    peer.send("AUTHENTICATE EXTERNAL")
    await peer.until(r" 908 \S+ PLAIN,SCRAM-SHA-256 :.*\r\n:\S+ 904 ")
    peer.send(f"AUTHENTICATE {encoded(said) or '+'}", "NICK eve", "USER eve 0 * :Eve", "CAP END")
    await peer.until(" 001 eve ")
    assert " 900 " not in peer.seen.decode()
    json = await connect()
    answer = await json.ask(do="log_in_by_certificate", account="ann")
    assert answer["code"] == "wrong_certificate"
    await json.enter_json("carl")
    await json.ask(do="register", password=PASSWORD)
    assert "ok" in await json.ask(do="add_certificate", fingerprint="AB:" * 31 + "ab")
    assert (await json.ask(do="list_certificates"))["certificates"] == ["ab" * 32]


@pytest.mark.threat(32)
@pytest.mark.parametrize(
    "between", ["REGISTER * * another-password", "PASS x", "WHOIS ann", "NONSENSE", "VERIFY ann 1"]
)
async def test_whatever_else_is_said_ends_an_exchange(connect: Connect, make: Make, between: str) -> None:
    await make("ann")
    peer = await ready_for_sasl(connect)
    peer.send("NICK eve", "AUTHENTICATE PLAIN")
    await peer.until(CHALLENGE)
    peer.send(between, f"AUTHENTICATE {plain('ann', PASSWORD)}")
    await peer.until(" 906 ")
    assert " 903 " not in await heard(peer)
    assert " 900 \\S+ \\S+ ann " not in peer.seen.decode()


@pytest.mark.threat(29, 32)
async def test_after_three_failures_a_new_connection_is_needed(connect: Connect, make: Make) -> None:
    await make("ann")
    peer = await ready_for_sasl(connect)
    peer.send("NICK ann", "USER ann 0 * :Ann")
    for said in (["PLAIN", plain("ann", "wrong-guess")], ["NONSENSE"], ["PLAIN", "!!!"]):
        peer.send(*(f"AUTHENTICATE {word}" for word in said))
        await peer.until(" 904 ")
    assert "ERROR :" in await peer.end()
    assert " 001 " not in peer.seen.decode()
    again = await ready_for_sasl(connect)
    again.send("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain('ann', PASSWORD)}")
    await again.until(" 903 ")


# who there is


@pytest.mark.threat(30)
async def test_a_missing_account_is_answered_with_the_same_bytes(connect: Connect, make: Make) -> None:
    """In every dialect, and by every mechanism."""
    await make("ann")
    answers = []
    for account in ("ann", "bob"):
        sasl, json, irc, line = await ready_for_sasl(connect), await connect(), await connect(), await connect()
        sasl.send("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain(account, 'wrong-guess')}")
        said = [(await sasl.until(r"[\s\S]* 904 .*\r\n"))[0]]
        scram = Scram(sasl, account, "wrong-guess")
        first = await scram.open()
        assert len(b64decode(scram.salt)) == 16
        assert scram.rounds == ITERATIONS
        said.append(str(len(first)))
        sasl.send(f"AUTHENTICATE {encoded(scram.final())}")
        said.append((await sasl.until(r"[\s\S]* 904 .*\r\n"))[0])
        answer = await json.ask(do="log_in", account=account, password="wrong-guess")
        said.append(f"{answer['code']} {answer['text']}")
        await irc.enter_irc("eve")
        irc.send(f"PRIVMSG NickServ :IDENTIFY {account} wrong-guess", "QUIT")
        said.append((await irc.until(r":NickServ.*\r\n"))[0])
        await irc.end()
        await line.enter_line("eve")
        line.send(f"/login {account} wrong-guess")
        said.append((await line.until(r"There is no such account.*\r\n"))[0])
        line.send("/quit")
        await line.end()
        answers.append(said)
    assert answers[0] == answers[1]


@pytest.mark.threat(30)
async def test_the_salt_of_a_missing_account_stays_the_same(connect: Connect) -> None:
    salts = {(await Scram(await ready_for_sasl(connect), name).open()).split(",")[1] for name in ("nob", "NOB", "nob")}
    assert len(salts) == 1


@pytest.mark.threat(30)
async def test_a_missing_account_takes_as_long(long: bool, tmp_path_factory: pytest.TempPathFactory) -> None:
    """400 and 400 samples in turn; the medians differ by less than 2 ms, and ranks tell nothing."""
    if not long:
        pytest.skip("measured in the long form only")
    config = tcpchat.Config(data=tmp_path_factory.mktemp("data"), limits=tcpchat.Limits(enabled=False))
    async with tcpchat.Server(config, port=0) as server:
        peer = await Peer.open(server.port)
        await peer.ask(do="register", account="ann", password=PASSWORD)
        taken: dict[str, list[float]] = {"ann": [], "bob": []}
        for number in range(410):
            for account in ("ann", "bob") if number % 2 else ("bob", "ann"):
                begun = time.perf_counter()
                await peer.ask(do="log_in", account=account, password="wrong-guess")
                if number >= 10:
                    taken[account].append(time.perf_counter() - begun)
        await peer.close()
    assert abs(statistics.median(taken["ann"]) - statistics.median(taken["bob"])) < 0.002
    assert _rank_test(taken["ann"], taken["bob"]) > 0.01


def _rank_test(one: list[float], other: list[float]) -> float:
    """p of Mann and Whitney's test, by the normal distribution."""
    ranks = {value: rank for rank, value in enumerate(sorted(one + other), 1)}
    u = sum(ranks[value] for value in one) - len(one) * (len(one) + 1) / 2
    mean, deviation = len(one) * len(other) / 2, (len(one) * len(other) * (len(one) + len(other) + 1) / 12) ** 0.5
    return 2 * (1 - statistics.NormalDist().cdf(abs(u - mean) / deviation))
