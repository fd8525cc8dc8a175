"""Whatever lines come, no dialect raises, and each goes on listening afterwards."""

from collections.abc import Iterator
from random import Random

import pytest

from tcpchat.model import commands
from tests.wire.talking import CONFIG, DIALECTS, Talk
from tests.wire.test_splits import SPOKEN

LINES = 200_000
AT_ONCE = 50

ENTERING = {"irc": b"NICK Ann\nUSER a 0 * :Ann\n", "jsonl": b'{"do":"enter","nick":"Ann"}\n', "line": b"Ann\n"}
PINGS = {
    "irc": (b"\nPING still-there\n", commands.Ping(token="still-there")),
    "jsonl": (b'\n{"do":"ping","token":"still-there"}\n', commands.Ping(token="still-there")),
    "line": (b"\n/away still-there\n", commands.Away(text="still-there")),
}
VERBS = {
    "irc": (
        b"CAP PASS NICK USER JOIN PART PRIVMSG NOTICE TOPIC NAMES LIST WHO WHOIS MODE AWAY PING PONG MOTD KICK @a=b :x "
        b"AUTHENTICATE REGISTER VERIFY NICKSERV NS SETNAME TAGMSG REDACT BATCH CHATHISTORY MARKREAD INVITE RENAME "
        b"WHOWAS MONITOR ISON USERHOST LUSERS STATS VERSION TIME ADMIN INFO LINKS HELP OPER KILL WALLOPS REHASH "
        b"CHGHOST @label=x @batch=x @label=y;+a=b"
    ),
    "jsonl": (
        b"enter rename join part say tell set_topic show_topic list_rooms list_people whois away history ping pong "
        b"check_nick register log_in challenge prove show_account whowas watch unwatch set_own_modes set_modes "
        b"show_modes show_masks kick invite rename_room tag redact list_talks set_marker show_marker kill wallops"
    ),
    "line": b"/nick /join /part /rooms /who /msg /me /topic /history /away /help / // /x hello \xff\xfa \xff\xfb \x08",
}
WORDS = [
    b"#tea", b"#", b"&x", b"Ann", b"bob", b"", b":", b":a b", b"*", b"0", b"-1", b"+b",
    b"99999999999999999999999", b"1.5",
    b"\xc3\xa9", b"\xed\xa0\x80", b"\xf0\x9f\x98\x80", b"\x00", b"\x01ACTION x\x01", b"\x1b[2J", b"\xe2\x80\xae", b"LS",
    b"REQ", b"END", b"batch server-time", b"-batch", b"#a,#b,,c", b"null", b"[]",
    b"true", b'"\\ud800"', b'"\\u0000"', b"@",
    b";=\\:", b"x" * 600, b"\r", b"{", b"}", b"\xff", b"/",
    b"+1", b"-1", b"+x draft/multiline #a", b"-x", b"PLAIN", b"SCRAM-SHA-256", b"bj0sLA==", b"AAA=", b"+", b"a" * 400,
    b"LATEST", b"AROUND", b"TARGETS", b"BETWEEN", b"msgid=a-1", b"timestamp=2026-01-01T00:00:00.000Z",
    b"timestamp=9999-99-99T99:99:99Z", b"%tcuihsnfdlaor,123", b"+ov-kl+b", b"~a:x", b"~m:~m:", b"***?**", b"IDENTIFY",
    b"INFO", b"C", b"L", b"5", b"msgid=", b"\xd9\xa3", b"@+#tea",
    b"labeled-response batch message-tags draft/multiline",
]  # fmt: skip
FIELDS = [
    *(b"id", b"nick", b"room", b"text", b"to", b"kind", b"key", b"topic", b"rooms", b"before", b"after", b"limit"),
    *(
        b"changes",
        b"tags",
        b"nicks",
        b"around",
        b"target",
        b"time",
        b"account",
        b"password",
        b"mode",
        b"seams",
        b"status",
    ),
]


def random_lines(kind: str, random: Random) -> Iterator[bytes]:
    verbs = VERBS[kind].split(b" ")
    while True:
        match random.randrange(3):
            case 0:
                yield random.randbytes(random.randrange(24)).replace(b"\n", b"")
            case 1:
                yield mutated(random.choice(SPOKEN[kind]), random)
            case 2 if kind == "jsonl":
                values = (b'"%b"' % word if random.random() < 0.7 else word for word in random.choices(WORDS, k=3))
                fields = b",".join(map(b'"%b":%b'.__mod__, zip(random.choices(FIELDS, k=3), values, strict=True)))
                yield b'{"do":"%b",%b}' % (random.choice(verbs), fields)
            case _:
                yield b" ".join([random.choice(verbs), *random.choices(WORDS, k=random.randrange(5))])


def mutated(line: bytes, random: Random) -> bytes:
    """A line as a person would mistype it, or an attacker."""
    place = random.randrange(len(line) + 1)
    end = min(len(line), place + random.randrange(3))
    return line[:place] + random.choice([*WORDS, b"", b"\xfe", b" "]) + line[end:]


@pytest.mark.threat(16)
@pytest.mark.parametrize("kind", DIALECTS)
def test_no_line_makes_a_dialect_fail(kind: str) -> None:
    random, understood = Random(20_260_723), 0
    lines = random_lines(kind, random)
    for _ in range(LINES // 1_000):
        talk = Talk(DIALECTS[kind](CONFIG))
        talk.feed(ENTERING[kind] if random.random() < 0.9 else b"")
        for _ in range(1_000 // AT_ONCE):
            talk.feed(b"\n".join(next(lines) for _ in range(AT_ONCE)) + b"\n")
            understood += sum(isinstance(item, commands.Command) for item in talk.heard)
            talk.heard.clear()
            if talk.ended:
                talk = Talk(DIALECTS[kind](CONFIG))
                talk.feed(ENTERING[kind])
        talk.finish()
    assert understood > LINES / 50


@pytest.mark.parametrize("kind", DIALECTS)
def test_after_any_lines_a_dialect_still_listens(kind: str) -> None:
    lines, (ping, wish) = random_lines(kind, Random(1)), PINGS[kind]
    for _ in range(500):
        talk = Talk(DIALECTS[kind](CONFIG))
        talk.feed(ENTERING[kind])
        noise = next(lines)
        if kind == "line" and b"\xff" in noise:
            continue  # an unfinished telnet command takes what follows for its own
        talk.feed(noise)
        talk.feed(ping)
        assert wish in talk.heard or talk.ended
