"""TLS: who shakes hands, who only pretends to, which certificate is shown, and who is told of it."""

import asyncio
import contextlib
import hashlib
import logging
import os
import random
import shutil
import socket
import ssl
import subprocess
import sys
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from ssl import SSLContext

import pytest
from msgspec.structs import replace

import tcpchat
from tcpchat.config import Tls
from tcpchat.server import certificates
from tcpchat.wire.detect import NOT_TLS
from tests.certificates import Authority, careless, self_signed
from tests.peer import PATIENCE, Peer

HELLO = bytes.fromhex("1603010200010001fc0303")
"""How a ClientHello begins."""

Secure = Callable[..., Awaitable[Peer]]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def config(tmp_path: Path, authority: Authority) -> tcpchat.Config:
    certificate, key = authority.issue("server", file=tmp_path.name)
    return tcpchat.Config(
        listen=("127.0.0.1:0",),
        tls_listen=("127.0.0.1:0",),
        tls=Tls(certificate=certificate, key=key),
        limits=tcpchat.Limits(clients_per_address=10_000),
    )


@pytest.fixture
async def server(config: tcpchat.Config, caplog: pytest.LogCaptureFixture) -> AsyncIterator[tcpchat.Server]:
    unhandled: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unhandled.append(context))
    async with tcpchat.Server(config) as server:
        yield server
    assert not unhandled
    assert [record for record in caplog.records if record.exc_info and record.levelno > logging.DEBUG] == []


@pytest.fixture
async def secure(server: tcpchat.Server, authority: Authority) -> AsyncIterator[Secure]:
    """Opens connections with TLS, and closes them at the end."""
    peers: list[Peer] = []

    async def secure(context: SSLContext | None = None, host: str = "127.0.0.1") -> Peer:
        context = context or authority.client()
        streams = await asyncio.open_connection(
            *server.tls_addresses[0], ssl=context, local_addr=(host, 0), limit=1 << 24
        )
        peers.append(Peer(*streams))
        return peers[-1]

    yield secure
    for peer in peers:
        await peer.close()


@contextlib.asynccontextmanager
async def half_open(
    server: tcpchat.Server, count: int, said: bytes = b"", host: str = "127.0.0.1"
) -> AsyncIterator[list[Peer]]:
    """So many connections that begin TLS, or not even that, and leave it there."""
    peers = []
    for _ in range(count):
        streams = await asyncio.open_connection(*server.tls_addresses[0], local_addr=(host, 0))
        peers.append(Peer(*streams))
        peers[-1].writer.write(said)
    try:
        yield peers
    finally:
        for peer in peers:
            peer.writer.transport.abort()


def fingerprint(peer: Peer) -> str:
    """Of the certificate that the server showed."""
    return hashlib.sha256(peer.writer.get_extra_info("ssl_object").getpeercert(binary_form=True)).hexdigest()


# what works


async def test_every_dialect_is_spoken_through_it(server: tcpchat.Server, secure: Secure) -> None:
    line, irc, json = await secure(), await secure(), await secure()
    await line.enter_line("ann")
    await irc.enter_irc("bob", "#lobby")
    await json.enter_json("cem", "#lobby")
    line.send("hello")
    await irc.until(r":ann!\S+ PRIVMSG #lobby :hello")
    await json.until(r'"text":"hello"')
    json.send('{"do":"say","room":"#lobby","text":"' + "x" * 4_000 + '"}')
    await line.until("x{4000}")


async def test_whois_tells_who_came_by_tls(server: tcpchat.Server, secure: Secure) -> None:
    ann = await (await secure()).enter_irc("ann")
    bob = await (await Peer.open(server.port)).enter_irc("bob")
    bob.send("WHOIS ann")
    await bob.until(r" 671 bob ann :is using a secure connection\r\n(.*\n)* *.* 318 ")
    ann.send("WHOIS bob")
    await ann.until(r" 318 ")
    assert " 671 " not in ann.seen.decode()
    await bob.close()


