"""Cache tiers: each is a record source in front of a record source.

* ``partial``     how a source says that it got only some of what was asked
* ``local``       keeps records in this process
* ``front``       keeps replies that were made of the hottest of them
* ``coalescing``  lets concurrent misses travel together
* ``shared``      asks the cache that all workers share
* ``guarded``     remembers for a second that the store is away

Their order is written once, in ``node.wiring``: local, coalescing, shared, guarded, store; and for
reads past all caches: coalescing, guarded, store.
"""
