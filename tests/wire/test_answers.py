"""What is an answer, and what is told as part of it."""

import pytest

from tcpchat.config import Config
from tcpchat.model import commands, events, replies
from tcpchat.wire.dialect import Request
from tcpchat.wire.irc.dialect import Irc
from tests.wire.talking import CONFIG, DIALECTS, Talk

BY_ANN = events.Said(room="#tea", by="Ann", text="hi", number=1, id="a-1", time=1)
BY_BOB = events.Said(room="#tea", by="Bob", text="hi", number=2, id="a-2", time=2)


@pytest.mark.parametrize("kind", DIALECTS)
def test_without_a_label_everything_is_told_as_it_happens(kind: str) -> None:
    dialect = DIALECTS[kind](CONFIG)
    assert not dialect.one_at_a_time
    assert dialect.unanswered([BY_ANN, BY_BOB]) == [BY_ANN, BY_BOB]


def irc(capabilities: str) -> Irc:
    """A client that came in as Ann."""
    talk = Talk(Irc(Config()))
    talk.feed(f"CAP REQ :{capabilities}\nNICK Ann\nUSER a 0 * :A\nCAP END\n".encode())
    assert isinstance(talk.dialect, Irc)
    return talk.dialect


def test_what_a_labelled_line_brings_about_is_told_in_one_piece() -> None:
    dialect = irc("labeled-response batch echo-message")
    encoding = dialect.encoding
    items = iter(dialect.receive(b"@label=x PRIVMSG bob,#tea :hi\r\nPING after\r\n"))
    assert next(items) == b"", "what was said before is answered before"
    told = events.Told(to="Bob", by="Ann", text="hi", id="a-3", talk="@~1,~2")
    stored = replies.Stored(number=1, id="a-1", time=1)
    away = replies.Stored(number=1, id="a-3", time=1, to="Bob", away="out")
    for command, event, answer in ((commands.Tell, told, away), (commands.Say, BY_ANN, stored)):
        request = next(items)
        assert isinstance(request, Request)
        assert type(request.command) is command
        assert dialect.one_at_a_time
        assert dialect.encoding.own == encoding.own
        assert dialect.encoding.write(BY_BOB) == encoding.write(BY_BOB) != b"", "what others do is told as always"
        assert dialect.encoding.write(event) == b"", "what is one's own is part of the answer"
        assert dialect.unanswered([BY_BOB, event]) == [BY_BOB]
        assert dialect.answer(request, answer, "Ann") == b""
    assert next(items) == (
        b"@label=x :tcpchat.local BATCH +b1 labeled-response\r\n"
        b"@batch=b1 :Ann PRIVMSG Bob :hi\r\n"
        b"@batch=b1 :tcpchat.local 301 Ann Bob :out\r\n"
        b"@batch=b1 :Ann PRIVMSG #tea :hi\r\n"
        b":tcpchat.local BATCH -b1\r\n"
    )
    assert not dialect.one_at_a_time
    assert dialect.encoding is encoding
    assert dialect.unanswered([BY_ANN]) == [BY_ANN]
    request = next(items)
    assert isinstance(request, Request)
    assert dialect.answer(request, replies.PongReply(token="after"), "Ann") == (
        b":tcpchat.local PONG tcpchat.local after\r\n"
    )


@pytest.mark.parametrize(
    ("capabilities", "line", "answer"),
    [
        ("labeled-response batch", b"@label=x PONG y", b"@label=x :tcpchat.local ACK\r\n"),
        ("labeled-response batch", b"@label=a\\:b NONSENSE", b"@label=a\\:b :tcpchat.local 421 Ann NONSENSE :"),
        (
            "labeled-response batch",
            b"@label=x PRIVMSG bob :\xff",
            b"@label=x :tcpchat.local FAIL PRIVMSG INVALID_UTF8 :",
        ),
        ("labeled-response", b"@label=x MOTD", b"@label=x :tcpchat.local 375 Ann :"),
        ("batch", b"@label=x PONG y", b""),
        ("batch", b"@label=x NONSENSE", b":tcpchat.local 421 Ann NONSENSE :"),
    ],
)
def test_the_label_is_on_the_answer_if_it_was_asked_for(capabilities: str, line: bytes, answer: bytes) -> None:
    dialect = irc(capabilities)
    written = b""
    for item in dialect.receive(line + b"\r\n"):
        written += dialect.answer(item, replies.Done(), "Ann") if isinstance(item, Request) else item
    assert written.startswith(answer)
    assert bool(written) == bool(answer)
    assert written.count(b"label=") == answer.count(b"label=")