@pytest.mark.threat(5)
async def test_a_message_in_ten_thousand_records_of_one_byte_is_one_message(
    server: tcpchat.Server, secure: Secure, authority: Authority
) -> None:
    ann = await (await secure()).enter_line("ann")
    text = "x" * 4_000

    def send() -> None:
        with socket.create_connection(server.tls_addresses[0]) as plain:
            with authority.client().wrap_socket(plain, server_hostname="127.0.0.1") as bob:
                for byte in f"bob\n{text}\n{text}\n/quit\n".encode():
                    bob.send(bytes([byte]))
                while bob.recv(1 << 16):
                    pass

    reading = asyncio.get_running_loop().run_in_executor(None, send)
    await ann.until(f"<bob> {text}")
    await ann.until(f"<bob> {text}")
    await reading


# who only pretends to


@pytest.mark.threat(4)
@pytest.mark.parametrize("said", [b"NICK ann\r\n", b"ann\n", b'{"do":"enter"}\n', b"\0\1\2", b"\x16\x02\x03\x03\x03"])
async def test_what_is_not_tls_gets_one_line_and_a_close(server: tcpchat.Server, said: bytes) -> None:
    async with half_open(server, 1, said) as [peer]:
        assert await peer.end() == (
            "ERROR :This port is for TLS only. tcpchat-client: tls://HOST:PORT; irssi: /connect -tls HOST PORT; "
            "WeeChat: -tls, before version 4 -ssl\r\n"
        )


@pytest.mark.threat(4)
async def test_http_where_tls_is_spoken_gets_an_answer_in_http(server: tcpchat.Server) -> None:
    async with half_open(server, 1, b"GET / HTTP/1.1\r\n\r\n") as [peer]:
        assert (await peer.end()).startswith("HTTP/1.1 426 ")


@pytest.mark.threat(4)
async def test_a_thousand_random_beginnings_on_both_ports_leave_nothing_unhandled(
    server: tcpchat.Server, secure: Secure, seed: int, caplog: pytest.LogCaptureFixture
) -> None:
    chance = random.Random(seed)
    starts = [b"", b"\x16", b"\x16\x03", b"\x16\x03\x01", HELLO, b"GET ", b"NICK ", b"{"]
    ann = await (await secure()).enter_line("ann")

    async def garbage(address: tuple[str, int], said: bytes) -> None:
        reader, writer = await asyncio.open_connection(*address)
        with contextlib.suppress(ConnectionError):
            writer.write(said)
            writer.write_eof()
            async with asyncio.timeout(PATIENCE):
                await reader.read()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    with caplog.at_level(logging.INFO):
        for _ in range(20):
            said = [chance.choice(starts) + chance.randbytes(chance.randrange(64)) for _ in range(50)]
            for address in (server.addresses[0], server.tls_addresses[0]):
                await asyncio.gather(*(garbage(address, one) for one in said))
    assert [record.getMessage() for record in caplog.records if record.levelno > logging.INFO] == []
    ann.send("/who")
    await ann.until("-- #lobby: ann")


@pytest.mark.threat(5)
async def test_older_tls_is_refused(secure: Secure) -> None:
    old = careless()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.raises(OSError):  # noqa: PT011 (an alert, or a reset)
        await secure(old)


