"""Where records live: the ports of the other rooms in memory, in Postgres and in Redis.

It fits the ports by shape and imports ``identifiers`` only. It decides nothing about identifiers;
it decides what an outage means for the caller (`identifiers.errors`).

* ``unit``      what every store checks of a unit of work
* ``memory``    all ports in dictionaries, with switches that make them fail
* ``postgres``  the truth
* ``redis``     the cache tier that workers share
* ``embedded``  the servers themselves, for a node that is given none
"""
