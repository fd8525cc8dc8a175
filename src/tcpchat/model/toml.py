"""Settings in TOML, as people write them: read, and compared with those that there are."""

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args, get_origin

import msgspec

from tcpchat.model.errors import in_words

MOST_BYTES = 1 << 20
"""Of a file of settings; nobody writes a longer one."""


class BadSetting(ValueError):
    """A setting that does not exist or cannot have that value. The text names it and says what would do."""


def read(file: Path) -> dict[str, Any]:
    """What stands in a file.

    :raises BadSetting: if it cannot be read, or is no TOML.
    """
    try:
        with file.open("rb") as opened:
            text = opened.read(MOST_BYTES + 1)
        if len(text) > MOST_BYTES:
            raise BadSetting(f"{file} is no configuration: it is longer than {MOST_BYTES} bytes.")
        return tomllib.loads(text.decode())
    except OSError as error:
        raise BadSetting(f"Cannot read {file}: {in_words(error)}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadSetting(f"{file} is not TOML: {error}") from error


def check_names(wanted: Mapping[str, Any], struct: type[msgspec.Struct], place: str) -> None:
    """Whether there are all these settings in a struct, and in its sections.

    :raises BadSetting: with the name that is meant, perhaps.
    """
    fields = {field.name: field.type for field in msgspec.structs.fields(struct)}
    for name, value in wanted.items():
        if name not in fields:
            near = get_close_matches(name, fields, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"There are {', '.join(fields)}."
            raise BadSetting(f"{place}there is no setting {name}. {hint}")
        inner = section_of(fields[name])
        if inner is not None and inner is fields[name]:
            if not isinstance(value, Mapping):
                raise BadSetting(f"{place}{name} is a section: write {name}.KEY=VALUE.")
            check_names(value, inner, f"{place}{name}: ")


def section_of(kind: Any) -> type[msgspec.Struct] | None:
    """The struct that is a section of a setting's name, or of any name in it."""
    kind = get_args(kind)[-1] if get_origin(kind) is dict else kind
    return kind if isinstance(kind, type) and issubclass(kind, msgspec.Struct) else None


def path(wanted: type, value: object) -> Path:
    """A setting that msgspec does not know how to read (`dec_hook`).

    :raises ValueError: if it is no path.
    """
    if wanted is Path and isinstance(value, str):
        try:
            return Path(value).expanduser()
        except RuntimeError as error:  # ~somebody
            raise ValueError(f"Whose home {value} is in is not known") from error
    raise ValueError("Expected a path")
