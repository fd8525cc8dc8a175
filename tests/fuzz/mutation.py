"""New lines from old ones: as a person would mistype them, a program would send them, and an attacker."""

from collections.abc import Callable, Iterator, Sequence
from random import Random

from tcpchat.wire.irc.capabilities import OFFERED
from tcpchat.wire.irc.dialect import READERS

VERBS = [verb.encode() for verb in READERS]

NICKS = "Ann bob cid dora root Eve ann BOB nobody NickServ * é".encode().split()
ROOMS = "#tea #den #lobby #Café #TEA #new #x &y # #nowhere @#tea +#tea #t* #日本".encode().split()
WORDS = [
    *NICKS, *ROOMS, *VERBS, *(name.encode() for name in OFFERED),
    *b": :: 0 1 -1 5 50 500 99999999999999999999 1.5 secret open key".split(),
    *b"+ - +b -b +o -o +v +k -k +l -l +i +m +n -n +s +t -t +C +e +I +bbb +ov-ov +iB".split(),
    *b"*!*@* Eve!*@* ~a:Ann ~a ~m:Eve ~m:~a *@fuzz.example fuzz.* %tcuihsnfdlaor,1 o L C S u".split(),
    *b"LS 302 REQ END LIST PLAIN SCRAM-SHA-256 AEFubgBzZWNyZXQ= HELP IDENTIFY REGISTER SAREGISTER INFO".split(),
    *b"LATEST BEFORE AFTER AROUND BETWEEN TARGETS draft/multiline +1 -1 >1 <5 T<5 C>5 !#t*".split(),
    *b"msgid=abc123-3 msgid=abc123-11 abc123-3 abc123-5 abc123-11 abc123-12 abc123-20".split(),
    *b"timestamp=1970-01-01T00:00:00.000Z timestamp=2999-01-01T00:00:00.000Z timestamp=2026-01-01T00:00:00Z".split(),
    *", ,, * ? [ \\ \\x % {} $ ^ | ( ~ = ; @ é ß Ǆ ａ 💥".encode().split(),
    b"", b": ", b":a b", b"SET PASSWORD x", b"\x01ACTION waves\x01", b"\x01", b"\x00", b"\r", b"\x1b[2J", b"\x02",
    b"\x034,5x", b"\xff", b"\xc3", b"\xed\xa0\x80", *(sign.encode() for sign in ("\u202e", "\u2028", "\u0301", "\x85")),
]  # fmt: skip
TAGS = [
    *b"label=x label= batch=1 draft/multiline-concat +a=b +draft/persist +draft/reply=abc123-3 time=x msgid=1".split(),
    *b"+x=\\:\\s label=\\n account=root label=x;y".split(), b"+y=" + b"v" * 500, b"+\xff", b"+z=\xe2\x80\xa8",
    b"label=\0",
]  # fmt: skip
LINES_OF_A_VERB = 8
"""So many, the longest, are taken apart systematically."""

CLIENTS = b"0011222345abcf"

Change = Callable[[bytes, Random, Sequence[bytes]], bytes]


NASTY = [
    b"\r", b"\0", b"a\rb", b":", b"::", b"\xff", b"\x01", b" ", b",", b"*" * 400, b"x" * 490,
    "é".encode() * 200, "💥".encode() * 110, "\u2028\u202e".encode(),
]  # fmt: skip


def systematically(corpus: Sequence[bytes]) -> Iterator[bytes]:
    """Lines of each verb with each of their words made nasty, one after the other."""
    lines: dict[bytes, list[bytes]] = {}
    for line in sorted((line for script in corpus for line in script.split(b"\n")), key=lambda line: -line.count(b" ")):
        words = line.split(b" ")
        verb = words[min(len(words) - 1, 2 if words[1:] and words[1].startswith(b"@") else 1)].upper()
        if verb in VERBS and verb != b"QUIT" and len(lines.setdefault(verb, [])) < LINES_OF_A_VERB:
            lines[verb].append(line)
    for line in (line for of_a_verb in lines.values() for line in of_a_verb):
        words = line.split(b" ")
        for nasty in NASTY:
            yield b"\n".join(b" ".join([*words[:at], nasty, *words[at + 1 :]]) for at in range(1, len(words)))


def next_script(random: Random, corpus: Sequence[bytes]) -> bytes:
    """One that was changed, or made up."""
    return made(random) if random.random() < 0.2 else changed(random.choice(corpus), random, corpus)


def changed(script: bytes, random: Random, corpus: Sequence[bytes], most: int = 16_384) -> bytes:
    """A script with some things changed in it."""
    for _ in range(1 + random.randrange(4)):
        script = random.choice(_CHANGES)(script, random, corpus)
    return script[:most]


def made(random: Random) -> bytes:
    """A script of lines made up from words."""
    return b"\n".join(_line(random) for _ in range(1 + random.randrange(8)))


