"""client.toml: what stands in it is read or explained, and what is changed in it is the one setting that is meant."""

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tcpchat.cli.preferences import Preferences, ServerEntry, keep, load, template
from tcpchat.cli.servers import Options, resolved
from tcpchat.cli.trust import safety
from tcpchat.model.errors import CannotStart

DOCUMENTED = Path(__file__).parents[2] / "docs/client.toml"

EVERYTHING = """
nick = "ann"
words = ["tea", "\\u009b\\u202e"]
mouse = false
[servers.work]
address = "tls://chat.example.org"
tls_client_cert = "/ann.pem"
[servers."the other \\u001b"]
address = "192.0.2.1"
keyring = true
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "tcpchat" / "client.toml"


def written(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def test_without_a_file_everything_is_as_it_is_by_default(file: Path) -> None:
    assert load(file) == Preferences()


def test_the_template_changes_nothing_and_every_line_of_it_can_be_taken_as_it_is(file: Path) -> None:
    assert load(written(file, template())) == Preferences()
    everything = re.sub(r"^#(?=\[|\w+ = )", "", template(), flags=re.MULTILINE)
    entry = load(written(file, everything)).servers.pop("work")
    assert entry.address == "tls://chat.example.org"
    for block in template().split("\n\n")[1:]:
        assert block.startswith("# "), block


def test_the_first_thing_that_is_kept_makes_the_file_with_everything_explained(file: Path) -> None:
    assert keep("nick", "ann", file) == ""
    assert file.read_text().replace('nick = "ann"\n', "", 1) == f"{template()}\n"
    assert load(file) == Preferences(nick="ann")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_what_is_kept_again_takes_the_place_of_what_was(file: Path) -> None:
    keep("bell", "off", file)
    before = file.read_text()
    keep("bell", "all", file)
    assert file.read_text() == before.replace('bell = "off"', 'bell = "all"')


def test_a_file_that_is_a_link_stays_one(file: Path, tmp_path: Path) -> None:
    there = written(tmp_path / "dotfiles" / "client.toml", "# mine\n")
    there.chmod(0o644)
    file.parent.mkdir()
    file.symlink_to(Path("..") / "dotfiles" / "client.toml")
    assert keep("bell", "all", file) == ""
    assert file.is_symlink()
    assert there.read_text() == 'bell = "all"\n# mine\n'
    assert stat.S_IMODE(there.stat().st_mode) == 0o600
    assert [one.name for one in there.parent.iterdir()] == ["client.toml"]


@pytest.mark.parametrize("text", ["nick = ", "nick = 1\nnick = 2\n", "[" * 10_000, "\0"])
def test_a_file_that_is_wrong_is_left_alone_and_that_is_said(file: Path, text: str) -> None:
    written(file, text)
    assert keep("nick", "ann", file).startswith(f"nick is not kept in {file}: it is not TOML: ")
    assert file.read_text() == text


def test_what_is_no_file_stays_what_it_is(file: Path) -> None:
    file.parent.mkdir()
    file.symlink_to("/dev/null")
    assert load(file) == Preferences()
    assert keep("nick", "ann", file) == f"nick is not kept in {file}: it is no file."
    assert Path("/dev/null").is_char_device()


@pytest.mark.skipif(os.name == "nt", reason="who is logged in there has a home")
def test_who_has_no_home_has_no_settings_and_keeps_none(monkeypatch: pytest.MonkeyPatch) -> None:
    import pwd

    def unknown(number: int) -> None:
        raise KeyError(number)

    for name in ("HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    assert load() == Preferences()
    assert keep("nick", "ann").endswith("not a directory.")
    assert safety(resolved(Preferences(), ""))["pins"] is None


def test_where_nothing_can_be_written_that_is_said(file: Path) -> None:
    file.parent.write_text("in the way")
    deeper = file.parent / "more" / "client.toml"
    assert keep("nick", "ann", deeper) == f"nick is not kept in {deeper}: not a directory."


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('nik = "ann"', "there is no setting nik. Did you mean nick?"),
        ("nick = 1", 'nick cannot be 1. Write nick = "…", in quotes.'),
        ("nick = ann", 'is not TOML: Invalid value (at line 1, column 8). Texts stand in quotes, as in nick = "ann".'),
        ('bell = "loud"', 'bell cannot be "loud". Write bell = "off", "mentions" or "all".'),
        ("mouse = 'yes'", 'mouse cannot be "yes". Write mouse = true or mouse = false, without quotes.'),
        ('nick = "a b"', 'nick cannot be "a b". A nickname cannot contain a space.'),
        ('rooms = ["a b"]', 'rooms cannot be ["a b"]. A room name cannot contain a space.'),
        ('server = "ftp://a"', 'server cannot be "ftp://a". “ftp://” is not known here.'),
        ('[server.work]\naddress = "a"', "[server] is no section: write [servers.NAME], and below it address = …"),
        ("servers = 1", "servers are sections: write [servers.NAME]"),
        ('[servers.work]\naddress = "a"\naccount = "a b"', 'servers.work: account cannot be "a b". '),
        ('[servers.work]\naddress = "a"\nfingerprint = "1"', 'fingerprint cannot be "1". It is SHA256: and 64 digits'),
        ('[servers.work]\naddress = "a"\nkeyring = true\npassword_command = "x"', "or from the keyring: take one of"),
        ('[servers.work]\naddress = "a"\ntls_client_key = "x"', "It needs the certificate that the key belongs to"),
        ('[servers.work]\nnick = "a"', "servers.work: where is it? Write address = "),
        ('[servers.work]\naddress = "a"\npassword = "a"', "there is no setting password. Did you mean password_com"),
    ],
)
def test_what_is_wrong_is_said_with_where_it_stands_and_what_would_be_right(file: Path, text: str, words: str) -> None:
    with pytest.raises(CannotStart) as raised:
        load(written(file, text))
    assert str(raised.value).startswith(str(file))
    assert words in str(raised.value)
    assert raised.value.exit_code == 78


def config(home: Path, *options: str) -> tuple[int, str, str]:
    """What ``tcpchat-client config`` ends with, prints, and complains of, with that as the home directory."""
    environment = {**os.environ, "HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config")}
    command = [sys.executable, "-m", "tcpchat.client", "config", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, env=environment)
    return done.returncode, done.stdout, done.stderr


def test_the_file_is_made_once(tmp_path: Path) -> None:
    file = tmp_path / ".config/tcpchat/client.toml"
    assert config(tmp_path)[1].startswith(f"# {file} is not there; tcpchat-client config --make makes it.\n")
    assert config(tmp_path, "--make") == (0, f"{file} is there now; nothing is set in it yet.\n", "")
    assert file.read_text() == config(tmp_path, "--defaults")[1] == DOCUMENTED.read_text()
    keep("nick", "ann", file)
    before = file.read_text()
    assert config(tmp_path, "--make") == (0, f"{file} is there already, and stays as it is.\n", "")
    assert file.read_text() == before


def test_what_is_printed_is_what_is_set_with_everything_explained(tmp_path: Path, file: Path) -> None:
    there = written(tmp_path / ".config/tcpchat/client.toml", EVERYTHING)
    code, printed, complaint = config(tmp_path)
    assert (code, complaint) == (0, "")
    assert printed.startswith(f"# {there}\n")
    assert load(written(file, printed)) == load(there) != Preferences()
    assert printed.count("# What you are called there.") == 2


def test_a_wrong_file_is_not_printed_as_if_it_were_right(tmp_path: Path) -> None:
    there = written(tmp_path / ".config/tcpchat/client.toml", "bell = 1")
    code, printed, complaint = config(tmp_path)
    assert (code, printed) == (78, "")
    assert complaint.startswith(f"tcpchat-client: {there}: bell cannot be 1.")


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / ".config").write_text("in the way")
    code, printed, complaint = config(tmp_path, "--make")
    assert (code, printed) == (73, "")
    assert complaint.startswith(f"tcpchat-client: Cannot write {tmp_path}/.config/tcpchat/client.toml: ")


WORK = ServerEntry(address="tls://chat.example.org", nick="ann", rooms=["#a", "b"], keyring=True, account="anna")
KNOWN = Preferences(nick="annie", rooms=["#tea"], server="work", servers={"work": WORK})


def test_what_is_typed_goes_before_the_entry_and_that_before_the_rest() -> None:
    assert resolved(KNOWN, "") == resolved(KNOWN, "work")
    entry = resolved(KNOWN, "work")
    assert (entry.name, entry.address, entry.nick, entry.rooms) == ("work", WORK.address, "ann", ["#a", "#b"])
    assert (entry.account, entry.keyring, entry.asked_for) == ("anna", True, False)
    other = resolved(KNOWN, "192.0.2.1")
    assert (other.name, other.address, other.nick, other.rooms) == ("", "192.0.2.1", "annie", ["#tea"])
    typed = resolved(KNOWN, "work", Options(nick="bob", rooms=("ops",), accept_fingerprint="x", insecure=True))
    assert (typed.nick, typed.rooms, typed.fingerprint, typed.insecure) == ("bob", ["#ops"], "x", True)
    assert typed.asked_for


def test_another_account_has_another_password() -> None:
    target = resolved(KNOWN, "work", Options(account="bob"))
    assert (target.account, target.nick, target.keyring, target.password_command) == ("bob", "bob", False, "")


def test_a_key_belongs_to_the_certificate_that_it_was_named_with() -> None:
    entry = ServerEntry(address="a", tls_client_cert=Path("own"), tls_client_key=Path("key"))
    target = resolved(Preferences(servers={"a": entry}), "a", Options(tls_client_cert=Path("other")))
    assert (target.certificate, target.key) == (Path("other"), None)
