"""Start both servers below a directory, say so on stdout, and wait to be killed.

Usage: ``owner.py HOME asyncio|uvloop``
"""

import asyncio
import json
import sys
from pathlib import Path

import uvloop

from storage.embedded.postgres import EmbeddedPostgres
from storage.embedded.valkey import EmbeddedValkey


async def main(home: Path) -> None:
    postgres = EmbeddedPostgres(home / "postgres")
    valkey = EmbeddedValkey(home / "valkey", maxmemory=16 * 1024 * 1024)
    dsn, url = await postgres.start(), await valkey.start()
    ready = {"dsn": dsn, "url": url, "pids": [postgres.pid, valkey.pid]}
    sys.stdout.write(f"{json.dumps(ready)}\n")
    sys.stdout.flush()
    await asyncio.wait({asyncio.create_task(s.wait()) for s in (postgres, valkey)})


if __name__ == "__main__":
    run = {"asyncio": asyncio.run, "uvloop": uvloop.run}[sys.argv[2]]
    run(main(Path(sys.argv[1])))
