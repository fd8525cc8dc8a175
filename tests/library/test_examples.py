"""The examples are run, and are short."""

import asyncio
import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

import tcpchat
from tests.conftest import Connect
from tests.peer import PATIENCE, Peer

EXAMPLES = Path(__file__).parents[2] / "examples"


def example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_an_example_has_less_than_40_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) < 40


async def test_the_bot_echoes_and_stops(server: tcpchat.Server, connect: Connect) -> None:
    bot = asyncio.create_task(example("echo_bot").main(f"127.0.0.1:{server.port}", "#tea"))
    ann = await connect()
    await ann.enter_json("ann", "#tea")
    if "echo" not in str(await ann.ask(do="list_people", room="#tea")):
        await ann.until(r'"event":"joined".*"by":"echo"')
    ann.send('{"do":"say","room":"#tea","text":"!echo hello"}')
    await ann.until(r'"by":"echo","text":"ann: hello"')
    ann.send('{"do":"tell","to":"echo","text":"stop"}')
    await ann.until(r'"by":"echo","text":"Bye\."')
    async with asyncio.timeout(PATIENCE):
        await bot


@pytest.mark.parametrize("bot", ["echo", "dice"])
async def test_a_bot_whose_name_is_taken_says_so(server: tcpchat.Server, connect: Connect, bot: str) -> None:
    await (await connect()).enter_json(bot, "#tea")
    code, said = await run(f"{bot}_bot", f"127.0.0.1:{server.port}", "#tea")
    assert (code, said) == (1, f"The name {bot} is taken. Try {bot}2.\n")


async def test_a_bot_that_finds_no_server_says_so() -> None:
    code, said = await run("echo_bot", "127.0.0.1:1")
    assert (code, said.startswith("Nobody is listening on 127.0.0.1:1."), said.count("\n")) == (1, True, 1)


async def run(name: str, *arguments: str) -> tuple[int | None, str]:
    """An example as its users run it, until it ends: its exit code, and its errors."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, EXAMPLES / f"{name}.py", *arguments, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(PATIENCE):
        _, errors = await process.communicate()
    return process.returncode, errors.decode()


async def test_the_game_is_won_by_halving(capsys: pytest.CaptureFixture[str]) -> None:
    game = asyncio.create_task(example("game").main(port=0, rounds=1))
    async with asyncio.timeout(PATIENCE):
        while not (announced := re.search(r"nc 127\.0\.0\.1 (\d+)", capsys.readouterr().out)):
            await asyncio.sleep(0.01)
    player = await Peer.open(int(announced[1]))
    await player.enter_irc("ann", "#game")
    low, high = 1, 100
    while True:
        player.send(f"PRIVMSG #game :{(guess := (low + high) // 2)}")
        answer = await player.until(rf"more than {guess}|less than {guess}|ann has it: {guess}")
        if "has it" in answer[0]:
            break
        low, high = (guess + 1, high) if "more" in answer[0] else (low, guess - 1)
    async with asyncio.timeout(PATIENCE):
        await game
    await player.close()


async def test_the_dice_are_rolled_once_for_each_who_asks(
    server: tcpchat.Server, connect: Connect, tmp_path: Path
) -> None:
    """Also for those who ask while the bot is away, and if it dies between its answer and noting that it gave it."""
    address, kept = f"127.0.0.1:{server.port}", tmp_path / "cursor"
    ann = await connect()
    await ann.enter_json("ann", "#tea")

    async def live_until(rolls: int) -> None:
        bot = asyncio.create_task(example("dice_bot").main(address, "#tea", kept))
        await ann.until(r'"event":"joined".*"by":"dice"')
        ann.send('{"do":"say","room":"#tea","text":"!roll"}')
        for _ in range(rolls):
            await ann.until(r'"by":"dice","text":"ann rolls')
        bot.cancel()
        await asyncio.wait([bot])
        await ann.ask(do="say", room="#tea", text="!roll")

    await live_until(1)
    before = kept.read_text()
    await live_until(2)
    kept.write_text(before)  # it knows of nothing it did since, and does all of it again
    await live_until(2)
    page = await ann.ask(do="history", room="#tea", limit=100)
    asked = [event["id"] for event in page["events"] if event["text"] == "!roll"]
    assert (len(asked), len(page["events"])) == (6, 6 + 5), "the last one is not answered yet"
