"""What somebody sends cannot control the terminals of others: 563 sequences, every way in, every way out."""

import asyncio
import json
import os
import re
import signal
import sys
import unicodedata
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tcpchat.cli.colours import BOTH
from tcpchat.model.text import CTCP, IRC_FORMATTING
from tests.peer import Peer
from tests.security.terminals import Terminal, controls, corpus

SERVER = [sys.executable, "-m", "tcpchat.server"]
CLIENT = [sys.executable, "-m", "tcpchat.client"]

CAPABILITIES = "server-time message-tags account-tag away-notify extended-join setname batch"

STEP = 40
"""After so many attacks somebody honest says something."""

SAMPLE = 15
"""In the short form every so many sequences go the rarer ways."""

STAGE = 5
"""In the long form so many ways are gone with the same terminals."""

FORGED = {"-- bob is an operator now", "12:00 <bob> I never said this", "12:00 <bob> no", "*** bob quits"}
"""Lines that are within some of the sequences."""

PROMPT = {"\r", *(f"\x1b[{one}" for one in "A B C D J K 0m ?1l ?7h ?7l ?12l ?25h ?25l ?2004h ?2004l".split())}
"""What prompt_toolkit tells the terminal, but for numbers of rows and columns."""

SGR = r"(?:\x1b\[[\d;]*m)*"

SPEAKER = r"(<(mal\w*)>.*|\* mal\w*.*|-mal\w*-.*|<bob> sentinel \d+ stays)"
NOTICE = r"-- .*"
INKS = [f"38;5;{one}" for one in (*BOTH.nicks, BOTH.quiet, BOTH.accent, BOTH.alarm)]
LOOKS = {f"\x1b[{one}m" for ink in INKS for one in ("0", "1", "0;1", ink, f"0;{ink}", f"0;{ink};1")}
"""The colours of the client's own, for names and what is not said."""

TALK = r"(\* \d\d:\d\d \(to you\)|\d\d:\d\d( #\S+| \(to \S+\))?)"
HEADS = {
    "nc": rf"(Welcome to tcpchat|Nickname: -- |{NOTICE}|\[\d\d:\d\d\] (#\S+ |\(to you\) |\(to \S+\) )?{SPEAKER})",
    "client": rf"((anna|cora) #lobby( [@#]\S+:@?\d+)*>|… /who|{NOTICE}| {{6,}}.*|{TALK} ?{SPEAKER})",
    "log": rf"\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d \S+ ({SPEAKER}|{NOTICE})",
    "server": r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (DEBUG|INFO|WARNING|ERROR|CRITICAL) .*|SIGTERM: |Stopped\.",
}
"""How every row begins, and no other."""

HEADS["telnet"] = rf"({HEADS['nc']}|Trying |Connected to |Escape character is|tess$|/who mal)"
HEADS["plain"] = HEADS["coloured"] = HEADS["client"]


