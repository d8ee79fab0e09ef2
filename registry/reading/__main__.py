"""What the reader process runs: ``python -m registry.reading DESCRIPTOR``.

It ends by SIGKILL only, with or by the registry process: nothing in it has to be kept.
"""

import asyncio
import gc
import socket
import sys

import uvloop

from registry.reading.process import serve_reading


async def main(descriptor: int) -> None:
    """Answer on an inherited listening socket for as long as this process lives."""
    server = await serve_reading(socket.socket(fileno=descriptor))
    # What lives now lives as long as the process: no collection needs to walk through it.
    gc.collect()
    gc.freeze()
    async with server:
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
