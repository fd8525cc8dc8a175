"""Every command, asked for by everybody who can be somebody: what becomes of it stands in a file."""

from pathlib import Path

import pytest

from tcpchat.chat.hub import RULES
from tcpchat.model import commands
from tests.security.commands import EXAMPLES, GOLDEN, KINDS, table, written

pytestmark = pytest.mark.threat(33, 35)


def test_every_command_has_an_example() -> None:
    missing = [kind.__name__ for kind in KINDS if kind not in EXAMPLES]
    assert not missing, f"{missing}: write an example in tests/security/commands.py, and run it to write the table"


def test_every_command_stands_in_the_table() -> None:
    rows = [line for line in GOLDEN.read_text("utf-8").splitlines()[2:] if not line.startswith(" ")]
    assert rows == [kind.__name__ for kind in KINDS]


async def test_everybody_gets_what_the_table_says(tmp_path: Path) -> None:
    """Whoever means a difference has it written down: python -m tests.security.commands"""
    found = written(await table(tmp_path / "data")).splitlines()
    wanted = GOLDEN.read_text("utf-8").splitlines()
    assert found == wanted


def test_what_is_obeyed_is_in_the_vocabulary() -> None:
    assert set(RULES) <= set(KINDS) | {commands.Enter}