@pytest.mark.threat(5)
async def test_renegotiation_is_refused(server: tcpchat.Server, secure: Secure) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl command: nobody asks for a renegotiation here")
    host, port = server.tls_addresses[0]
    command = ["openssl", "s_client", "-connect", f"{host}:{port}", "-tls1_2", "-quiet", "-no_ign_eof"]
    client = await asyncio.create_subprocess_exec(
        *command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert client.stdin is not None
    assert client.stdout is not None
    client.stdin.write(b"ann\n")
    async with asyncio.timeout(PATIENCE):
        while b"You are in #lobby" not in await client.stdout.readline():
            pass
        client.stdin.write(b"R\n")
        _, errors = await client.communicate()
    assert b"RENEGOTIATING" in errors
    assert b"no renegotiation" in errors.lower()


# handshakes that nobody finishes


@pytest.mark.threat(3)
async def test_handshakes_that_are_not_finished_are_ended_in_time(
    config: tcpchat.Config, authority: Authority, long: bool
) -> None:
    count = 2_000 if long else 200
    limits = replace(config.limits, handshake_seconds=5.0 if long else 0.5, handshakes=count + 1)
    async with tcpchat.Server(replace(config, limits=limits)) as server:
        async with half_open(server, count // 2) as silent, half_open(server, count // 2, HELLO) as begun:
            async with asyncio.timeout(PATIENCE):
                silent_said = await asyncio.gather(*(peer.reader.read() for peer in silent))
                begun_said = await asyncio.gather(*(peer.reader.read() for peer in begun))
    assert set(silent_said) == {NOT_TLS}
    assert set(begun_said) == {b""}


@pytest.mark.threat(3)
@pytest.mark.parametrize("said", [b"", HELLO])
async def test_a_flood_of_handshakes_displaces_its_own_not_others(
    config: tcpchat.Config, authority: Authority, said: bytes
) -> None:
    limits = replace(config.limits, handshake_seconds=600.0, handshakes=20)
    async with tcpchat.Server(replace(config, limits=limits)) as server:
        async with half_open(server, 5, said, "127.0.0.2") as few, half_open(server, 15, said, "127.0.0.3") as flood:
            async with half_open(server, 3, said, "127.0.0.3"):
                for peer in flood[:3]:  # the oldest of those who have the most
                    with contextlib.suppress(ConnectionError):
                        await asyncio.wait_for(peer.reader.read(), PATIENCE)
                    assert peer.reader.at_eof() or peer.reader.exception()
                assert not any(peer.reader.at_eof() for peer in [*few, *flood[3:]])
                honest = Peer(*await asyncio.open_connection(*server.tls_addresses[0], ssl=authority.client()))
                await honest.enter_line("ann")
                assert not any(peer.reader.at_eof() for peer in [*few, *flood[4:]])
                await honest.close()


@pytest.mark.threat(3)
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="mallinfo2 is glibc's")
def test_what_is_connected_and_closed_leaves_no_memory_behind(long: bool) -> None:
    count, most = (20_000, 102) if long else (600, 1_000)  # bytes each; few of them show less exactly
    environment = {**os.environ, "PYTHONMALLOC": "malloc"}
    command = [sys.executable, "-m", "tests.security.in_use", "10"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        address = ("127.0.0.1", int(process.stdout.readline()))
        measured = []
        for times in (300, count):
            for number in range(times):
                _connect_and_close(address, number)
            process.stdin.write(b"\n")
            process.stdin.flush()
            measured.append(int(process.stdout.readline()))
        process.stdin.close()
        assert process.wait(PATIENCE) == 0
    each = (measured[1] - measured[0]) / count
    print(f"connect and close, {count} times: {each / 1_024:.3f} KiB each, {measured[1] / 2**20:.1f} MiB in use")
    assert each <= most


def _connect_and_close(address: tuple[str, int], number: int) -> None:
    """In turns: without a word, in the middle of a handshake, at its end, and with nonsense."""
    with socket.create_connection(address) as connection, contextlib.suppress(OSError):
        match number % 4:
            case 1:
                connection.sendall(HELLO)
            case 2:
                careless().wrap_socket(connection).close()
            case 3:
                connection.sendall(b"\x16\x03\x01\x00\x05hello")
                connection.recv(100)


async def test_a_handshake_that_ends_while_the_server_stops_is_nobodys(
    config: tcpchat.Config, authority: Authority
) -> None:
    server = tcpchat.Server(config)
    await server.start()
    async with half_open(server, 5), half_open(server, 5, HELLO):
        late = [
            asyncio.create_task(asyncio.open_connection(*server.tls_addresses[0], ssl=authority.client()))
            for _ in range(20)
        ]
        while not server.reception.accepted:
            await asyncio.sleep(0)
        await server.stop()
        assert not server.sessions
        for streams in await asyncio.gather(*late, return_exceptions=True):
            if not isinstance(streams, BaseException):
                streams[1].transport.abort()


@pytest.mark.threat(3)
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="prlimit is Linux's")
async def test_when_no_file_is_left_those_who_are_here_go_on_and_others_come_in_later(
    server: tcpchat.Server, secure: Secure, caplog: pytest.LogCaptureFixture
) -> None:
    import resource

    ann = await (await secure()).enter_line("ann")
    usual = resource.getrlimit(resource.RLIMIT_NOFILE)
    waiting = [socket.socket() for _ in range(3)]
    fillers = [os.open(os.devnull, os.O_RDONLY)]
    while fillers[-1] < max(map(int, os.listdir("/proc/self/fd"))) - 1:  # no lower number stays free
        fillers.append(os.open(os.devnull, os.O_RDONLY))
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (fillers[-1] + 1, usual[1]))
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(server.tls_addresses[0])
        async with asyncio.timeout(PATIENCE):
            while "no more open files" not in caplog.text:
                await asyncio.sleep(0.01)
        ann.send("/who")
        await ann.until("-- #lobby: ann")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, usual)
        for one in waiting:
            one.close()
        for file in fillers:
            os.close(file)
    await (await secure()).enter_line("bob")


