"""However bytes are split on their way, the same is understood."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tcpchat.wire.framing import Lines
from tcpchat.wire.telnet import Telnet
from tests.wire.talking import CONFIG, DIALECTS, detected, every_split_in_two, heard, splits

ENDS = st.sampled_from([b"\n", b"\r\n", b"\r\x00", b"\r", b"\n\n", b""])
GARBAGE = st.one_of(st.binary(max_size=20), st.text(max_size=10).map(str.encode), st.just(b"x" * 1_100))

SPOKEN = {
    "irc": [
        b"CAP LS 302", b"CAP REQ :batch server-time echo-message", b"CAP END", b"NICK Ann", b"USER ann 0 * :Ann A.",
        b"JOIN #tea,#milk", b"PRIVMSG #tea :hello there", b"@+x=1;y=\\s PRIVMSG bob hi", b"NOTICE Bob :\x01VERSION\x01",
        b"PART #tea :bye", b"TOPIC #tea", b"TOPIC #tea :new", b"NAMES #tea", b"LIST", b"WHO #tea", b"WHOIS Bob",
        b"MODE #tea +b", b"MODE Ann", b"AWAY :out", b"PING 1", b"NICK anna", b"MOTD", b"nonsense", b"PRIVMSG", b":x",
        b"PRIVMSG #tea :\xff",
        b"CAP REQ :labeled-response message-tags draft/multiline draft/chathistory sasl draft/read-marker setname",
        b"@label=1 PING x", b"@label=2;+x=\\: TAGMSG #tea", b"@label=3 PRIVMSG bob,#tea,eve :hi", b"@label=4 JOIN #b",
        b"BATCH +1 draft/multiline #tea", b"@batch=1 PRIVMSG #tea :one", b"BATCH -1", b"@label=5 BATCH +2 x",
        b"@batch=1;draft/multiline-concat PRIVMSG #tea :more", b"@label=6 BATCH +1 draft/multiline bob",
        b"NAMES #tea", b"AUTHENTICATE PLAIN", b"AUTHENTICATE AEFubgBzZWNyZXQ=", b"AUTHENTICATE *",
        b"REGISTER * * secret", b"VERIFY ann 1", b"NS IDENTIFY secret", b"PRIVMSG NickServ :INFO", b"NICKSERV",
        b"SETNAME :Ann", b"CHATHISTORY LATEST #tea * 5",
        b"CHATHISTORY BETWEEN #tea msgid=a-1 timestamp=2026-01-01T00:00:00.000Z 5",
        b"CHATHISTORY TARGETS timestamp=2026-01-01T00:00:00.000Z timestamp=2027-01-01T00:00:00.000Z 5",
        b"MARKREAD #tea", b"MARKREAD #tea timestamp=2026-01-01T00:00:00.000Z", b"REDACT #tea a-1 :oops",
        b"REDACT bob x", b"KICK #tea bob :out", b"KICK #tea,#b bob,eve", b"INVITE bob #tea", b"INVITE",
        b"MODE #tea +ov-l+kb Bob Ann key *!*@host", b"MODE #tea b", b"MODE #tea", b"MODE Ann +iZ", b"MODE Bob",
        b"RENAME #b #c :why", b"WHO #tea %tcuhnfar,7", b"WHOIS tcpchat.local bob", b"WHOWAS bob 1",
        b"MONITOR + bob,eve", b"MONITOR L", b"MONITOR C", b"ISON bob eve", b"USERHOST bob", b"LUSERS", b"STATS m",
        b"VERSION", b"ADMIN", b"INFO", b"LINKS", b"HELP", b"HELP privmsg", b"OPER root x", b"KILL bob :x",
        b"WALLOPS :x", b"REHASH", b"CHGHOST bob u h", b"LIST >1,#*", b"JOIN 0", b"PASS x", b"QUIT :bye",
    ],
    "jsonl": [
        b'{"do":"enter","nick":"Ann","id":1}', b'{"id":"a","do":"join","room":"#tea"}',
        b'{"do":"history","room":"#tea"}',
        b'{"do":"say","room":"#tea","text":"h\xc3\xa9\\n","id":2}', b'{"do":"dance"}', b'{"do":"join"}', b"{", b"[]",
        b'{"id":{},"do":"ping"}', b'{"do":"ping","token":"1"}', b'{"do":"whois","nick":"x"}', b"null", b"  ",
        b'{"do":"register","password":"secret"}', b'{"do":"log_in","account":"x","password":"y","id":3}',
        b'{"do":"set_modes","room":"#tea","changes":[["+","o","bob"],["-","m"]]}', b'{"do":"set_modes","room":"#tea"}',
        b'{"do":"tag","to":"#tea","tags":{"+typing":"active"}}', b'{"do":"kick","room":"#tea","nick":"bob"}',
        b'{"do":"history","room":"#tea","around":{"id":"a-1"},"said":true}', b'{"do":"watch","nicks":["bob"]}',
        b'{"do":"set_marker","target":"bob","time":5,"id":"b"}', b'{"do":"list_talks","after":0,"before":9}',
        b'{"do":"quit"}',
    ],
    "line": [
        b"Ann", b"a b", b"#x", b"hello", b"//me", b"/me waves", b"/join tea", b"/part", b"/msg bob hi", b"/who",
        b"/who bob", b"/topic", b"/topic t", b"/history 3", b"/rooms", b"/away x", b"/help", b"/nick anna", b"/dance",
        b"he\x08\x7fllo", b"\xff\xfb\x01\xff\xfa\x1f\x00P\x00\x0a\xff\xf0hi", b"\xff\xf4\xff\xfd\x06", b"\xc3\xa9\xff",
        b"", b"/quit",
    ],
}  # fmt: skip


def spoken(kind: str) -> st.SearchStrategy[bytes]:
    """A conversation in a dialect, with some noise in it."""
    line = st.one_of(st.sampled_from(SPOKEN[kind]), st.sampled_from(SPOKEN[kind]), GARBAGE)
    return st.lists(st.builds(bytes.__add__, line, ENDS), max_size=12).map(b"".join)


@pytest.mark.parametrize("kind", DIALECTS)
def test_a_dialect_understands_the_same_however_its_bytes_are_split(kind: str) -> None:
    @settings(deadline=None, max_examples=150)
    @given(splits(spoken(kind)))
    def check(case: tuple[bytes, list[bytes]]) -> None:
        whole, pieces = case
        assert heard(DIALECTS[kind](CONFIG), pieces) == heard(DIALECTS[kind](CONFIG), [whole])

    check()


@pytest.mark.parametrize("kind", DIALECTS)
def test_a_whole_conversation_can_be_cut_anywhere(kind: str) -> None:
    conversation = b"\r\n".join(SPOKEN[kind])
    expected = heard(DIALECTS[kind](CONFIG), [conversation])
    assert len(expected) > 10
    for pieces in every_split_in_two(conversation):
        assert heard(DIALECTS[kind](CONFIG), pieces) == expected


FIRST = st.one_of(*map(spoken, DIALECTS), st.binary(max_size=40), st.sampled_from([b"NICK a\n", b"{}\n", b"GET / H\n"]))


@settings(deadline=None, max_examples=300)
@given(splits(st.builds(bytes.__add__, st.sampled_from([b"", b"", b"\r\n", b"\n"]), FIRST)))
def test_a_fresh_connection_is_understood_the_same_however_its_bytes_are_split(case: tuple[bytes, list[bytes]]) -> None:
    whole, pieces = case
    assert detected(pieces) == detected([whole])


@settings(deadline=None, max_examples=300)
@given(splits(st.lists(st.sampled_from([b"\r", b"\n", b"abc", b"x" * 9]), max_size=12).map(b"".join)))
def test_framing_gives_the_same_lines(case: tuple[bytes, list[bytes]]) -> None:
    whole, pieces = case
    one, many = Lines(10), Lines(10)
    expected = [*one.feed(whole), *one.finish()]
    assert [line for piece in pieces for line in many.feed(piece)] + many.finish() == expected


TELNET = st.sampled_from(
    [
        b"\xff",
        b"\xfa",
        b"\xf0",
        b"\xfb\x01",
        b"\xff\xfa",
        b"\xff\xf0",
        b"\xff\xff",
        b"\r",
        b"\x00",
        b"\n",
        b"a" * 300,
        b"b",
    ]
)


@settings(deadline=None, max_examples=500)
@given(splits(st.lists(TELNET, max_size=14).map(b"".join)))
def test_telnet_takes_the_same_away(case: tuple[bytes, list[bytes]]) -> None:
    whole, pieces = case
    one, many = Telnet(), Telnet()
    ends = b"END\n"  # whatever was held back comes out, or is known to be unfinished
    expected = one.strip(whole) + one.strip(ends)
    assert b"".join(map(many.strip, pieces)) + many.strip(ends) == expected