class Stage:
    """A server and four people at terminals, one who is honest, and three who are not, each with their own dialect."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir()
        self._directory = directory
        kept = {name: value for name, value in os.environ.items() if name in {"PATH", "PYTHONPATH", "TCPCHAT_AS_ROOT"}}
        home = {
            "HOME": str(directory),
            "XDG_STATE_HOME": str(directory / "state"),
            "XDG_CONFIG_HOME": str(directory / "config"),
        }
        settings = directory / "config" / "tcpchat" / "client.toml"
        settings.parent.mkdir(parents=True)
        settings.write_text('bell = "off"\njoins = "all"\n')  # what rings is none of ours, and all there is is shown
        self._environment = {**kept, **home, "USER": "ann", "TERM": "xterm", "LC_ALL": "C.UTF-8"}
        self.faces: dict[str, Terminal] = {}
        self.starts: dict[str, int] = {}
        """How much each face had written before the first attack."""
        self._sentinels = 0

    async def set(self) -> None:
        """Everybody comes in."""
        data = str(self._directory / "data")
        options = ["--listen", "127.0.0.1:0", "--data", data, "--log-level", "debug", "--set", "limits.enabled=false"]
        self.server = self._terminal(*SERVER, *options)
        self.port = int((await self.server.until(r"listening on 127\.0\.0\.1:(\d+)"))[1])
        address = f"127.0.0.1:{self.port}"
        self.faces["nc"] = self._terminal("nc", "127.0.0.1", str(self.port))
        self.faces["telnet"] = self._terminal("telnet", "127.0.0.1", str(self.port))
        self.faces["client"] = self._terminal(*CLIENT, address, "--nick", "anna", NO_COLOR="1")
        self.faces["coloured"] = self._terminal(*CLIENT, address, "--nick", "cora")
        self.faces["plain"] = self._terminal(*CLIENT, address, "--nick", "paula", "--plain")
        await self.faces["telnet"].until("Escape character")
        self.faces["nc"].type("nora\n")
        self.faces["telnet"].type("tess\n")
        for name, seen in (
            ("nc", "You are in"),
            ("telnet", "You are in"),
            ("client", "anna #lobby>"),
            ("coloured", rf"cora {SGR}#lobby{SGR}>"),
            ("plain", "/help"),
        ):
            await self.faces[name].until(seen)
        self.bob = await (await Peer.open(self.port)).enter_json("bob", "#lobby")
        self.json = await (await Peer.open(self.port)).enter_json("malj", "#lobby")
        self.irc = await (await Peer.open(self.port)).enter_irc("malq", "#lobby", "setname")
        self.line = await (await Peer.open(self.port)).enter_line("malp")
        self.listeners = {
            "irc": Listening(await (await Peer.open(self.port)).enter_irc("vera", "#lobby")),
            "irc with all": Listening(await (await Peer.open(self.port)).enter_irc("viv", "#lobby", CAPABILITIES)),
            "json": Listening(await (await Peer.open(self.port)).enter_json("val", "#lobby")),
        }
        await self.sentinel()
        await self.ask_about("malj")
        self.starts = {name: len(face.raw) for name, face in self.faces.items()}

    def _terminal(self, *command: str, **more: str) -> Terminal:
        return Terminal(command, {**self._environment, **more})

    async def sentinel(self) -> None:
        """Bob says what has to be on every screen at the end."""
        self._sentinels += 1
        starts = {face: len(face.raw) for face in self.faces.values()}
        await self.bob.ask(do="say", room="#lobby", text=f"sentinel {self._sentinels} stays")
        for face, start in starts.items():
            await face.until(rf"bob{SGR}>{SGR} sentinel {self._sentinels} stays\r", start)

    async def settled(self) -> None:
        """All that was sent by the three has come to something."""
        await self.json.ask(do="ping")
        self.irc.send("PING settled")
        await self.irc.until(r" PONG .*settled")
        self.line.send("/who nobody_at_all")
        await self.line.until("nobody_at_all")

    async def ask_about(self, nick: str) -> None:
        """Everybody at a terminal looks somebody up."""
        for face in self.faces.values():
            start = len(face.raw)
            face.type(f"/who {nick}" + ("\r" if face in self._drawn else "\n"))
            await face.until(rf"-- {nick} \(", start)

    @property
    def _drawn(self) -> list[Terminal]:
        """Those with a prompt."""
        return [self.faces["client"], self.faces["coloured"]]

    async def export(self) -> Terminal:
        """The log as text."""
        terminal = self._terminal(*SERVER, "log", "export", "--data", str(self._directory / "data"))
        await terminal.end()
        return terminal

    async def stop(self) -> None:
        self.server.child.kill(signal.SIGTERM)
        await self.server.end()

    def close(self) -> None:
        for terminal in (self.server, *self.faces.values()):
            terminal.close()

    def check(self) -> None:
        """Nothing came to a terminal but text, in lines that nobody else could have written, and all that bob said."""
        for name, face in self.faces.items():
            self._check(name, face)
        for name, listener in self.listeners.items():
            check_bytes(name, bytes(listener.peer.seen))

    def _check(self, name: str, face: Terminal) -> None:
        shown = face.raw[self.starts[name] :]
        if name == "coloured":
            shown = re.sub("|".join(map(re.escape, LOOKS)), "", shown)
        if face in self._drawn:
            shown, drawn = parted(shown)
            assert controls(drawn) <= PROMPT
        assert not controls(shown), f"{name} was told to do {controls(shown)}"
        assert not [done for done in face.screen.done if done.startswith(("title", "icon", "reply", "bell", "margins"))]
        rows = list(face.screen.rows())
        said = [match[1] for row in rows if (match := re.search(r"<bob> (sentinel \d+ stays)$", row))]
        assert said == [f"sentinel {number} stays" for number in range(1, self._sentinels + 1)], name
        check_rows(name, rows)


class Listening:
    """Somebody whose program reads all the time."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        while data := await self.peer.reader.read(1 << 16):
            self.peer.seen += data

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])
        await self.peer.close()


