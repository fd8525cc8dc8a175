"""Names: whom one may not be taken for, what no name may contain, and who has a name that several want."""

import asyncio
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tcpchat
from tcpchat.chat.hub import Hub
from tcpchat.config import Config, Limits
from tcpchat.model import confusables, names
from tcpchat.model.commands import Enter, Join, Part, Quit, Register, RegisterRoom, Rename, RenameRoom, SetTopic
from tcpchat.model.replies import LoggedInReply, Refused, Seated, Welcome
from tests.chat.ears import Ear, Ledger, entered
from tests.peer import Peer
from tests.security.race import ALIKE, Contest, entering, random_wishes, registering

HERE = ("alice", "Bill", "modern", "Olaf", "jimmy", "Zoë", "wilhelmina", "борис", "Ευα", "dave_ll", "QUEEN-0")
RESERVED = ("admin", "administrator", "root", "operator", "ChanServ", "NickServ", "server", "system", "moderator")
PROTECTED = HERE + RESERVED
"""Twenty names that nobody else may have, or seem to have."""

SUBSTITUTIONS = 6_000
"""So many are tried at least."""

SAMPLE = 25
"""In the short form every so many is tried over a socket."""

RACES, LONG_RACES = 500, 10_000

NO_LIMITS = Limits(enabled=False)


@cache
def alike() -> dict[str, set[str]]:
    """By Unicode's table, everything that looks like a character, or like a few in a row."""
    classes: dict[str, set[str]] = {}
    for source, target in confusables._prototypes().items():
        classes.setdefault(target, {target}).add(source)
    return {shown: together - {shown} for together in classes.values() for shown in together}


def substitutions(name: str) -> Iterator[str]:
    """The name with one character replaced by everything that looks like it, and a few in a row by one."""
    for start in range(len(name)):
        for end in range(start + 1, len(name) + 1):
            for other in alike().get(name[start:end], ()):
                yield name[:start] + other + name[end:]


@cache
def attempts() -> dict[str, str]:
    """Those of all the protected names, in every case, each with the name that is meant."""
    tried = {one: name for name in PROTECTED for form in cases(name) for one in substitutions(form)}
    same = set(map(names.fold, PROTECTED))
    return {one: name for one, name in tried.items() if names.fold(one) not in same}


def cases(name: str) -> set[str]:
    """A name in small letters, in capitals, as it is, and with one capital."""
    return {name, name.lower(), name.upper(), name.capitalize()}


def refusal(check: Callable[[str], str], name: str) -> str:
    """Why there is no such name; nothing if there may be."""
    try:
        check(name)
    except Refused as refused:
        return refused.text
    return ""


# what looks like another name


@pytest.mark.threat(25)
def test_what_looks_the_same_is_known_as_the_same() -> None:
    """Whatever else is wrong with it, such as letters of two scripts."""
    assert len(attempts()) >= SUBSTITUTIONS
    assert not [one for one, name in attempts().items() if set(names.keys(one)).isdisjoint(names.keys(name))]


@pytest.mark.threat(25)
def test_nobody_comes_in_under_a_name_that_looks_like_a_protected_one() -> None:
    hub = Hub(Config())
    ledger = Ledger(hub)
    entered(hub, ledger, *HERE)
    guest = Ear(hub, "guest")
    answers = {one: ledger.do(guest, Enter(nick=one)) for one in attempts()}
    assert not [one for one, answer in answers.items() if not isinstance(answer, Refused)]
    assert {answer.code for answer in answers.values() if isinstance(answer, Refused)} == {"bad_nick", "nick_taken"}
    assert isinstance(ledger.do(guest, Enter(nick="guest")), Welcome)
    renames = {one: ledger.do(guest, Rename(nick=one)) for one in attempts()}
    assert not [one for one, answer in renames.items() if not isinstance(answer, Refused)]


