"""client.toml at random: whatever stands in it there is an answer in words, and what is changed is one setting only."""

import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tcpchat.cli.preferences import Preferences, ServerEntry, keep, load
from tcpchat.model.errors import CannotStart

KEYS = [field.name for field in msgspec.structs.fields(Preferences)]
ENTRY_KEYS = [field.name for field in msgspec.structs.fields(ServerEntry)]
PRINTABLE = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters='"\\')

VALUES = st.sampled_from(
    [
        '"ann"', '""', "'#tea'", '["#tea"]', "[]", "[1]", "true", "false", "0", "-1", "1e400", "nan", "1979-05-27",
        "07:32:00", "1979-05-27T07:32:00Z", "{}", "{ address = 'a' }", "{ work = { address = 'a' } }", "[[", '"', "\\",
        '"off"', '"all"', '"smart"', '"dark"', '"work"', '"tls://a"', '"SHA256:00"', '"~nobody-of-that-name/x"',
        '"\\u0000"', '"\\u001b[2J"',
    ]
)  # fmt: skip
STRANGE = ["nik", "servers.work", "servers.work.address", '"\\u001b"']
LINES = st.one_of(
    st.builds("{} = {}".format, st.sampled_from([*KEYS, *ENTRY_KEYS, *STRANGE]), VALUES),
    st.sampled_from(["[servers.work]", "[servers]", "[[servers]]", "[bell]", "[servers.'a b']", "# nothing", "", "="]),
    st.text(PRINTABLE, max_size=10),
)


def loaded(file: Path) -> Preferences | CannotStart:
    try:
        return load(file)
    except CannotStart as error:
        return error


@settings(deadline=None)
@given(st.one_of(st.lists(LINES, max_size=8).map("\n".join).map(str.encode), st.binary(max_size=40)))
@example(b"[" * 100_000)
@example(b"nick = " + b"{a=" * 10_000)
@example(b"\xef\xbb\xbfnick = 'ann'")
def test_whatever_stands_in_it_is_read_or_explained(text: bytes) -> None:
    with TemporaryDirectory() as directory:
        file = Path(directory) / "client.toml"
        file.write_bytes(text)
        answer = loaded(file)
        if isinstance(answer, CannotStart):
            assert answer.exit_code == 78
            assert str(file) in str(answer)
            assert str(answer).isprintable()


COMMENTS = st.text(PRINTABLE, max_size=12).map("#{}".format)
SPACES = st.sampled_from(["", " ", "  ", "\t"])
TEXTS = st.one_of(
    st.text(PRINTABLE, max_size=8).map('"{}"'.format),
    st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="'"), max_size=8).map("'{}'".format),
    st.text(PRINTABLE, max_size=8).map('"""\n{}\n#nick = 1\n[x]\n"""'.format),
)
OLD = st.one_of(
    TEXTS,
    st.sampled_from(["true", "false", "12", "[]"]),
    st.builds('[{}"#a",{}\n  "#b"  # [one]\n]'.format, SPACES, SPACES),
    st.builds("[ {},\n{}\n{} ]".format, TEXTS, COMMENTS, TEXTS),
)
NEW = st.one_of(
    st.booleans(),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    st.lists(st.text(PRINTABLE, max_size=5), max_size=3),
)
FORMS = st.sampled_from(["{}", '"{}"', "'{}'"])


@st.composite
def lines_of(draw: st.DrawFn, key: str) -> tuple[str, str, str]:
    """One line with a setting, or several: what is before its value, the value, and what is behind it."""
    name = draw(FORMS).format(key)
    before = f"{draw(SPACES)}{name}{draw(SPACES)}={draw(SPACES)}"
    return before, draw(OLD), draw(st.one_of(SPACES, st.builds("{}{}".format, SPACES, COMMENTS)))


@st.composite
def documents(draw: st.DrawFn, *, keys: list[str]) -> tuple[list[str], list[tuple[str, str, str]]]:
    """Lines with anything but these settings between the lines with them, and those."""
    some = draw(st.permutations(keys)) if keys else []
    between: list[str] = []
    known = []
    for key in some:
        between.append(draw(st.lists(st.one_of(COMMENTS, SPACES), max_size=2).map("\n".join)))
        known.append(draw(lines_of(key)))
    between.append(draw(st.lists(st.one_of(COMMENTS, SPACES), max_size=3).map("\n".join)))
    return between, known


SECTIONS = st.sampled_from(
    [
        "",
        "[servers.work] # mine\naddress = 'a' \n\n  nick = 'b'\n",
        "[servers]\n[servers.work]\nnick = \"\"\"\n#bell = 1\"\"\"\n",
        "  [servers.'a b']\n#nick = 1\nbell = 'x'\n[[more]]\nnick = 1\n[[more]]\n",
        "servers.work.address = 'a'\nservers.work.nick = 'c'\n",
    ]
)  # fmt: skip


@st.composite
def files(draw: st.DrawFn, *, with_key: bool) -> tuple[str, str, str]:
    """A file, and the text before and behind the value of `nick`, which stands in it or does not."""
    keys = draw(st.lists(st.sampled_from(["bell", "words", "other"]), unique=True))
    between, known = draw(documents(keys=[*keys, "nick"] if with_key else keys))
    before, after, found = "", "", False
    for gap, one in zip(between, known, strict=False):
        lead = f"{gap}\n" if gap else ""
        if "nick" in one[0]:
            before, found = f"{before}{lead}{one[0]}", True
            after = f"{one[2]}\n"
        elif found:
            after += f"{lead}{''.join(one)}\n"
        else:
            before += f"{lead}{''.join(one)}\n"
    rest = f"{between[-1]}\n{draw(SECTIONS)}"
    rest = rest.rstrip("\n") if draw(st.booleans()) else rest
    value = next((one[1] for one in known if "nick" in one[0]), "")
    end = draw(st.sampled_from(["\n", "\r\n"]))
    return (before.replace("\n", end), value.replace("\n", end), (after + rest).replace("\n", end))


def kept(text: str, value: object) -> str:
    """The file, after `nick` was kept in it."""
    with TemporaryDirectory() as directory:
        file = Path(directory) / "client.toml"
        file.write_bytes(text.encode())
        problem = keep("nick", value, file)  # type: ignore[arg-type]
        assert problem == "", text
        return file.read_bytes().decode()


@settings(deadline=None)
@given(files(with_key=True), NEW)
def test_what_is_there_is_changed_and_nothing_around_it(parts: tuple[str, str, str], value: object) -> None:
    before, old, after = parts
    text = kept(before + old + after, value)
    assert tomllib.loads(text)["nick"] == value
    assert text.startswith(before)
    assert text.endswith(after)


@settings(deadline=None)
@given(files(with_key=False), NEW)
def test_what_is_not_there_is_one_more_line_and_the_others_stay(parts: tuple[str, str, str], value: object) -> None:
    before, old, after = parts
    text = before + old + after
    after_it = kept(text, value)
    assert tomllib.loads(after_it) == tomllib.loads(text) | {"nick": value}
    lines = after_it.splitlines(keepends=True)
    without = {"".join(lines[:number] + lines[number + 1 :]) for number in range(len(lines))}
    assert text in without
    assert after_it.count("\r\n") in {0, after_it.count("\n")}