def _line(random: Random) -> bytes:
    tags = b"@" + b";".join(random.choices(TAGS, k=1 + random.randrange(3))) + b" " if random.random() < 0.25 else b""
    words = random.choices(WORDS, k=random.randrange(5))
    if words and random.random() < 0.5:
        words[0] = random.choice(ROOMS if random.random() < 0.6 else NICKS)
    return b"%c %b%b" % (random.choice(CLIENTS), tags, b" ".join([random.choice(VERBS), *words]))


def _in_a_line(change: Callable[[bytes, Random], bytes]) -> Change:
    def in_a_line(script: bytes, random: Random, corpus: Sequence[bytes]) -> bytes:
        lines = script.split(b"\n")
        place = random.randrange(len(lines))
        lines[place] = change(lines[place], random)
        return b"\n".join(lines)

    return in_a_line


def _another_word(line: bytes, random: Random) -> bytes:
    words = line.split(b" ")
    words[random.randrange(len(words))] = random.choice(WORDS)
    return b" ".join(words)


def _one_more_word(line: bytes, random: Random) -> bytes:
    words = line.split(b" ")
    words.insert(random.randrange(len(words) + 1), random.choice(WORDS))
    return b" ".join(words)


def _one_word_less(line: bytes, random: Random) -> bytes:
    words = line.split(b" ")
    del words[random.randrange(len(words))]
    return b" ".join(words)


def _bytes_between(line: bytes, random: Random) -> bytes:
    place = random.randrange(len(line) + 1)
    end = min(len(line), place + random.randrange(3))
    between = random.choice(WORDS) if random.random() < 0.7 else random.randbytes(1 + random.randrange(3))
    return line[:place] + between.replace(b"\n", b" ") + line[end:]


def _again_and_again(line: bytes, random: Random) -> bytes:
    place = random.randrange(len(line) + 1)
    piece = line[place : place + 1 + random.randrange(8)]
    return line[:place] + piece * random.choice((2, 3, 10, 60, 400)) + line[place:]


def _list(line: bytes, random: Random) -> bytes:
    words = line.split(b" ")
    place = random.randrange(len(words))
    words[place] = b",".join([words[place], *random.choices(NICKS + ROOMS, k=1 + random.randrange(6))])
    return b" ".join(words)


def _tagged(line: bytes, random: Random) -> bytes:
    tags = b";".join(random.choices(TAGS, k=1 + random.randrange(3)))
    client, line = line[:2], line[2:]
    return client + (b"@%b;%b" % (tags, line[1:]) if line[:1] == b"@" else b"@%b %b" % (tags, line))


def _somebody_else(line: bytes, random: Random) -> bytes:
    return b"%c%b" % (random.choice(CLIENTS), line[1:])


def _other_letters(line: bytes, random: Random) -> bytes:
    return line[:1] + line[1:].swapcase()


def _lines_of_another(script: bytes, random: Random, corpus: Sequence[bytes]) -> bytes:
    mine, others = script.split(b"\n"), random.choice(corpus).split(b"\n")
    start = random.randrange(len(others))
    place = random.randrange(len(mine) + 1)
    return b"\n".join(mine[:place] + others[start : start + 1 + random.randrange(6)] + mine[place:])


def _a_line_less(script: bytes, random: Random, corpus: Sequence[bytes]) -> bytes:
    lines = script.split(b"\n")
    del lines[random.randrange(len(lines))]
    return b"\n".join(lines) or script


def _a_line_twice(script: bytes, random: Random, corpus: Sequence[bytes]) -> bytes:
    lines = script.split(b"\n")
    place = random.randrange(len(lines))
    lines[place:place] = [lines[place]] * random.choice((1, 1, 2, 8))
    return b"\n".join(lines)


def _another_order(script: bytes, random: Random, corpus: Sequence[bytes]) -> bytes:
    lines = script.split(b"\n")
    one, other = random.randrange(len(lines)), random.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return b"\n".join(lines)


def _all_at_once(script: bytes, random: Random, corpus: Sequence[bytes]) -> bytes:
    together = bytes.maketrans(b"012345", b"abcdef")
    return b"\n".join(line[:1].translate(together) + line[1:] for line in script.split(b"\n"))


def _a_line_between(script: bytes, random: Random, corpus: Sequence[bytes]) -> bytes:
    lines = script.split(b"\n")
    lines.insert(random.randrange(len(lines) + 1), _line(random))
    return b"\n".join(lines)


_CHANGES: list[Change] = [
    *map(_in_a_line, (_another_word, _another_word, _one_more_word, _one_word_less, _bytes_between, _bytes_between,
                      _again_and_again, _list, _tagged, _somebody_else, _other_letters)),
    _lines_of_another, _lines_of_another, _a_line_less, _a_line_twice, _another_order, _all_at_once, _a_line_between,
]  # fmt: skip
