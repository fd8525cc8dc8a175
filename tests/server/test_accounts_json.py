"""Logging in over JSON: what was overheard is worth nothing elsewhere."""

import hashlib
import hmac
from base64 import b64decode, b64encode

import pytest

from tests.conftest import Connect


@pytest.mark.threat(34)
async def test_a_proof_holds_on_its_own_connection_only(connect: Connect) -> None:
    ann, eve = await connect(), await connect()
    await ann.enter_json("ann")
    assert "ok" in await ann.ask(do="register", password="sesame")
    challenge = await ann.ask(do="challenge", account="ann")
    salted = hashlib.pbkdf2_hmac("sha256", b"sesame", b64decode(challenge["salt"]), challenge["iterations"])
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    nonce = f"mine{challenge['nonce']}"
    exchange = f"n=ann,r=mine,r={nonce},s={challenge['salt']},i={challenge['iterations']},c=biws,r={nonce}"
    mask = hmac.digest(hashlib.sha256(client_key).digest(), exchange.encode(), "sha256")
    proof = b64encode(bytes(one ^ other for one, other in zip(client_key, mask, strict=True))).decode()
    assert (await ann.ask(do="prove", account="ann", exchange=exchange, proof=proof))["account"] == "ann"
    await eve.enter_json("eve")
    answer = await eve.ask(do="prove", account="ann", exchange=exchange, proof=proof)
    assert answer["code"] == "wrong_password"


async def test_an_invitation_by_somebody_who_decides_nothing_opens_nothing(connect: Connect) -> None:
    ann, bob, eve = [await connect() for _ in range(3)]
    for peer, nick in ((ann, "ann"), (bob, "bob")):
        await peer.enter_irc(nick, "#tea")
    await eve.enter_irc("eve")
    ann.send("MODE #tea +b eve", "PING done")
    await ann.until("PONG")
    bob.send("INVITE eve #tea", "PING done")
    await bob.until("PONG")
    eve.send("JOIN #tea")
    await eve.until(r" 474 eve #tea :")
    ann.send("INVITE eve #tea", "PING done")
    await ann.until("PONG")
    eve.send("JOIN #tea")
    await eve.until(r" 366 eve #tea :")


async def test_a_time_that_cannot_be_written_is_no_marker(connect: Connect) -> None:
    ann = await connect()
    await ann.enter_json("ann")
    answer = await ann.ask(do="set_marker", target="#lobby", time=10**17)
    assert answer["code"] == "bad_marker"
