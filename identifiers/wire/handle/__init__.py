"""The Handle protocol (RFC 3650, 3651, 3652) as servers and clients speak it today.

In reading order:

* ``codes``       the numbers, each with its section
* ``envelope``    the 20 bytes before every packet; version negotiation
* ``header``      the 24 bytes of every message
* ``values``      typed values, as replies carry and records store them
* ``data``        what HS_ADMIN, HS_VLIST and HS_PUBKEY values hold
* ``site``        what HS_SITE values hold
* ``bodies``      the closed union of typed bodies
* ``requests``, ``responses``  which code carries which body, and its layout
* ``digests``     the digest of a request
* ``credential``  what signs a message, and which bytes it signs
* ``message``     all of it together: ``decode`` and ``encode``
* ``framing``     datagrams and streams
* ``translate``   messages to queries, outcomes to replies
* ``resolution``  the hot path past all of it; ``shapes``: questions that differ in the name only

Left out: encrypted and compressed envelopes, and the streams behind 1001 and 1002.
"""
