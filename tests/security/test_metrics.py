"""The door for metrics: only where it was asked for, only on this machine, bounded, and nobody is named. Row 60."""

import asyncio
import re
import socket
import sys
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

import tcpchat
from tcpchat.backend.base import Unavailable
from tcpchat.config import BadSetting, load
from tcpchat.model.errors import CannotStart
from tcpchat.server import probes
from tests.cli.test_server import running
from tests.conftest import Connect

pytestmark = pytest.mark.threat(60)


@pytest.fixture
def config(tmp_path: Path) -> tcpchat.Config:
    return tcpchat.Config(data=tmp_path / "data", metrics="127.0.0.1:0")


async def ask(server: tcpchat.Server, request: str | bytes) -> tuple[int, str, str]:
    """Status, headers and body of what is answered."""
    assert server.probes is not None
    return await asked(*await asyncio.open_connection("127.0.0.1", server.probes.port), request)


async def asked(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: str | bytes
) -> tuple[int, str, str]:
    writer.write(request if isinstance(request, bytes) else request.replace("\n", "\r\n").encode())
    answer = (await asyncio.wait_for(reader.read(-1), 15)).decode()
    writer.close()
    head, _, body = answer.partition("\r\n\r\n")
    assert f"Content-Length: {len(body)}" in head
    return int(head.split(" ")[1]), head, body


async def told(server: tcpchat.Server) -> dict[str, float]:
    """Every sample by its name and labels."""
    status, head, body = await ask(server, "GET /metrics HTTP/1.1\nHost: localhost\n\n")
    assert (status, "text/plain; version=0.0.4" in head) == (200, True)
    samples = [sample for family in text_string_to_metric_families(body) for sample in family.samples]
    return {one.name + "".join(f",{value}" for value in one.labels.values()): one.value for one in samples}


async def test_what_happens_is_counted(server: tcpchat.Server, connect: Connect) -> None:
    ann, bob, eve = await connect(), await connect(), await connect()
    await ann.enter_irc("ann", "#tea")
    await bob.enter_json("bob", "#tea")
    before = await told(server)
    for text in ("one", "two", "three"):
        await bob.ask(do="say", room="#tea", text=text)
    ann.send("PRIVMSG NickServ :IDENTIFY nobody wrong", "PING end")
    await ann.until("PONG .*end")
    eve.send("")
    after = await told(server)
    assert after["tcpchat_sessions,irc"] == after["tcpchat_sessions,jsonlines"] == 1
    assert (after["tcpchat_people"], after["tcpchat_rooms"]) == (2, 2)
    assert after["tcpchat_records_stored_total"] >= before["tcpchat_records_stored_total"] + 3
    assert after["tcpchat_commit_seconds_count"] >= before["tcpchat_commit_seconds_count"] + 3
    assert after["tcpchat_commit_seconds_bucket,+Inf"] == after["tcpchat_commit_seconds_count"]
    assert after["tcpchat_fanout_bytes_total"] > before["tcpchat_fanout_bytes_total"]
    assert after["tcpchat_connections_accepted_total"] == 3
    assert after["tcpchat_logins_refused_total,wrong"] == before["tcpchat_logins_refused_total,wrong"] + 1
    assert after["tcpchat_errors_total"] == 0
    assert after["tcpchat_requests_too_fast_total,refused"] == 0
    assert "tcpchat_loop_lag_seconds_count" in after


async def test_nobody_is_named_and_labels_are_few(server: tcpchat.Server, connect: Connect) -> None:
    for number in range(40):
        peer = await connect()
        await peer.enter_irc(f"annabel{number}", f"#secretplan{number}")
    _, _, body = await ask(server, "GET /metrics HTTP/1.1\n\n")
    assert not re.search(r"annabel|secretplan|127\.0\.0|localhost", body)
    assert len(set(re.findall(r'(\w+="[^"]*")', body))) <= 200


