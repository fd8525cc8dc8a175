"""Lines made to take long, or to be answered by much: each a script that prepares, and the line itself."""

from collections.abc import Iterator

from tests.fuzz.scripts import MOST_LINES

MOST = 510
"""Bytes of a line besides its end and its tags."""


def heavy() -> dict[str, bytes]:
    """The scripts, by what they try."""
    return {name: b"\n".join(lines) for name, lines in _all()}


def deep() -> dict[str, list[bytes]]:
    """What takes many lines to prepare: scripts, of which the last is the line itself."""
    return {name: [*_in_pieces(lines), last] for name, lines, last in _deep()}


def _in_pieces(lines: list[bytes]) -> list[bytes]:
    return [b"\n".join(lines[place : place + 100]) for place in range(0, len(lines), 100)]


def _deep() -> Iterator[tuple[str, list[bytes], bytes]]:
    latest = b"1 CHATHISTORY LATEST #tea * 500"
    tags = b";".join(b"+t%d=vvvvvvvvvvvvvvvvvvvv" % n for n in range(100))
    for name, said in {
        "short lines": [b"0 PRIVMSG #tea :hi"],
        "long lines": [b"0 PRIVMSG #tea :" + b"x" * 400],
        "lines in Greek": [b"0 PRIVMSG #tea :" + "λ".encode() * 200],
        "lines with many tags": [b"0 @" + tags + b" PRIVMSG #tea :x"],
        "lines with escaped tags": [b"0 @+t=" + b"\\:" * 2_000 + b" PRIVMSG #tea :x"],
        "tags": [b"0 @+draft/persist;" + tags + b" TAGMSG #tea"],
        "messages of a hundred short lines": _multiline(b"x"),
        "messages of a hundred lines": _multiline(b"x" * 30),
        "modes": [b"0 MODE #tea +bbbb a b c d", b"0 MODE #tea -bbbb a b c d"],
        "topics": [b"0 TOPIC #tea :" + b"x" * 390],
    }.items():  # fmt: skip
        yield f"CHATHISTORY of 500 {name}", said * 510, latest
        yield f"CHATHISTORY of 500 {name} with a label", said * 510, b"1 @label=x" + latest[1:]
        yield f"CHATHISTORY of 500 {name} for one without batches", said * 510, b"5" + latest[1:]
    long = [b"0 PRIVMSG #tea :" + b"x" * 400] * 510
    yield "CHATHISTORY around the middle", long, b"1 CHATHISTORY AROUND #tea msgid=abc123-200 500"
    yield "REDACT of the first of 500", long, b"0 REDACT #tea abc123-3"
    yield "JOIN after 500", [*long, b"5 PART #tea"], b"5 JOIN #tea"
    for name, mask in {"wildcards": b"%d" + b"*?" * 45, "stars": b"%d" + b"*a" * 45, "questions": b"%d" + b"?" * 90,
                       "Greek": b"%d" + "λ".encode() * 45, "short names": b"x%d"}.items():  # fmt: skip
        bans = [b"0 MODE #tea +bbbb " + b" ".join(mask % n for n in range(m, m + 4)) for m in range(0, 100, 4)]
        yield f"PRIVMSG past a hundred bans of {name}", bans, b"2 PRIVMSG #tea :am I banned?"
        yield f"JOIN past a hundred bans of {name}", [*bans, b"2 PART #tea"], b"2 JOIN #tea"
        yield f"MODE on a hundred bans of {name}", bans[:-1], bans[-1]
        yield f"MODE on a full list of bans of {name}", bans, bans[-1].replace(b"x", b"y").replace(b"*", b"**")
    markers = [b"0 MARKREAD #r%d timestamp=2026-01-01T00:00:00.000Z" % n for n in range(520)]
    yield "MARKREAD on a full list", markers, markers[0].replace(b"2026", b"2027")
    people = [b"1 NICK n%d" % n for n in range(60)]
    yield "WHOWAS of sixty", people, b"0 WHOWAS n1"


def _multiline(line: bytes) -> list[bytes]:
    return [b"0 BATCH +1 draft/multiline #tea", *[b"0 @batch=1 PRIVMSG #tea :" + line] * 99, b"0 BATCH -1"]


def _all() -> Iterator[tuple[str, list[bytes]]]:
    yield from _masks()
    yield from _lists_of_names()
    yield from _talk()
    yield from _tags()
    yield from _logins()