def check_bytes(name: str, seen: bytes) -> None:
    """Whole lines with their ends and no other, of UTF-8, and no control character that IRC does not have."""
    allowed = set("\n") if name == "json" else set(f"\r\n\t{CTCP}{IRC_FORMATTING}")
    written = seen[: seen.rindex(b"\n") + 1].decode()
    assert not {one for one in written if unicodedata.category(one) in {"Cc", "Cs", "Zl", "Zp"}} - allowed, name
    if name != "json":
        assert not set("\u202d\u202e\U000e0041") & set(re.sub(r"(?m)^@\S+ ", "", written)), name
        assert written.count("\r") == written.count("\n") == written.count("\r\n"), name


def parted(written: str) -> tuple[str, str]:
    """What is shown, and what prompt_toolkit draws around it."""
    shown = re.findall(r"\x1b\[\?2004l(.*?)\x1b\[\?2004h", written, re.DOTALL)
    return "".join(shown), re.sub(r"\x1b\[\?2004l.*?\x1b\[\?2004h", "", written, flags=re.DOTALL)


def check_rows(face: str, rows: Iterable[str]) -> None:
    """Every row begins as this face begins its rows."""
    head = re.compile(HEADS[face])
    strange = [row for row in rows if row in FORGED or head.match(row) is None]
    assert not strange, f"{face} shows {strange[:5]}"


@asynccontextmanager
async def stage(directory: Path) -> AsyncIterator[Stage]:
    it = Stage(directory)
    try:
        await it.set()
        yield it
    finally:
        for listener in getattr(it, "listeners", {}).values():
            await listener.stop()
        for peer in (getattr(it, name, None) for name in ("bob", "json", "irc", "line")):
            if peer is not None:
                await peer.close()
        it.close()


# ways in


def text(sequence: bytes) -> str:
    """What JSON can carry of it: bytes that are no UTF-8 as lone surrogates."""
    return sequence.decode("utf-8", "surrogateescape")


def one_line(sequence: bytes) -> bytes:
    """What fits into a line of IRC or of nc."""
    return sequence.translate(None, b"\r\n\0")


def json_way(**request: str) -> "Way":
    async def strike(it: Stage, sequence: bytes) -> None:
        filled = {key: text(sequence).join(value.split("%")) for key, value in request.items()}
        it.json.send(json.dumps({"id": 1, **filled}))

    return strike


def both(one: "Way", other: "Way") -> "Way":
    async def strike(it: Stage, sequence: bytes) -> None:
        await one(it, sequence)
        await other(it, sequence)

    return strike


def looked_up(way: "Way", nick: str) -> "Way":
    """After it everybody looks who it was."""

    async def strike(it: Stage, sequence: bytes) -> None:
        await way(it, sequence)
        await it.settled()
        await it.ask_about(nick)

    return strike


async def farewell(it: Stage, sequence: bytes) -> None:
    """Somebody comes to say goodbye."""
    peer = await (await Peer.open(it.port)).enter_irc("malx", "#lobby")
    peer.send(b"QUIT :" + one_line(sequence), b"QUIT")  # what is no UTF-8 is refused
    await peer.end()
    await peer.close()


def irc_way(*lines: bytes) -> "Way":
    async def strike(it: Stage, sequence: bytes) -> None:
        it.irc.send(*(one.replace(b"%", one_line(sequence)) for one in lines))

    return strike


def line_way(*lines: bytes) -> "Way":
    async def strike(it: Stage, sequence: bytes) -> None:
        it.line.send(*(one.replace(b"%", one_line(sequence)) for one in lines))

    return strike


Way = Callable[[Stage, bytes], Any]