@pytest.mark.threat(3)
async def test_when_all_come_back_at_once_from_everywhere_all_get_in(
    config: tcpchat.Config, authority: Authority
) -> None:
    context = authority.client()
    async with tcpchat.Server(replace(config, limits=replace(config.limits, handshakes=16))) as server:

        async def come(number: int) -> None:
            streams = await asyncio.open_connection(
                *server.tls_addresses[0], ssl=context, local_addr=(f"127.9.{number // 250}.{number % 250 + 1}", 0)
            )
            peer = await Peer(*streams).enter_irc(f"n{number}")
            peer.writer.transport.abort()

        await asyncio.gather(*map(come, range(300)))


async def test_who_does_not_finish_takes_nobodys_place_for_ever(config: tcpchat.Config, authority: Authority) -> None:
    limits = replace(config.limits, clients_per_address=3)
    async with tcpchat.Server(replace(config, limits=limits)) as server:
        for said in (b"", HELLO, b"nonsense"):
            async with half_open(server, 3, said):
                pass
        for _ in range(2):
            peers = []
            for _ in range(3):
                async with asyncio.timeout(PATIENCE):
                    while True:  # until the server has noticed that the others are gone
                        with contextlib.suppress(OSError):
                            streams = await asyncio.open_connection(*server.tls_addresses[0], ssl=authority.client())
                            break
                peers.append(await Peer(*streams).enter_irc(f"ann{len(peers)}"))
            with pytest.raises(OSError):  # noqa: PT011
                await asyncio.open_connection(*server.tls_addresses[0], ssl=authority.client())
            for peer in peers:
                peer.send("QUIT")
                await peer.reader.read()
                await peer.close()


# which certificate is shown


Pair = tuple[Path, Path]


def spoiled(pair: Pair, other: Pair, expired: Pair) -> dict[str, Callable[[], object]]:
    """What can be wrong with the files, and how each is said."""
    certificate, key = pair
    return {
        "does not belong to the certificate": lambda: shutil.copy(other[1], key),
        "Cannot read": key.unlink,
        "There is no certificate": lambda: certificate.write_text("nonsense"),
        "cannot be used": lambda: certificate.write_text(certificate.read_text().replace("MII", "NII", 1)),
        "expired on": lambda: (shutil.copy(expired[0], certificate), shutil.copy(expired[1], key)),
        "Everybody on this machine": lambda: key.chmod(0o644),
    }


@pytest.mark.threat(53)
@pytest.mark.parametrize("problem", list(spoiled(*[(Path(), Path())] * 3)))
async def test_a_pair_that_is_wrong_never_touches_the_one_in_use(
    server: tcpchat.Server, config: tcpchat.Config, secure: Secure, authority: Authority, problem: str
) -> None:
    ann = await (await secure()).enter_line("ann")
    before = fingerprint(ann)
    assert config.tls.certificate is not None
    assert config.tls.key is not None
    pair = (config.tls.certificate, config.tls.key)
    spoiled(pair, authority.issue("other"), authority.issue("expired", days=-1))[problem]()
    told = server.reload()
    assert told.startswith("The certificate from before stays: ")
    assert problem in told
    assert "\n" not in told
    assert fingerprint(await secure()) == before
    authority.issue("server", file=pair[0].stem)
    assert server.reload() == ""
    assert fingerprint(await secure()) != before
    ann.send("/who")
    await ann.until("-- #lobby: ann")