def _masks() -> Iterator[tuple[str, list[bytes]]]:
    stars = b"*a" * 90
    yield "ban with many stars", [b"0 MODE #tea +b " + stars + b"!*@*", b"2 PRIVMSG #tea :am I banned?"]
    bans = [b"0 MODE #tea +bbbb " + b" ".join(b"%d%b!*@*" % (n, b"*?" * 45) for n in range(m, m + 4))
            for m in range(0, 100, 4)]  # fmt: skip
    yield "a hundred bans before speaking", [*bans, b"2 PRIVMSG #tea :am I banned?"]
    yield "a hundred bans before joining", [*bans, b"2 PART #tea", b"2 JOIN #tea"]
    yield "a hundred bans listed", [*bans, b"1 MODE #tea b"]
    yield "bans on a full list", [*bans, b"0 MODE #tea +" + b"b" * 200 + b" " + b" ".join([b"z"] * 100)]
    yield "many modes", [b"0 MODE #tea " + b"+m-m" * 120]
    yield "many modes that are not", [b"0 MODE #tea " + b"xyz" * 160]
    yield "many modes that are letters of 3 bytes", [b"0 MODE #tea " + "漢字仮".encode() * 54]
    yield "many ranks", [b"0 MODE #tea " + b"+v-v" * 12 + b" " + b" ".join([b"bob"] * 24)]
    yield "many masks at once", [b"0 MODE #tea +" + b"b" * 50 + b" " + b" ".join(b"m%d" % n for n in range(50))]
    yield "masks with marks", [b"0 MODE #tea +" + b"b" * 20 + b" " + b" ".join("ü%d*é".encode() % n for n in range(20))]
    yield "many own modes", [b"0 MODE Ann " + b"+i-i" * 120]
    yield "many own modes that are not", [b"0 MODE Ann +" + b"xyz" * 160]
    for name, mask in {
        "stars": b"*" * 490, "stars and letters": b"*a" * 245, "questions": b"?*" * 245,
        "brackets": b"[" * 490, "backslashes": b"\\" * 490, "marks": "*é".encode() * 163,
    }.items():  # fmt: skip
        yield f"WHO with {name}", [b"0 WHO " + mask]
        yield f"LIST with {name}", [b"0 LIST " + mask]
        yield f"LIST without {name}", [b"0 LIST !" + mask]
        yield f"ban with {name}", [b"0 MODE #tea +b " + mask, b"2 PRIVMSG #tea :am I banned?"]
        yield f"MOTD with {name}", [b"0 MOTD " + mask]
    yield "masks in masks", [b"0 MODE #tea +b " + b"~m:" * 160 + b"x", b"2 PRIVMSG #tea :am I banned?"]


