"""The JSON Schema of the JSON dialect, made from the vocabulary. ``python -m tcpchat.wire.schema`` prints it."""

import json
from inspect import cleandoc
from typing import Any

import msgspec

from tcpchat.model import commands, events, replies
from tcpchat.wire import jsonl

_ID = {
    "description": "Made by the client; the answer has it.",
    "anyOf": [{"type": t} for t in ("integer", "string", "null")],
}


def schema() -> dict[str, Any]:
    """What a client may send (``#/$defs/FromClient``) and what it is sent (``#/$defs/FromServer``), a line each."""
    kinds = (commands.ANY, replies.ANY, events.ANY, jsonl.Hello, jsonl.Failure, jsonl.ServerPing, jsonl.Bye)
    (asked, answered, happened, *lines), parts = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    for part in parts.values():
        if "description" in part:
            part["description"] = cleandoc(part["description"])  # Python 3.13 does it by itself
    ok = {"type": "object", "properties": {"ok": _ID}, "required": ["ok"]}
    parts["Request"] = {"allOf": [asked, {"type": "object", "properties": {"id": _ID}}]}
    parts["Ok"] = {"allOf": [answered, ok]}
    parts["FromClient"] = {"$ref": "#/$defs/Request"}
    parts["FromServer"] = {"anyOf": [{"$ref": "#/$defs/Ok"}, happened, *lines]}
    made = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"tcpchat JSON lines, protocol {jsonl.PROTOCOL}",
        "description": "One JSON object per line, in each direction.",
        "$defs": parts,
    }
    plain: dict[str, Any] = json.loads(json.dumps(made))  # a tuple that is a default is a list
    return plain


if __name__ == "__main__":
    print(json.dumps(schema(), indent=2, ensure_ascii=False))