@pytest.mark.threat(25)
async def test_nor_over_a_socket(long: bool) -> None:
    tried = [one for one in attempts() if not set(one) & set(" \r\n\0")][:: 1 if long else SAMPLE]
    async with tcpchat.Server(Config(limits=NO_LIMITS), port=0) as server:
        here = [await (await Peer.open(server.port)).enter_irc(nick) for nick in HERE]
        guest = await Peer.open(server.port)
        guest.send("USER guest 0 * :Guest")
        for start in range(0, len(tried), 100):
            some = tried[start : start + 100]
            guest.send(*(f"NICK :{one}" for one in some), f"PING {start}")
            await guest.until(rf"^:\S+ PONG \S+ :?{start}\r\n")
        lines = guest.seen.decode().splitlines()
        assert sum(line.split(" ")[1] in {"432", "433"} for line in lines) == len(tried)
        assert not [line for line in lines if line.split(" ")[1] == "001"]
        for peer in (*here, guest):
            await peer.close()


@pytest.mark.threat(25)
def test_no_room_is_opened_that_looks_like_another() -> None:
    hub = Hub(Config())
    ledger = Ledger(hub)
    ann, bob, eve = entered(hub, ledger, "ann", "bob", "eve")
    assert isinstance(ledger.do(ann, Join(room="#modern")), Seated)
    assert isinstance(ledger.do(bob, Join(room="#Olive"), SetTopic(room="#Olive", topic="Oil")), object)
    ledger.do(bob, Part(room="#Olive"))  # it sleeps: it has a topic
    for name in ("#modern", "#Olive", "#lobby"):
        for form in cases(name[1:]):
            for one in substitutions(form):
                if names.fold(f"#{one}") != names.fold(name):
                    answer = ledger.do(eve, Join(room=f"#{one}"))
                    assert isinstance(answer, Refused), one
                    assert answer.code == "bad_room"
    assert ledger.do(eve, Join(room="#rnodern")).text == (  # type: ignore[union-attr]
        "The name #rnodern looks like #modern: nobody could tell the two apart."
    )
    assert isinstance(ledger.do(eve, Join(room="#MODERN")), Seated)
    assert isinstance(ledger.do(eve, Join(room="#mine")), Seated)
    refused = ledger.do(eve, RenameRoom(room="#mine", to="#0live"))
    assert isinstance(refused, Refused)
    assert refused.code == "cannot_rename"


@pytest.mark.threat(25)
def test_a_registered_room_keeps_its_looks_while_nobody_is_in_it() -> None:
    hub = Hub(Config())
    ledger = Ledger(hub)
    ann, eve = entered(hub, ledger, "ann", "eve")
    ledger.do(ann, Register(password="correct horse"), Join(room="#modern"), RegisterRoom(room="#modern"))
    ledger.do(ann, Part(room="#modern"))
    refused = ledger.do(eve, Join(room="#rnodern"))
    assert isinstance(refused, Refused)
    assert refused.code == "bad_room"


@pytest.mark.threat(25)
def test_nobody_is_called_like_an_account_that_looks_the_same() -> None:
    hub = Hub(Config())
    ledger = Ledger(hub)
    owner, eve = Ear(hub, "owner"), Ear(hub, "eve")
    ledger.do(owner, Enter(nick="modern"), Register(password="correct horse"), Quit())
    hub.detach(owner)
    for one in {one for form in cases("modern") for one in substitutions(form)}:
        refused = ledger.do(eve, Enter(nick=one))
        assert isinstance(refused, Refused), one
        assert refused.code in {"nick_owned", "bad_nick"}
        refused = ledger.do(eve, Register(account=one, password="correct horse"))
        assert isinstance(refused, Refused), one
        assert refused.code in {"account_exists", "bad_account"}


@pytest.mark.threat(25)
def test_of_two_rooms_that_look_alike_and_are_opened_at_once_one_stays() -> None:
    hub = Hub(Config())
    ledger = Ledger(hub)
    ann, eve = entered(hub, ledger, "ann", "eve")
    asked = [ledger.ask(ann, Join(room="#modern")), ledger.ask(eve, Join(room="#rnodern"))]
    while ledger.queue:
        ledger.commit()
    assert isinstance(asked[0].reply, Seated)
    assert isinstance(asked[1].reply, Refused)
    assert set(hub.state.rooms) == {"#lobby", "#modern"}


@pytest.mark.threat(25)
@pytest.mark.parametrize("row", ALIKE)
async def test_what_is_suggested_instead_can_be_had(server: tcpchat.Server, row: tuple[str, ...]) -> None:
    first = await (await Peer.open(server.port)).enter_json(row[0])
    other = await Peer.open(server.port)
    refused = await other.ask(do="enter", nick=row[1])
    assert refused["code"] == "nick_taken"
    assert (await other.ask(do="enter", nick=refused["suggestion"]))["ok"]
    await first.close()
    await other.close()