def _lists_of_names() -> Iterator[tuple[str, list[bytes]]]:
    short = _listed(b"#%c%c", 100)
    yield "JOIN of a hundred", [b"1 JOIN " + short]
    yield "JOIN of a hundred by one who asks for nothing", [b"2 JOIN " + short]
    yield "JOIN of a hundred in Greek", [b"1 JOIN " + _greek(b"#")]
    yield "JOIN of a hundred with keys", [b"1 JOIN " + short[:250] + b" " + b"k," * 120]
    yield "JOIN of commas", [b"1 JOIN " + b"," * 500]
    yield "JOIN of what is none", [b"1 JOIN " + b"x," * 250]
    for verb in (b"PART", b"NAMES", b"LIST", b"JOIN"):
        yield f"{verb.decode()} of a hundred that one is in", [b"1 JOIN " + short, b"1 %b %b" % (verb, short)]
        yield f"{verb.decode()} of a hundred", [b"1 %b %b" % (verb, short)]
    yield "JOIN 0 from a hundred", [b"1 JOIN " + short, b"1 JOIN 0"]
    yield "QUIT from a hundred", [b"1 JOIN " + short, b"0 JOIN " + short, b"1 QUIT :bye"]
    yield "NICK in a hundred", [b"1 JOIN " + short, b"0 JOIN " + short, b"1 NICK robert"]
    yield "AWAY in a hundred", [b"1 JOIN " + short, b"0 JOIN " + short, b"1 AWAY :x"]
    yield "WHOIS of who is in a hundred", [b"1 JOIN " + short, b"0 WHOIS bob"]
    yield "TARGETS of a hundred", [b"1 JOIN " + short,
        b"1 CHATHISTORY TARGETS timestamp=1970-01-01T00:00:00Z timestamp=2999-01-01T00:00:00Z 100"]  # fmt: skip
    yield "KICK of a hundred", [b"0 KICK #tea " + b",".join(b"%d" % n for n in range(120))]
    nicks = b",".join(b"n%d" % n for n in range(100))
    greek = _greek(b"")
    for name, some in {"a hundred": nicks, "a hundred in Greek": greek, "one hundred times": b"bob," * 120}.items():
        yield f"MONITOR of {name}", [b"0 MONITOR + " + some]
        yield f"MONITOR list of {name}", [b"0 MONITOR + " + some, b"0 MONITOR L"]
        yield f"MONITOR less {name}", [b"0 MONITOR + " + some, b"0 MONITOR - " + some]
        yield f"ISON of {name}", [b"0 ISON " + some.replace(b",", b" ")]
        yield f"PRIVMSG to {name}", [b"0 PRIVMSG " + some + b" :x"]
        yield f"TAGMSG to {name}", [b"@+a=b TAGMSG " + some]
    yield "PRIVMSG to twenty rooms", [b"1 JOIN " + short, b"0 JOIN " + short, b"1 PRIVMSG " + short[:79] + b" :hello"]
    yield "ISON of one by one", [b"0 ISON " + b"a " * 250]
    yield "LIST with many conditions", [b"0 LIST " + b">1,<9," * 80]
    yield "CAP REQ of many", [b"0 CAP REQ :" + b"batch -batch " * 36]
    yield "CAP REQ of one many times", [b"3 CAP REQ :" + b"batch " * 80]
    yield "a thousand parameters", [b"0 PING " + b"a " * 250]
    yield "spaces", [b"0 " + b" " * 500]
    yield "WHOWAS of many", [*(b"1 NICK b%d" % n for n in range(60)), b"0 WHOWAS b1 999"]
    yield "USERHOST of many", [b"0 USERHOST " + b"bob " * 120]
    yield "HELP", [b"0 HELP"]


