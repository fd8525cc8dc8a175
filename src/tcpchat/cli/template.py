"""A file of settings, written from the struct that they are read into: each with its meaning and its default."""

import ast
import inspect
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import wrap
from typing import Any, NamedTuple

import msgspec

from tcpchat.model.toml import section_of

WIDTH = 100

_BARE = re.compile(r"[A-Za-z0-9_-]+").fullmatch
"""A key that needs no quotes."""


class Setting(NamedTuple):
    """One line of a configuration, or several that are explained together."""

    meaning: str
    fields: list[msgspec.structs.FieldInfo]


class Template:
    """How the settings of a struct are written down."""

    def __init__(self, *, names: Mapping[str, str], examples: Mapping[str, object]) -> None:
        """
        :param names: what is called what in the examples, where one can call it as one likes.
        :param examples: for settings that are not set by default.
        """
        self._names = names
        self._examples = examples

    def lines(
        self, struct: type[msgspec.Struct], section: str = "", present: msgspec.Struct | None = None
    ) -> Iterator[str]:
        """The lines of a section, and of those in it. What is as it is by default stands behind a #."""
        inner = []
        for setting in settings_of(struct):
            field = setting.fields[-1]
            if section_of(field.type) is not None:
                inner.append(setting)
                continue
            yield ""
            yield from _explained(setting.meaning)
            for field in setting.fields:
                yield self._line(field, section, present)
        for setting in inner:
            yield from self._inner(setting, section, present)

    def _inner(self, setting: Setting, section: str, present: msgspec.Struct | None) -> Iterator[str]:
        field = setting.fields[0]
        struct = section_of(field.type)
        assert struct is not None
        yield ""
        yield from _explained(setting.meaning or inspect.getdoc(struct) or "")
        there = getattr(present, field.name, None)
        if struct is field.type:
            yield f"[{section}{field.name}]"
            yield from self.lines(struct, f"{section}{field.name}.", there)
        elif there:
            for name, one in there.items():
                place = f"{section}{field.name}.{name if _BARE(name) else value_of(name)}"
                yield f"[{place}]"
                yield from self.lines(struct, f"{place}.", one)
                yield ""
        else:
            place = f"{section}{field.name}.{self._names.get(field.name, 'NAME')}"
            yield f"#[{place}]"
            yield from self.lines(struct, f"{place}.")

    def _line(self, field: msgspec.structs.FieldInfo, section: str, present: msgspec.Struct | None) -> str:
        default = field.default
        if field.default_factory is not msgspec.NODEFAULT:
            default = field.default_factory()
        there = getattr(present, field.name, default)
        if there != default:
            return f"{field.name} = {value_of(there)}"
        if default is None or default is msgspec.NODEFAULT:
            default = self._examples.get(section + field.name, self._examples.get(field.name, "..."))
        return f"#{field.name} = {value_of(default)}"


def settings_of(struct: type[msgspec.Struct]) -> Iterator[Setting]:
    """The fields of a struct, those it inherits first, with the strings that stand behind them in the source."""
    fields = {field.name: field for field in msgspec.structs.fields(struct)}
    waiting: list[msgspec.structs.FieldInfo] = []
    for name, meaning in _sources(struct):
        waiting.append(fields[name])
        if meaning or section_of(fields[name].type) is not None:
            yield Setting(meaning, waiting)
            waiting = []
    if waiting:
        yield Setting("", waiting)


def _sources(struct: type[Any]) -> Iterator[tuple[str, str]]:
    """Each field, and what is said of it; nothing where the next one says it for both."""
    for one in reversed(struct.__mro__):
        if issubclass(one, msgspec.Struct) and one is not msgspec.Struct:
            (source,) = ast.parse(inspect.getsource(one)).body
            assert isinstance(source, ast.ClassDef)
            for line, after in zip(source.body, [*source.body[1:], None], strict=True):
                if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
                    yield line.target.id, _string(after)


def _string(line: ast.stmt | None) -> str:
    if isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant) and isinstance(line.value.value, str):
        return inspect.cleandoc(line.value.value)
    return ""


def _explained(meaning: str) -> Iterator[str]:
    words = " ".join(meaning.replace("``", '"').replace("`", "").split())
    yield from (f"# {line}" for line in wrap(words, WIDTH, break_on_hyphens=False))


def value_of(value: object) -> str:
    """A value as it is written in TOML, which writes texts, numbers, and lists of them as JSON does."""
    if isinstance(value, Path):
        value = str(value)
    if isinstance(value, frozenset | set):
        value = sorted(value)
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in json.dumps(value, ensure_ascii=False))