@pytest.mark.threat(53)
async def test_changed_files_are_noticed(
    config: tcpchat.Config, authority: Authority, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(certificates, "LOOK_SECONDS", 0.02)
    assert config.tls.certificate is not None
    async with tcpchat.Server(config) as server:
        assert server.certificate is not None
        before = server.certificate.fingerprint
        config.tls.certificate.write_text("nonsense")
        async with asyncio.timeout(PATIENCE):
            while "There is no certificate" not in caplog.text:
                await asyncio.sleep(0.01)
        assert server.certificate.fingerprint == before
        authority.issue("server", file=config.tls.certificate.stem)
        async with asyncio.timeout(PATIENCE):
            while server.certificate.fingerprint == before:
                await asyncio.sleep(0.01)
        _, writer = await asyncio.open_connection(*server.tls_addresses[0], ssl=authority.client())
        writer.close()
    assert len([record for record in caplog.records if "There is no certificate" in record.getMessage()]) == 1


async def test_a_certificate_that_it_makes_is_kept_for_its_owner_alone(tmp_path: Path) -> None:
    config = tcpchat.Config(tls=Tls(self_signed=True), tls_listen=("127.0.0.1:0",), data=tmp_path)
    shown = []
    for _ in range(2):
        async with tcpchat.Server(config, port=0) as server:
            assert server.certificate is not None
            shown.append(server.certificate.fingerprint)
            streams = await asyncio.open_connection(*server.tls_addresses[0], ssl=careless())
            ann = await Peer(*streams).enter_line("ann")
            assert fingerprint(ann) == shown[-1]
            await ann.close()
    assert shown[0] == shown[1]
    assert (tmp_path / "self-signed.pem").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("tls", "words"),
    [
        (Tls(), "TLS needs a certificate: --tls-cert FILE --tls-key FILE, or --tls self-signed, which makes one."),
        (Tls(certificate=Path("/nowhere/certificate.pem")), "Cannot offer TLS. Cannot read /nowhere/certificate.pem"),
    ],
)
async def test_without_a_certificate_it_does_not_start(tls: Tls, words: str) -> None:
    with pytest.raises(tcpchat.CannotStart, match=words):
        await tcpchat.Server(tcpchat.Config(listen=(), tls=tls, tls_listen=("127.0.0.1:0",))).start()


# certificates of clients


