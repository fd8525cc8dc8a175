"""A bot that rolls dice for “!roll”: each once, whatever happens to it. Run it: python dice_bot.py [ADDRESS] [ROOM]"""

import asyncio
import random
import sys
from pathlib import Path

import tcpchat


async def main(address: str = "127.0.0.1:7667", room: str = "#lobby", kept: Path = Path("dice.cursor")) -> None:
    """Goes on behind the last event that was dealt with: what was said while it was away comes first."""
    async with tcpchat.connect(address, nick="dice", rooms=[room], cursor=read(kept)) as chat:
        async for event in chat:
            match event:
                case tcpchat.Said(by=who, text="!roll", id=id) if who != chat.nick:
                    # Should it die before it has kept the cursor, it answers again, and the key makes that one answer.
                    await chat.say(room, f"{who} rolls {random.randint(1, 6)}", key=id)
            keep(kept, chat.cursor)


def read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def keep(path: Path, cursor: str) -> None:
    new = path.with_suffix(".new")
    new.write_text(cursor)
    new.replace(path)


if __name__ == "__main__":
    try:
        asyncio.run(main(*sys.argv[1:]))
    except (tcpchat.CannotConnect, tcpchat.Refused) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        pass