def _talk() -> Iterator[tuple[str, list[bytes]]]:
    many = [b"0 PRIVMSG #tea :" + b"x" * 400] * (MOST_LINES - 5)
    yield "CHATHISTORY of long lines", [*many, b"1 CHATHISTORY LATEST #tea * 500"]
    yield "CHATHISTORY of long lines for one without batches", [*many, b"5 CHATHISTORY LATEST #tea * 500"]
    yield "JOIN with history", [*many, b"5 PART #tea", b"5 JOIN #tea"]
    yield "REDACT of the first of many", [*many, b"1 REDACT #tea abc123-3 :x"]
    yield "REDACT of what is not there", [*many, b"0 REDACT #tea abc123-999 :x", b"0 REDACT #tea " + b"-" * 480]
    for text in (b"x", "é".encode(), "💥".encode(), b" ", b"\x01", b"x "):
        body = text * (3_900 // len(text))
        pieces = [body[place : place + 400] for place in range(0, len(body), 400)]
        batch = [b"0 @batch=1;draft/multiline-concat PRIVMSG #tea :" + piece for piece in pieces]
        yield f"multiline of {text!r}", [b"0 BATCH +1 draft/multiline #tea", *batch, b"0 BATCH -1"]
    lines = [b"0 BATCH +1 draft/multiline #tea", *[b"0 @batch=1 PRIVMSG #tea :x"] * 99]
    yield "multiline of a hundred lines", [*lines, b"0 BATCH -1"]
    yield "multiline of too many lines", [*lines, b"0 @batch=1 PRIVMSG #tea :x", b"0 @batch=1 PRIVMSG #tea :x"]
    yield "multiline of a hundred empty lines", [
        b"0 BATCH +1 draft/multiline #tea", *[b"0 @batch=1 PRIVMSG #tea :"] * 99, b"0 @batch=1 PRIVMSG #tea :x",
        b"0 BATCH -1",
    ]  # fmt: skip
    yield "one line of colours", [b"0 PRIVMSG #tea :" + b"\x03" * 400]
    yield "one line of formatting", [b"0 PRIVMSG #tea :" + b"\x1b[2J" * 100]
    yield "topic of control characters", [b"0 TOPIC #tea :" + b"\x7f" * 130]
    yield "away of control characters", [b"0 AWAY :" + b"\x08" * 100]
    yield "quit of control characters", [b"0 QUIT :" + b"\x08" * 480]
    yield "CHATHISTORY with a long id", [b"0 CHATHISTORY AROUND #tea msgid=" + b"9" * 470 + b" 5"]
    yield "CHATHISTORY with a long number", [b"0 CHATHISTORY LATEST #tea * " + b"9" * 470]
    yield "MARKREAD of many", [*(b"0 MARKREAD #r%d timestamp=2026-01-01T00:00:00.000Z" % n for n in range(110)),
                               b"0 MARKREAD #r0 timestamp=2026-01-01T00:00:00.000Z"]  # fmt: skip


def _tags() -> Iterator[tuple[str, list[bytes]]]:
    for name, tags in {
        "many tags": b";".join(b"+t%d=v" % n for n in range(480)),
        "one long tag": b"+t=" + b"v" * 4_080,
        "a tag of backslashes": b"+t=" + b"\\" * 4_080,
        "a tag of escapes": b"+t=" + b"\\:" * 2_040,
        "semicolons": b";" * 4_080,
        "equals": b"+a" + b"=" * 4_080,
        "a tag again and again": b";".join([b"+a=b"] * 800),
        "too many tags": b"+t=" + b"v" * 4_096,
        "many keys that are none": b";".join([b"+!"] * 1_300),
        "a long key": b"+" + b"k" * 4_080,
        "a tag in Greek": b"+t=" + "é".encode() * 2_040,
        "a long label": b"label=" + b"l" * 4_080,
    }.items():
        yield f"{name}, said", [b"0 @" + tags + b" PRIVMSG #tea :x"]
        yield f"{name}, alone", [b"0 @" + tags + b" TAGMSG #tea"]
        yield f"{name}, kept and read", [b"0 @+draft/persist;" + tags[:4_060].rpartition(b";")[0] + b" TAGMSG #tea",
                                         b"1 CHATHISTORY LATEST #tea * 50"]  # fmt: skip
    yield "a line without an end", [b"0 " + b"x" * 9_000]
    yield "a line of tags only", [b"0 @" + b"x" * 8_000]
    yield "a long line", [b"0 PRIVMSG #tea :" + b"x" * 8_000]


def _logins() -> Iterator[tuple[str, list[bytes]]]:
    start = [b"3 AUTHENTICATE SCRAM-SHA-256"]
    first = b"3 AUTHENTICATE bixhPUFubixuPUFubixyPWFiYw=="
    yield "SCRAM with a long nonce", [*start, b"3 AUTHENTICATE " + b"biwsbj1Bbm4scj1h" + b"YWFh" * 96,
                                      b"3 AUTHENTICATE " + b"YWFh" * 100, b"3 AUTHENTICATE YWFh"]  # fmt: skip
    yield "SCRAM of commas", [*start, b"3 AUTHENTICATE " + b"LCws" * 99 + b"LA=="]
    yield "SCRAM of equals", [*start, first, b"3 AUTHENTICATE " + b"PT09" * 99 + b"PQ=="]
    for mechanism in (b"PLAIN", b"SCRAM-SHA-256"):
        begin = [b"3 AUTHENTICATE " + mechanism]
        yield f"{mechanism.decode()} of no base64", [*begin, b"3 AUTHENTICATE " + b"!" * 400, b"3 AUTHENTICATE +"]
        yield f"{mechanism.decode()} without end", [*begin, *[b"3 AUTHENTICATE " + b"A" * 400] * 6]
        yield f"{mechanism.decode()} of bytes", [*begin, b"3 AUTHENTICATE //////////8="]
        yield f"{mechanism.decode()} of paddings", [*begin, b"3 AUTHENTICATE " + b"=" * 399]
        yield f"{mechanism.decode()} of NULs", [*begin, b"3 AUTHENTICATE " + b"AAAA" * 99]
    yield "REGISTER with a long password", [b"3 NICK x", b"3 REGISTER * * " + b"p" * 480]


def _listed(name: bytes, count: int) -> bytes:
    letters = b"abcdefghij"
    return b",".join(name % (letters[n // 10], letters[n % 10]) for n in range(count))


def _greek(sign: bytes) -> bytes:
    """As many names as fit into a line, of which none is ASCII."""
    names, size = [], 0
    for n in range(0x3B1, 0x3B1 + 2_000):
        name = sign + chr(0x3B1 + (n - 0x3B1) % 24).encode() + b"%x" % (n - 0x3B1)
        size += len(name) + 1
        if size > MOST - 20:
            break
        names.append(name)
    return b",".join(names)
