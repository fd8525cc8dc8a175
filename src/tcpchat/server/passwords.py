"""Passwords: hashed in threads of their own, never on the loop, and tried by nobody too often."""

import asyncio
import secrets
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TypeVar
from unicodedata import category, normalize

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from tcpchat.chat.account import ITERATIONS, LANES, MEMORY_KIB, PASSES, SALT_BYTES, scram_keys
from tcpchat.model.records import Check, Hash, Hashed

_Result = TypeVar("_Result")

THREADS = 2
"""So many hashes at a time (see `turns`): more are not faster."""


class Passwords:
    """argon2id with OWASP's parameters (2 passes over 19 MiB), and the keys of SCRAM-SHA-256."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)

    async def hash(self, wish: Hash) -> Hashed:
        """See `records.Hash`."""
        return await self._work(lambda: self._hashed(_prepared(wish.password)))

    async def check(self, wish: Check) -> bool:
        """See `records.Check`."""
        return await self._work(lambda: self._fits(wish.hash, _prepared(wish.password)))

    def close(self) -> None:
        """Let the threads go."""
        if "_threads" in self.__dict__:
            self._threads.shutdown(cancel_futures=True)

    async def _work(self, work: Callable[[], _Result]) -> _Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(THREADS, "tcpchat-passwords")

    @cached_property
    def _nobodys(self) -> str:
        """The hash of a password that nobody knows: what there is no account for takes as long."""
        return self._hasher.hash(secrets.token_hex(16))

    def _fits(self, hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(hash or self._nobodys, password) and bool(hash)
        except (VerificationError, InvalidHashError):
            return False

    def _hashed(self, password: str) -> Hashed:
        salt = secrets.token_bytes(SALT_BYTES)
        stored_key, server_key = scram_keys(password, salt, ITERATIONS)
        return Hashed(
            argon2=self._hasher.hash(password),
            salt=b64encode(salt).decode(),
            iterations=ITERATIONS,
            stored_key=b64encode(stored_key).decode(),
            server_key=b64encode(server_key).decode(),
        )


def _prepared(password: str) -> str:
    """The same password, however its characters are put together, whatever space it has (RFC 8265, section 4.2)."""
    spaced = "".join(" " if category(one) == "Zs" else one for one in password)
    return normalize("NFC", spaced).encode("utf-8", "replace").decode()