ALWAYS: dict[str, Way] = {
    "json: message": json_way(do="say", room="#lobby", text="%"),
    "irc: message": irc_way(b"PRIVMSG #lobby :%"),
    "line: message": line_way(b"%"),
}

RARER: dict[str, Way] = {
    "json: nick": both(json_way(do="rename", nick="mal%"), json_way(do="rename", nick="malj")),
    "json: topic": json_way(do="set_topic", room="#lobby", topic="%"),
    "json: action": json_way(do="say", room="#lobby", text="a%b", kind="action"),
    "json: notice": json_way(do="say", room="#lobby", text="%x", kind="notice"),
    "json: several lines": json_way(do="say", room="#lobby", text="one\n%\nthree"),
    "json: to one": json_way(do="tell", to="nora", text="%"),
    "json: to another": json_way(do="tell", to="anna", text="%"),
    "json: room": json_way(do="join", room="#%"),
    "json: real name": looked_up(json_way(do="set_name", name="x%"), "malj"),
    "json: away": looked_up(json_way(do="away", text="%"), "malj"),
    "json: tag": json_way(do="say", room="#lobby", text="tagged %", key="%"),
    "irc: action": irc_way(b"PRIVMSG #lobby :\x01ACTION %\x01"),
    "irc: notice": irc_way(b"NOTICE #lobby :%"),
    "irc: topic": irc_way(b"TOPIC #lobby :%"),
    "irc: nick": irc_way(b"NICK :mal%", b"NICK malq"),
    "irc: room": irc_way(b"JOIN :#%"),
    "irc: reason": irc_way(b"PART #lobby :%", b"JOIN #lobby"),
    "irc: real name": looked_up(irc_way(b"SETNAME :x%"), "malq"),
    "irc: away": looked_up(irc_way(b"AWAY :%"), "malq"),
    "irc: farewell": farewell,
    "irc: to one": irc_way(b"PRIVMSG paula :%"),
    "irc: invitation": irc_way(b"JOIN :#mal%", b"INVITE tess :#mal%", b"PART :#mal%"),
    "irc: source and tags": irc_way(b"@time=%;+x=% :bob!%@% PRIVMSG #lobby :x"),
    "line: action": line_way(b"/me %"),
    "line: nick": line_way(b"/nick mal%", b"/nick malp"),
    "line: topic": line_way(b"/topic %"),
    "line: room": line_way(b"/join #%", b"/join #lobby"),
    "line: away": line_way(b"/away %"),
    "line: to one": line_way(b"/msg nora %"),
    "line: no command": line_way(b"/%"),
}


async def attack(it: Stage, ways: Iterable[Way], sequences: Sequence[bytes]) -> None:
    """Each sequence on each of the ways, and an honest word now and then."""
    strikes = [(way, sequence) for way in ways for sequence in sequences]
    for number, (way, sequence) in enumerate(strikes, 1):
        await way(it, sequence)
        if number % STEP == 0:
            await it.settled()
            await it.sentinel()
    await it.settled()
    await it.sentinel()


@pytest.mark.threat(17, 18, 21, 22, 23)
async def test_no_sequence_does_anything_to_a_terminal(long: bool, tmp_path: Path) -> None:
    sequences = [sequence for _, sequence in corpus()]
    assert len(set(sequences)) >= 300
    rarer = list(RARER.values())
    async with stage(tmp_path / "0") as it:
        await attack(it, ALWAYS.values(), sequences)
        if not long:
            await attack(it, rarer, sequences[::SAMPLE])
        await seen_through(it)
    for start in range(0, len(rarer) if long else 0, STAGE):
        async with stage(tmp_path / f"{start + 1}") as it:
            await attack(it, rarer[start : start + STAGE], sequences)
            await seen_through(it)


async def seen_through(it: Stage) -> None:
    """Look at every screen; at the server's own when it has stopped, and at the log when it is exported."""
    it.check()
    await it.stop()
    rows = list(it.server.screen.rows())
    check_rows("server", rows[rows.index("Ctrl-C stops it.") + 1 :])
    assert not controls(it.server.raw)
    log = await it.export()
    check_rows("log", log.screen.rows())
    assert not controls(log.raw)
    log.close()
