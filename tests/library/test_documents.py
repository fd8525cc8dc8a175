"""What is generated from the code is what the code says."""

import json
from pathlib import Path

from tcpchat.wire.schema import schema

DOCS = Path(__file__).parents[2] / "docs"


def test_the_schema_is_that_of_the_types() -> None:
    assert json.loads((DOCS / "protocol.schema.json").read_text()) == schema(), "run make docs"


def test_every_request_is_in_the_description() -> None:
    described = (DOCS / "protocol.md").read_text()
    for name, part in schema()["$defs"].items():
        for tag in part.get("properties", {}).get("do", {}).get("enum", []):
            assert f"`{tag}`" in described, name
