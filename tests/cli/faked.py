"""A server of which a test decides what it answers, and when."""

import json
import socket
from typing import Any

from tests.cli.screen import SECONDS


class Faked:
    """A server that lets everybody in and answers what is said as the test wants."""

    def __init__(self, **answers: dict[str, Any]) -> None:
        """`answers`: what is answered otherwise than by default, by what is asked for."""
        self._answers = {
            "enter": {"reply": "welcome", "nick": "ann", "server": "faked", "version": "0"},
            "join": {"reply": "seated", "room": "#lobby", "people": ["ann"]},
            "show_marker": {"reply": "marker", "target": "#lobby"},
            "set_marker": {"reply": "marker", "target": "#lobby"},
            "history": {"reply": "page", "room": "#lobby", "events": []},
            **answers,
        }
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(SECONDS)
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.link: socket.socket | None = None

    def answer(self, do: str, answer: dict[str, Any] | None) -> None:
        """From now on this is answered; None: nothing, the test does it."""
        self._answers.pop(do, None)
        if answer is not None:
            self._answers[do] = answer

    def drop(self) -> None:
        """Break the link; another one is taken."""
        assert self.link is not None
        self._lines.close()
        self.link.close()
        self.link = None

    def until_said(self) -> int:
        """Until something is said. :returns: the id of the request."""
        return int(self.until("say")["id"])

    def until(self, do: str) -> dict[str, Any]:
        """Until something is asked for. It is answered, and so is all before, if there is an answer to it."""
        if self.link is None:
            self.link, _ = self._listener.accept()
            self.link.settimeout(SECONDS)
            self._lines = self.link.makefile("rb")
            self.tell(hello="faked", protocol=1, version="0")
        for line in self._lines:
            wish: dict[str, Any] = json.loads(line)
            if wish["do"] in self._answers:
                self.tell(ok=wish["id"], **self._answers[wish["do"]])
            if wish["do"] == do:
                return wish
        raise AssertionError(f"nobody asked to {do}")

    def tell(self, **line: Any) -> None:
        """Send a line."""
        assert self.link is not None
        self.link.sendall(json.dumps(line).encode() + b"\n")

    def close(self) -> None:
        """Be gone."""
        self._listener.close()
        if self.link is not None:
            self._lines.close()
            self.link.close()


def said(number: int, text: str, by: str = "ann") -> dict[str, Any]:
    """An event of the room."""
    return {"event": "said", "room": "#lobby", "by": by, "text": text, "number": number, "id": f"a-{number}", "time": 1}