async def test_health_is_whether_the_log_takes_writes(server: tcpchat.Server, monkeypatch: pytest.MonkeyPatch) -> None:
    request = "GET /healthz HTTP/1.1\nHost: 127.0.0.1:9667\n\n"
    for _ in range(3):
        assert (await ask(server, request))[::2] == (200, "ok\n")

    def full(_: Any) -> Any:
        future = asyncio.get_running_loop().create_future()
        future.set_exception(Unavailable("Not stored: the disk is full."))
        return future

    with monkeypatch.context() as patch:
        patch.setattr(server.backend, "record", full)
        assert (await ask(server, request))[::2] == (503, "Not stored: the disk is full.\n")
    with monkeypatch.context() as patch:
        patch.setattr(probes, "HEALTHY_SECONDS", 0.05)
        patch.setattr(server.backend, "record", lambda _: asyncio.get_running_loop().create_future())
        status, _, body = await ask(server, request)
        assert (status, "has taken nothing" in body) == (503, True)
    assert (await ask(server, request))[0] == 200


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ("POST /metrics HTTP/1.1\nHost: localhost\n\n", 405),
        ("GET / HTTP/1.1\n\n", 404),
        ("GET /metrics/../../etc/passwd HTTP/1.1\n\n", 404),
        ("GET /healthz?x=1 HTTP/1.0\n\n", 200),
        ("GET /metrics HTTP/1.1\nHost: attacker.example\n\n", 403),
        ("GET /metrics HTTP/1.1\nHost: 127.0.0.1.attacker.example:80\n\n", 403),
        ("GET /metrics HTTP/1.1\nHost: [::1\n\n", 403),
        ("GET /metrics HTTP/1.1\nHost: [::1]:9667\n\n", 200),
        ("GET /metrics\n\n", 400),
        ("nonsense\n\n", 400),
        ("\n\n\n", 400),
        (b"\xff\x00\r\n\r\n", 400),
        ("GET /healthz HTTP/1.1\n" + "X: y\n" * 3_000 + "\n", 431),
    ],
)
async def test_what_is_no_question_gets_a_short_answer(
    server: tcpchat.Server, request_: str | bytes, status: int
) -> None:
    assert (await ask(server, request_))[0] == status
    assert (await ask(server, "GET /healthz HTTP/1.1\n\n"))[0] == 200


async def test_who_says_nothing_is_closed_and_keeps_nobody_out_for_long(
    server: tcpchat.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probes, "SECONDS", 0.2)
    assert server.probes is not None
    silent = [await asyncio.open_connection("127.0.0.1", server.probes.port) for _ in range(probes.MOST_AT_ONCE + 5)]
    for reader, writer in silent:
        assert await asyncio.wait_for(reader.read(-1), 15) == b""
        writer.close()
    assert (await ask(server, "GET /healthz HTTP/1.1\n\n"))[0] == 200


async def test_a_unix_socket_is_its_owners_and_is_gone_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "metrics"
    with socket.socket(socket.AF_UNIX) as left:  # by a server that was killed
        left.bind(str(path))
    async with tcpchat.Server(tcpchat.Config(metrics=f"unix:{path}"), port=0):
        assert path.stat().st_mode & 0o777 == 0o600
        answer = await asked(*await asyncio.open_unix_connection(path), "GET /healthz HTTP/1.1\nHost: any\n\n")
        assert answer[::2] == (200, "ok\n")
        with pytest.raises(CannotStart, match="somebody listens there already"):
            async with tcpchat.Server(tcpchat.Config(metrics=f"unix:{path}"), port=0):
                pass
    assert not path.exists()


@pytest.mark.parametrize(
    "place", ["0.0.0.0:9667", "[::]:9667", "192.0.2.1:9667", "chat.example:9667", "unix:", "9667x"]
)
def test_it_is_for_this_machine_only(place: str) -> None:
    with pytest.raises(BadSetting, match="The setting metrics is wrong: "):
        load(None, [f"metrics={place}"])


def listening(process: int) -> set[int]:
    """The TCP ports that a process listens on (Linux)."""
    inodes = {
        found[1]
        for file in Path(f"/proc/{process}/fd").iterdir()
        if (found := re.fullmatch(r"socket:\[(\d+)\]", str(file.readlink())))
    }
    rows = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/{process}/net/{table}").read_text().splitlines()[1:]
    ]
    return {int(row[1].rpartition(":")[2], 16) for row in rows if row[3] == "0A" and row[9] in inodes}


@pytest.mark.skipif(not Path("/proc/self/net/tcp").exists(), reason="Linux tells who listens")
@pytest.mark.parametrize(
    "asked", [[], ["--set", "metrics={}"], ["--tls", "self-signed", "--tls-listen", "{}", "--set", "metrics={}"]]
)
def test_nothing_listens_but_what_was_asked_for(tmp_path: Path, asked: list[str]) -> None:
    ports: set[int] = set()
    for place, option in enumerate(asked):
        if option.endswith("{}"):
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                ports.add(port := free.getsockname()[1])
            asked = [*asked[:place], option.format(f"127.0.0.1:{port}"), *asked[place + 1 :]]
    with running("--data", str(tmp_path), *asked) as (process, chat):
        assert listening(process.pid) == {chat, *ports}


async def test_prometheus_is_imported_only_where_it_is_wanted() -> None:
    script = "import sys, asyncio, tcpchat\nasync def main():\n async with tcpchat.Server(port=0): pass\n"
    script += "asyncio.run(main()); sys.exit('prometheus_client' in sys.modules)"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", script)
    assert await process.wait() == 0
