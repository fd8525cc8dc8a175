"""A game loop with a chat inside: players guess a number in #game, from nc, an IRC client or anything else."""

import asyncio
import random
import sys

import tcpchat


async def play(chat: tcpchat.Client, secret: int) -> str:
    """One round; returns who won it."""
    await chat.say("#game", "I think of a number from 1 to 100.")
    async for event in chat:
        if isinstance(event, tcpchat.Said) and event.by != chat.nick and event.text.isdecimal():
            guess = int(event.text)
            if guess == secret:
                await chat.say("#game", f"{event.by} has it: {secret}!")
                return event.by
            await chat.say("#game", f"{event.by}: {'more' if guess < secret else 'less'} than {guess}")
    raise ConnectionError("the chat ended")


async def main(port: int = 7667, rounds: int = 3) -> None:
    async with tcpchat.Server(port=port) as server:
        print(f"Join the game: nc 127.0.0.1 {server.port}, then /join #game", flush=True)
        async with tcpchat.connect(f"127.0.0.1:{server.port}", nick="game", rooms=["#game"]) as chat:
            for _ in range(rounds):
                await play(chat, random.randint(1, 100))


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except tcpchat.CannotStart as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        pass
