"""``tcpchat-server config`` and ``hash-password``: files that can be used as they are printed."""

import os
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pexpect
import pytest
from argon2 import PasswordHasher

from tcpchat import Config
from tcpchat.config import load

SERVER = [sys.executable, "-m", "tcpchat.server"]
DOCS = Path(__file__).parents[2] / "docs"


def printed(*words: str, typed: str = "") -> str:
    done = subprocess.run([*SERVER, *words], input=typed, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def names(struct: object, section: str = "") -> set[str]:
    """All settings, but for those that are called as one likes."""
    found = set()
    for field in msgspec.structs.fields(struct):  # type: ignore[arg-type]
        value = getattr(struct, field.name)
        if isinstance(value, msgspec.Struct):
            found |= names(value, f"{section}{field.name}.")
        elif not isinstance(value, dict):
            found.add(section + field.name)
    return found


def set_in(text: str) -> set[str]:
    """The settings in a configuration, whether or not they are commented out."""
    section, found = "", set()
    for line in text.splitlines():
        if heading := re.fullmatch(r"#?\[([\w.]+)\]", line):
            section = f"{heading[1]}."
        elif setting := re.match(r"#?(\w+) = ", line):
            found.add(section + setting[1])
    return found


def test_it_changes_nothing_and_names_everything(tmp_path: Path) -> None:
    file = tmp_path / "chat.toml"
    file.write_text(printed("config"))
    assert load(file) == Config()
    assert names(Config()) <= set_in(file.read_text())


def everything_set(text: str, file: Path) -> Config:
    """With no setting commented out."""
    file.write_text(re.sub(r"^#(?=\[|\w+ = )", "", text, flags=re.MULTILINE))
    file.chmod(0o600)
    return load(file)


def test_every_line_can_be_taken_as_it_is(tmp_path: Path) -> None:
    before = names(Config())
    config = everything_set(printed("config"), tmp_path / "chat.toml")
    given = {"data", "keep.days", "keep.room_entries", "keep.entries"}
    assert {one for one in before if not one.startswith("tls.") and value(config, one) != value(Config(), one)} == given
    assert "ann" in config.operators


def value(config: Config, name: str) -> object:
    found: object = config
    for part in name.split("."):
        found = getattr(found, part)
    return found


def test_every_setting_is_explained() -> None:
    for block in printed("config").split("\n\n")[1:]:
        assert block.startswith("# "), block


def test_the_example_in_the_documentation_can_be_used(tmp_path: Path) -> None:
    text = (DOCS / "tcpchat.toml").read_text(encoding="utf-8")
    assert load(DOCS / "tcpchat.toml") == Config()
    assert everything_set(text, tmp_path / "chat.toml").operators


@pytest.mark.threat(61)
def test_a_hash_stands_for_its_password_and_is_never_the_same(tmp_path: Path) -> None:
    one, other = (printed("hash-password", typed="hunter2\n").strip() for _ in range(2))
    assert one != other
    assert PasswordHasher().verify(one, "hunter2")
    assert load(None, [f"password={one}"]).password == one


@pytest.mark.threat(61)
@pytest.mark.skipif(os.name == "nt", reason="there is no terminal")
def test_at_a_terminal_it_is_asked_for_and_not_shown() -> None:
    child = pexpect.spawn(SERVER[0], [*SERVER[1:], "hash-password"], timeout=20, encoding="utf-8")
    for words in ("Password", "Repeat"):
        child.expect(words)
        child.expect(": ")
        child.waitnoecho(10)
        child.sendline("hunter2")
    child.expect(r"(\$argon2id\$\S+)")
    assert "hunter2" not in child.before
    assert PasswordHasher().verify(child.match[1], "hunter2")
    child.close()


def test_no_password_has_no_hash() -> None:
    done = subprocess.run([*SERVER, "hash-password"], input="\n", capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout) == (64, "")
