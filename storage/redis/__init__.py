"""The shared cache tier in Redis (6 or newer) or Valkey. Losing it costs latency only.

In reading order:

* ``shared_tier``  `RedisSharedTier`: SharedTier, and why what it gives is never stale
* ``scripts/``     each change is one step of the server, in Lua
* ``sealed``       records as values: version, grant, seal
* ``server``       `RedisServer`: connections and time limits
* ``breaker``      when to stop asking a server that fails
"""

from storage.redis.server import RedisServer
from storage.redis.shared_tier import RedisSharedTier

__all__ = ["RedisServer", "RedisSharedTier"]