@pytest.mark.threat(25, 27)
@pytest.mark.parametrize("name", ["ann", "x" * 32, "\U00010330" * 25, "محمد", "أحمد١", "名" * 32])
def test_however_many_are_called_so_a_suggestion_can_be_had(name: str) -> None:
    hub = Hub(Config())
    ledger = Ledger(hub)
    entered(hub, ledger, name)
    for number in range(40):
        refused = ledger.do(Ear(hub, f"s{number}"), Enter(nick=name))
        assert isinstance(refused, Refused)
        assert isinstance(ledger.do(Ear(hub, f"t{number}"), Enter(nick=refused.suggestion)), Welcome)


# what no name may contain


@pytest.mark.threat(28)
@pytest.mark.parametrize(
    "name",
    ["", "#", "foo,bar", "star*man*junior", "lo7t?", "f.l", "excited!nick", "foo@bar", ":trail", "~o", "&o", "@o", "%h",
    "+v", "-m", "$x", "=x", "a b", "a\x07"],
)  # fmt: skip
async def test_names_that_would_break_the_protocol(server: tcpchat.Server, name: str) -> None:
    """As in irc/strings_test.go of ergochat/ergo, and some more."""
    with pytest.raises(Refused):
        names.nick(name)
    peer = await Peer.open(server.port)
    assert (await peer.ask(do="enter", nick=name))["code"] == "bad_nick"
    await peer.close()


@pytest.mark.threat(28)
@pytest.mark.parametrize("name", ["#*starpower", "# NASA", "#interro?", "OOF#", "foo", "#shalomעליכם", "#", "#a,b"])
def test_rooms_that_would_break_the_protocol(name: str) -> None:
    with pytest.raises(Refused):
        names.room(name)


def test_an_account_name_is_refused_in_grammar() -> None:
    with pytest.raises(Refused, match="^An account name cannot contain a space"):
        names.account("a b")


@pytest.mark.threat(26)
@pytest.mark.parametrize(
    ("name", "folded"),
    [("#foo", "#foo"), ("#rfc1459[noncompliant]", "#rfc1459[noncompliant]"), ("#{[]}", "#{[]}"), ("#FOO", "#foo"),
    ("#bang!", "#bang!"), ("##", "##"), ("##Ubuntu", "##ubuntu"), ("#中文频道", "#中文频道"), ("#שלום", "#שלום")],
)  # fmt: skip
def test_rooms_fold_as_they_do_elsewhere(name: str, folded: str) -> None:
    assert names.room(name) == folded


@pytest.mark.threat(25)
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Phi|ip", "philip"),
        ("ｓｍｔ", "smt"),
        ("ＳＭＴ", "smt"),
        ("еvan", "evan"),
        ("РОТАТО", "potato"),
        ("waming", "warning"),
    ],
)
def test_names_look_alike_as_they_do_elsewhere(one: str, other: str) -> None:
    """But for the last: whoever reads a small screen takes rn for m, and Unicode's table says so."""
    assert not set(names.keys(one)).isdisjoint(names.keys(other))


@pytest.mark.threat(23)
@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("a\u2800b", "U+2800, which nobody sees"),
        ("a\u3164", "U+3164, which nobody sees"),
        ("a\u115f", "U+115F, which nobody sees"),
        ("a\u1160b", "U+1160, which nobody sees"),
        ("a\uffa0", "U+FFA0, which nobody sees"),
        ("é\ufe0f", "U+FE0F, which nobody sees"),
        ("a\U000e0100", "U+E0100, which nobody sees"),
        ("a\u200bb", "U+200B"),
        ("a\u200db", "U+200D"),
        ("क\u094d\u200dष", "U+200D"),
        ("a\u202eb", "U+202E"),
        ("a\u2066b", "U+2066"),
        ("a\U000e0041", "U+E0041"),
        ("a\ufeff", "U+FEFF"),
        ("a\u0300\u0301\u0302\u0303\u0304b", "at most 3 marks"),
        ("аnn", "mixes several"),
        ("Ωmega", "mixes several"),
        ("annかな", ""),
        ("かな漢字", ""),
        ("한글漢字", ""),
        ("ㄅㄆ漢字", ""),
        ("かな한글", "mixes several"),
        ("वाणी", ""),
        ("Nguyễn", ""),
        ("สวัสดี", ""),
        ("محمد", ""),
    ],
)
def test_what_nobody_sees_or_reads_is_in_no_name(name: str, says: str) -> None:
    for check, form in ((names.nick, name), (names.room, f"#{name}")):
        why = refusal(check, form)
        assert bool(why) is bool(says)
        assert says in why


