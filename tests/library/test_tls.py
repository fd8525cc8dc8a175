"""Programs that connect with TLS: whom they trust, what they are told when they should not, what they show."""

import asyncio
import logging
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

import tcpchat
from tcpchat.config import Tls
from tcpchat.server.listeners import own_addresses
from tests.certificates import Authority, self_signed
from tests.peer import PATIENCE


@pytest.fixture
def config(tmp_path: Path) -> tcpchat.Config:
    tls = Tls(self_signed=True, certificate=tmp_path / "server.pem")
    return tcpchat.Config(listen=("127.0.0.1:0",), tls_listen=("127.0.0.1:0",), tls=tls)


@pytest.fixture
async def server(config: tcpchat.Config) -> AsyncIterator[tcpchat.Server]:
    async with tcpchat.Server(config) as server:
        yield server


def there(server: tcpchat.Server) -> str:
    return "tls://{}:{}".format(*server.tls_addresses[0])


def shown(server: tcpchat.Server) -> str:
    assert server.certificate is not None
    return server.certificate.fingerprint


async def another_certificate(server: tcpchat.Server, config: tcpchat.Config) -> None:
    """The server shows another one from now on."""
    assert config.tls.certificate is not None
    certificate, key = self_signed(config.tls.certificate.parent, "another")
    config.tls.certificate.write_text(certificate.read_text() + key.read_text())
    assert server.reload() == ""


# by an authority


async def test_a_certificate_that_an_authority_vouches_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority(tmp_path)
    certificate, key = authority.issue("server")
    config = tcpchat.Config(listen=(), tls_listen=("127.0.0.1:0",), tls=Tls(certificate=certificate, key=key))
    async with tcpchat.Server(config) as server:
        port = server.port
        async with tcpchat.connect(f"127.0.0.1:{port}", nick="ann", tls=authority.client(), password="secret") as ann:
            await ann.join("#tea")
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))  # what OpenSSL takes for the system's
        async with tcpchat.connect(f"tls://localhost:{port}", nick="ann", pins=tmp_path / "known"):
            pass
        assert not (tmp_path / "known").exists()  # an authority may vouch for the next one


