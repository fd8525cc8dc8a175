"""A server with TLS in a process of its own, on uvloop as the command has it, that tells how much memory is in use.

It prints its TLS port; then, for each line that it is sent, the bytes that the allocator has given out. With
PYTHONMALLOC=malloc that is all there is, Python's own objects too.
"""

import asyncio
import ctypes
import gc
import sys

import uvloop

import tcpchat
from tcpchat.config import Tls
from tcpchat.server.limits import raise_open_files


class _Mallinfo2(ctypes.Structure):
    """See mallinfo(3)."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()
    ]  # fmt: skip


def in_use() -> int:
    """Bytes that were asked for and not given back."""
    gc.collect()
    libc = ctypes.CDLL(None)
    libc.mallinfo2.restype = _Mallinfo2
    found = libc.mallinfo2()
    return int(found.uordblks + found.hblkhd)


async def main(seconds: float) -> None:
    limits = tcpchat.Limits(clients_per_address=10_000, handshake_seconds=seconds)
    config = tcpchat.Config(
        listen=(), tls_listen=("127.0.0.1:0",), tls=Tls(self_signed=True), limits=limits, log_level="error"
    )
    async with tcpchat.Server(config) as server:
        print(server.port, flush=True)
        loop = asyncio.get_running_loop()
        while await loop.run_in_executor(None, sys.stdin.readline):
            while server.clients:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.1)  # what was closed last is given back a moment later
            print(in_use(), flush=True)


if __name__ == "__main__":
    raise_open_files()
    uvloop.run(main(float(sys.argv[1])))