@pytest.mark.threat(26)
def test_a_name_that_is_too_long_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def too_late(name: str) -> str:
        raise AssertionError("it was looked at")

    for costly in ("fold", "keys", "_case_mapped", "is_mixed"):
        monkeypatch.setattr(names, costly, too_late)
    for check in (names.nick, names.account, names.room):
        with pytest.raises(Refused, match="too long"):
            check("#" + "я" * 1_000_000)


@pytest.mark.threat(26)
@settings(deadline=None, max_examples=300)
@given(st.text(st.sampled_from("aAßẞéÉΣςσİıKÅﬀΐａＡаАiIlL1|0oOmrnкКνv\u0301ﬁǆ"), max_size=6))
def test_what_folds_to_the_same_has_the_same_owner(name: str) -> None:
    folded = names.fold(name)
    assert names.fold(folded) == folded
    assert not set(names.keys(name)).isdisjoint(names.keys(folded))


# several who want one name


@pytest.mark.threat(27)
def test_of_all_who_want_one_name_at_once_exactly_one_has_it(long: bool, seed: int) -> None:
    """Coming in, or from another name, in every order."""
    for number in range(LONG_RACES if long else RACES):
        contest = Contest(seed + number, people=5)
        row = contest.random.choice(ALIKE)
        nicks = [contest.random.choice(row) for _ in contest.ears]
        contest.run(entering(contest, nicks))
        contest.check()
        answers = [answer for answers in contest.answers.values() for answer in answers]
        assert sum(isinstance(answer, Welcome) for answer in answers) == 1, (seed + number, nicks)
        assert sum(isinstance(one, Refused) and one.code == "nick_taken" for one in answers) == 4


@pytest.mark.threat(25, 27)
def test_of_all_who_register_one_name_at_once_exactly_one_has_it(long: bool, seed: int) -> None:
    """Or names that look alike."""
    for number in range(LONG_RACES if long else RACES):
        contest = Contest(seed + number, people=5)
        row = contest.random.choice(ALIKE)
        contest.run(registering(contest, [contest.random.choice(row) for _ in contest.ears]))
        contest.check()
        answers = [answer for answers in contest.answers.values() for answer in answers]
        assert sum(isinstance(answer, LoggedInReply) for answer in answers) == 1, seed + number
        assert sum(isinstance(one, Refused) and one.code == "account_exists" for one in answers) == 4


@pytest.mark.threat(26, 27)
def test_no_two_ever_have_names_that_look_alike(long: bool, seed: int) -> None:
    """Coming, being called otherwise and going, all at once: what is told is always what is held."""
    for number in range(LONG_RACES if long else RACES):
        contest = Contest(seed + number, people=5)
        for _ in range(2):
            contest.run(random_wishes(contest))
            contest.check()


@pytest.mark.threat(27)
@pytest.mark.parametrize("kept", [False, True])
async def test_two_who_come_in_the_same_tick(kept: bool, tmp_path: Path, long: bool) -> None:
    config = Config(limits=NO_LIMITS, data=tmp_path / "data" if kept else None)
    async with tcpchat.Server(config, port=0) as server:
        for number in range(200 if long else 20):
            row = ALIKE[number % len(ALIKE)]
            peers = [await Peer.open(server.port) for _ in range(2)]
            for peer, nick in zip(peers, row, strict=False):
                peer.send(f"NICK :{nick}", "USER u 0 * :U")
            ends = await asyncio.gather(*(peer.until(r" (001|433) ") for peer in peers))
            assert sorted(end[1] for end in ends) == ["001", "433"]
            for peer in peers:
                peer.send("QUIT")
                await peer.end()
                await peer.close()