@pytest.fixture
def own(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate that a client made for itself."""
    return self_signed(tmp_path, "ann")


async def test_a_client_may_show_a_certificate_that_is_known_and_none_that_is_not(
    config: tcpchat.Config, authority: Authority, own: tuple[Path, Path], tmp_path: Path
) -> None:
    known = tmp_path / "known.pem"
    known.write_text(own[0].read_text() + authority.file.read_text())
    config = replace(config, tls=replace(config.tls, client_ca=known))
    stranger = self_signed(tmp_path, "stranger")
    async with tcpchat.Server(config) as server:
        for shown in ((), own, authority.issue("bob")):
            context = authority.client(*shown)
            ann = await Peer(*await asyncio.open_connection(*server.tls_addresses[0], ssl=context)).enter_irc("ann")
            ann.send("QUIT")
            await ann.end()
            await ann.close()
        with pytest.raises(OSError):  # noqa: PT011
            await _until_it_is_closed(server, authority.client(*stranger))


async def _until_it_is_closed(server: tcpchat.Server, context: SSLContext) -> None:
    """With TLS 1.3 a client learns only when it reads that its certificate was refused."""
    reader, writer = await asyncio.open_connection(*server.tls_addresses[0], ssl=context)
    try:
        if not await reader.read():
            raise ConnectionResetError
    finally:
        writer.close()


@pytest.mark.threat(31)
async def test_who_has_shown_a_certificate_can_log_in_by_it_and_nobody_else_can(
    config: tcpchat.Config, authority: Authority, own: tuple[Path, Path], tmp_path: Path
) -> None:
    other = self_signed(tmp_path, "other")
    known = tmp_path / "known.pem"
    known.write_text(own[0].read_text() + other[0].read_text())
    config = replace(config, tls=replace(config.tls, client_ca=known))

    async def come(*shown: Path) -> Peer:
        return Peer(*await asyncio.open_connection(*server.tls_addresses[0], ssl=authority.client(*shown)))

    async with tcpchat.Server(config) as server:
        ann = await (await come(*own)).enter_irc("ann")
        ann.send("REGISTER * * correct-horse-battery", "PRIVMSG NickServ :CERT ADD", "PRIVMSG NickServ :CERT LIST")
        await ann.until(hashlib.sha256(ssl.PEM_cert_to_DER_cert(own[0].read_text())).hexdigest())
        ann.send("QUIT")
        await ann.end()
        others = [(other, True, " 904 ")] * 6  # of whom the last is told to wait, but not the one who has it
        for shown, offered, answer in (*others, (own, True, " 903 "), ((), False, " 90[48] ")):
            peer = await come(*shown)
            peer.send("CAP LS 302", "CAP REQ sasl")
            assert ("EXTERNAL" in (await peer.until(r"CAP \* LS :.* sasl=(\S+)"))[1]) is offered
            peer.send("AUTHENTICATE EXTERNAL", "AUTHENTICATE YW5u")  # base64 of ann
            await peer.until(answer)
            await peer.close()
        await ann.close()


# who is told of it


@pytest.fixture
def with_sts(config: tcpchat.Config) -> tcpchat.Config:
    return replace(config, tls=replace(config.tls, sts=86_400))


@pytest.mark.threat(31)
async def test_irc_clients_are_told_where_tls_is(with_sts: tcpchat.Config, authority: Authority) -> None:
    async with tcpchat.Server(with_sts) as server:
        plain = await Peer.open(server.port)
        encrypted = Peer(*await asyncio.open_connection(*server.tls_addresses[0], ssl=authority.client()))
        for peer, value in ((plain, f"port={server.tls_addresses[0][1]}"), (encrypted, "duration=86400")):
            peer.send("CAP LS 302")
            await peer.until(rf"CAP \* LS .*[ :]sts={value} ")
            peer.send("CAP REQ sts", "CAP LS")
            await peer.until(r"CAP \* NAK :?sts")
            listed = (await peer.until(r"CAP \* LS :(.*)\r\n"))[1]
            assert "sts" not in listed.split()  # who cannot see the value has no use for it
            await peer.close()


@pytest.mark.threat(31)
async def test_they_are_told_so_only_if_that_is_wished_and_the_certificate_can_be_verified(
    config: tcpchat.Config, with_sts: tcpchat.Config, tmp_path: Path
) -> None:
    unverifiable = replace(with_sts, tls=Tls(self_signed=True, sts=86_400), data=tmp_path)
    for one in (config, unverifiable):
        async with tcpchat.Server(one) as server:
            streams = await asyncio.open_connection(*server.tls_addresses[0], ssl=careless())
            for peer in (await Peer.open(server.port), Peer(*streams)):
                peer.send("CAP LS 302")
                assert "sts" not in (await peer.until(r"CAP \* LS :(.*)\r\n"))[1]
                await peer.close()


# without it


@pytest.mark.threat(31)
@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
async def test_others_than_this_machine_come_in_without_tls_only_if_that_is_meant(host: str) -> None:
    with pytest.raises(tcpchat.CannotStart, match=r"without TLS: .*--tls self-signed .*--insecure"):
        await tcpchat.Server(host=host, port=0).start()
    async with tcpchat.Server(tcpchat.Config(insecure=True), host=host, port=0) as server:
        assert server.port
