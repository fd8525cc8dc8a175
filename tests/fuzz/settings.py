"""Configurations of every kind: `config.load` gives one that is valid, or says what is wrong, and nothing else."""

from pathlib import Path
from random import Random
from typing import Any

import msgspec
from msgspec import inspect

from tcpchat.config import BadSetting, Config, load

_VALUES = [
    "0", "1", "-1", "5", "1.5", "1e9", "1e400", "inf", "nan", "true", "false", '""', '"x"', '"127.0.0.1:0"',
    '"[::1]:7667"',
    '"full"', '"normal"', '"debug"', '"$argon2id$x"', '"~/data"', '"~nobody-of-that-name/x"', '"\\u0000"', "[]",
    '["x"]', '["127.0.0.1:0"]', "[1, 2]",
    "{}", "{ a = 1 }", "1979-05-27", "1979-05-27T07:32:00Z", "07:32:00", "0xff", "99999999999999999999999", "x", "é",
    "'", '"',
    "[[", '"""', "\\", "\x00", "{ password = 'x' }", "{ password = 'x', rights = ['kill'] }", '["10.0.0.0/8"]',
    '["10.0.0.0/33"]',
]  # fmt: skip
_STRANGE = ["", ".", "..", "a", "limits", "limits.", ".limits", "operators.x", "operators.x.password",
"operators.é.rights",
            "limits.clients.more", "__class__", "keep..days", "tls", "operators", "x.y.z.w",
            "limits.ENABLED"]  # fmt: skip


def names(struct: type[msgspec.Struct] = Config, place: str = "") -> list[str]:
    """All settings, with their sections."""
    found = []
    for field in inspect.type_info(struct).fields:  # type: ignore[union-attr]
        found.append(place + field.encode_name)
        if isinstance(field.type, inspect.StructType):
            found += names(field.type.cls, f"{place}{field.encode_name}.")
    return found


_NAMES = names()


def tried(chance: Random, file: Path) -> bool:
    """Load one; whether it was valid. What was written by `file` stays there, to be looked at.

    :raises Exception: whatever is no `BadSetting`.
    """
    written = None
    if chance.random() < 0.6:
        written = file
        file.write_bytes(_broken(_toml(chance), chance))
    settings = [_setting(chance) for _ in range(chance.randrange(4))]
    try:
        config = load(written, settings)
    except BadSetting as error:
        said = str(error)
        assert said, "it does not say what is wrong"
        assert "Traceback" not in said
        return False
    assert isinstance(config, Config)
    msgspec.convert(msgspec.to_builtins(config, enc_hook=str), Config, dec_hook=lambda kind, value: kind(value))
    return True


def _setting(chance: Random) -> str:
    name = chance.choice(_NAMES) if chance.random() < 0.8 else chance.choice(_STRANGE)
    equals = "=" if chance.random() < 0.95 else chance.choice(("", "==", " = ", ":"))
    return f"{name}{equals}{chance.choice(_VALUES)}"


def _toml(chance: Random) -> str:
    lines = []
    for _ in range(chance.randrange(6)):
        *sections, name = (chance.choice(_NAMES) if chance.random() < 0.85 else chance.choice(_STRANGE)).split(".")
        if sections and chance.random() < 0.6:
            lines.append(f"[{'.'.join(sections)}]")
            sections = []
        lines.append(f"{'.'.join([*sections, name])} = {chance.choice(_VALUES)}")
    return "\n".join(lines)


def _broken(text: str, chance: Random) -> bytes:
    data = text.encode("utf-8", "surrogatepass")
    if chance.random() < 0.8:
        return data
    place = chance.randrange(len(data) + 1)
    ways: list[Any] = [data[:place], data[place:], data[:place] + chance.randbytes(2) + data[place:], data * 2,
    b"\xff" + data,
                       data + b"\n" + b"[" * 500, b"motd = " + b"[" * 5_000, b"\xef\xbb\xbf" + data,
                       data.replace(b"=", b"")]  # fmt: skip
    return bytes(chance.choice(ways))