async def test_one_for_another_name_is_refused(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate, key = authority.issue("server")
    config = tcpchat.Config(listen=(), tls_listen=("127.0.0.2:0",), tls=Tls(certificate=certificate, key=key))
    async with tcpchat.Server(config) as server:
        with pytest.raises(tcpchat.CannotConnect, match=r"Nobody vouches for .*127\.0\.0\.2"):
            async with tcpchat.connect(there(server), nick="ann", tls=authority.client()):
                pass


# by its fingerprint


async def test_without_an_authority_or_a_fingerprint_a_program_trusts_nobody(server: tcpchat.Server) -> None:
    with pytest.raises(
        tcpchat.CannotConnect, match=f"Nobody vouches for .*: self.signed certificate.*SHA256:{shown(server)}"
    ):
        async with tcpchat.connect(there(server), nick="ann"):
            pass


@pytest.mark.parametrize("written", ["{}", "SHA256:{}", "sha256:{}", "colons"])
async def test_a_fingerprint_is_taken_as_people_write_it(server: tcpchat.Server, written: str) -> None:
    colons = bytes.fromhex(shown(server)).hex(":").upper()
    fingerprint = colons if written == "colons" else written.format(shown(server))
    async with tcpchat.connect(there(server), nick="ann", fingerprint=fingerprint) as ann:
        assert ann.nick == "ann"


async def test_another_one_than_was_given_is_refused(server: tcpchat.Server) -> None:
    wrong = "0" * 64
    for tls in (True, _careless()):
        with pytest.raises(tcpchat.CannotConnect, match=f"is SHA256:{shown(server)}, not SHA256:{wrong}"):
            async with tcpchat.connect(there(server), nick="ann", fingerprint=wrong, tls=tls):
                pass


def _careless() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


async def test_what_is_no_fingerprint(server: tcpchat.Server) -> None:
    with pytest.raises(tcpchat.CannotConnect, match="“12:34” is no fingerprint") as raised:
        tcpchat.connect(there(server), nick="ann", fingerprint="12:34")
    assert raised.value.exit_code == 64


# at first sight


async def test_the_first_one_is_kept_and_told_and_the_same_one_is_trusted(
    server: tcpchat.Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    known = tmp_path / "config" / "known_servers"
    for _ in range(2):
        async with tcpchat.connect(there(server), nick="ann", pins=known):
            pass
    assert known.read_text() == f"127.0.0.1:{server.tls_addresses[0][1]} SHA256:{shown(server)}\n"
    assert known.stat().st_mode & 0o777 == 0o600
    told = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(told) == 1
    assert f"SHA256:{shown(server)}. It is trusted, since it is the first one from there" in told[0]


@pytest.mark.parametrize(
    ("days", "host", "why"), [(-1, "127.0.0.1", "it has expired"), (30, "127.0.0.2", "it is for another address")]
)
async def test_first_sight_is_not_enough_for_one_that_an_authority_made_for_another_time_or_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int, host: str, why: str
) -> None:
    authority, known = Authority(tmp_path), tmp_path / "known_servers"
    certificate, key = authority.issue("server", days=days)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    config = tcpchat.Config(listen=(), tls_listen=(f"{host}:0",), tls=Tls(certificate=certificate, key=key))
    async with tcpchat.Server(config) as server:
        with pytest.raises(tcpchat.CannotConnect, match=f"Nobody vouches for the certificate of .*: {why}") as raised:
            async with tcpchat.connect(there(server), nick="ann", pins=known):
                pass
        assert raised.value.exit_code == 77
        assert not known.exists()
        for fingerprint in (shown(server), ""):
            async with tcpchat.connect(there(server), nick="ann", pins=known, fingerprint=fingerprint):
                pass


async def test_another_one_than_before_is_refused_until_it_is_accepted(
    server: tcpchat.Server, config: tcpchat.Config, tmp_path: Path
) -> None:
    known = tmp_path / "known_servers"
    before = shown(server)
    async with tcpchat.connect(there(server), nick="ann", pins=known):
        pass
    await another_certificate(server, config)
    for _ in range(2):
        with pytest.raises(tcpchat.CannotConnect) as raised:
            async with tcpchat.connect(there(server), nick="ann", pins=known, password="secret"):
                pass
        text = str(raised.value)
        assert "IS ANOTHER ONE" in text
        assert f"It was SHA256:{before}, and now it is SHA256:{shown(server)}." in text
        assert f"--accept-fingerprint SHA256:{shown(server)}" in text
    async with tcpchat.connect(there(server), nick="ann", pins=known, fingerprint=shown(server)):
        pass
    async with tcpchat.connect(there(server), nick="ann", pins=known):
        pass


async def test_a_link_that_comes_back_to_another_certificate_is_the_end(
    server: tcpchat.Server, config: tcpchat.Config, tmp_path: Path
) -> None:
    async with tcpchat.connect(there(server), nick="ann", pins=tmp_path / "known_servers") as ann:
        await another_certificate(server, config)
        for session in list(server.sessions):
            session.close("Go away.")
        with pytest.raises(tcpchat.CannotConnect, match="IS ANOTHER ONE"):
            await asyncio.wait_for(_to_the_end(ann), PATIENCE)


async def _to_the_end(chat: tcpchat.Client) -> None:
    async for _ in chat:
        pass


async def test_a_file_that_cannot_be_kept_is_said(server: tcpchat.Server, tmp_path: Path) -> None:
    for known, words in ((tmp_path, "Cannot read"), (tmp_path / "server.pem" / "known", "Cannot (read|write in)")):
        with pytest.raises(tcpchat.CannotConnect, match=words):
            async with tcpchat.connect(there(server), nick="ann", pins=known):
                pass


# the wrong door


@pytest.mark.threat(4)
async def test_without_tls_where_only_that_is_spoken(server: tcpchat.Server) -> None:
    host, port = server.tls_addresses[0]
    words = f"This port is for TLS only. Connect with it: tls://{host}:{port}$"
    with pytest.raises(tcpchat.CannotConnect, match=words) as raised:
        async with tcpchat.connect(f"{host}:{port}", nick="ann"):
            pass
    assert raised.value.exit_code == 76


@pytest.mark.threat(4)
async def test_with_tls_where_there_is_none(server: tcpchat.Server) -> None:
    words = f"There is no TLS on 127.0.0.1:{server.addresses[0][1]}.*tls://127.0.0.1:6697"
    with pytest.raises(tcpchat.CannotConnect, match=words):
        async with tcpchat.connect(f"tls://127.0.0.1:{server.addresses[0][1]}", nick="ann"):
            pass


async def test_some_other_server_without_or_with_tls() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        begun = await reader.read(1)
        writer.write(b"220 mail.example ESMTP\r\n" if begun == b"\x16" else b"\x15\x03\x03\x00\x02\x02\x0a\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as other:
        port = other.sockets[0].getsockname()[1]
        with pytest.raises(tcpchat.CannotConnect, match="There is no TLS on"):
            async with tcpchat.connect(f"tls://127.0.0.1:{port}", nick="ann"):
                pass
        with pytest.raises(
            tcpchat.CannotConnect, match=f"The server speaks TLS there. Connect with it: tls://127.0.0.1:{port}$"
        ):
            async with tcpchat.connect(f"127.0.0.1:{port}", nick="ann"):
                pass


async def test_a_server_that_is_full_says_so_in_tls(config: tcpchat.Config) -> None:
    async with tcpchat.Server(replace(config, limits=tcpchat.Limits(clients_per_address=1))) as server:
        async with tcpchat.connect(there(server), nick="ann", fingerprint=shown(server)):
            with pytest.raises(tcpchat.CannotConnect, match="lets nobody in from here now"):
                async with tcpchat.connect(there(server), nick="bob", fingerprint=shown(server)):
                    pass


async def test_what_is_no_address() -> None:
    with pytest.raises(tcpchat.CannotConnect, match="“https://” is not known here"):
        tcpchat.connect("https://chat.example", nick="ann")


# what one shows, and what one does not


async def test_a_certificate_of_ones_own(config: tcpchat.Config, tmp_path: Path) -> None:
    own, stranger = self_signed(tmp_path, "ann"), self_signed(tmp_path, "stranger")
    config = replace(config, tls=replace(config.tls, client_ca=own[0]))
    async with tcpchat.Server(config) as server:
        known = {"fingerprint": shown(server), "nick": "ann"}
        async with tcpchat.connect(there(server), certificate=own[0], key=own[1], **known):
            [session] = server.sessions
            assert session.certificate
        with pytest.raises(tcpchat.CannotConnect, match="does not accept the certificate that you show"):
            async with tcpchat.connect(there(server), certificate=stranger[0], key=stranger[1], **known):
                pass
        with pytest.raises(tcpchat.CannotConnect, match="Cannot use the certificate in .*nowhere"):
            async with tcpchat.connect(there(server), certificate="nowhere", **known):
                pass


@pytest.mark.threat(31)
async def test_a_password_is_not_sent_to_another_machine_for_everybody_to_read() -> None:
    own = next((one for one in own_addresses() if not one.startswith("127.")), None)
    if own is None:
        pytest.skip("this machine has no address besides the loopback: none looks like another machine's")
    heard = bytearray()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.extend(await reader.read(1_000))
        writer.close()

    async with await asyncio.start_server(listen, own, 0, family=socket.AF_INET) as other:
        address = f"{own}:{other.sockets[0].getsockname()[1]}"
        with pytest.raises(tcpchat.CannotConnect, match=r"The password would be sent .*tls://.*--insecure"):
            async with tcpchat.connect(address, nick="ann", password="secret"):
                pass
        assert not heard
        with pytest.raises(tcpchat.CannotConnect, match="closed the connection"):
            async with tcpchat.connect(address, nick="ann", password="secret", insecure=True):
                pass
        assert b"secret" in heard


@pytest.mark.threat(31)
async def test_nor_is_one_that_comes_later(server: tcpchat.Server) -> None:
    """Through a relay that is another machine to the client: to the server it comes from this one."""
    own = next((one for one in own_addresses() if not one.startswith("127.")), None)
    if own is None:
        pytest.skip("this machine has no address besides the loopback: none looks like another machine's")
    heard = bytearray()

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            heard.extend(data)
            writer.write(data)
        writer.close()

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        onward = await asyncio.open_connection(*server.addresses[0])
        await asyncio.gather(pass_on(reader, onward[1]), pass_on(onward[0], writer))

    async with await asyncio.start_server(relay, own, 0, family=socket.AF_INET) as other:
        address = f"{own}:{other.sockets[0].getsockname()[1]}"
        async with tcpchat.connect(address, nick="ann") as ann:
            with pytest.raises(tcpchat.Refused, match="The password would be sent") as refused:
                await ann.register("correct-horse")
            assert refused.value.code == "insecure"
            assert b"correct-horse" not in heard
        async with tcpchat.connect(address, nick="ann", insecure=True) as ann:
            await ann.register("correct-horse")
        assert b"correct-horse" in heard
