"""A bot that repeats what it is told to: say “!echo hello” in its room. Run it: python echo_bot.py [ADDRESS] [ROOM]"""

import asyncio
import sys

import tcpchat


async def main(address: str = "127.0.0.1:7667", room: str = "#lobby") -> None:
    async with tcpchat.connect(address, nick="echo", rooms=[room]) as chat:
        async for event in chat:
            match event:
                case tcpchat.Said(by=who, text=text) if who != chat.nick and text.startswith("!echo "):
                    await chat.say(room, f"{who}: {text.removeprefix('!echo ')}")
                case tcpchat.Told(by=who, text="stop") if who != chat.nick:
                    await chat.tell(who, "Bye.")
                    return


if __name__ == "__main__":
    try:
        asyncio.run(main(*sys.argv[1:]))
    except (tcpchat.CannotConnect, tcpchat.Refused) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        pass
