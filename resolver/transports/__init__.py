"""How questions come and answers go: each transport differs in the first and last steps only.

``handle`` is what all transports of Handle messages share: message bytes in, reply bytes out;
``repeats`` answers what was answered before, ``absent`` writes of unknown names; ``beyond`` is
what a worker does not answer by itself: the registry's part, and ``certified`` replies. ``udp`` and
``tcp`` move messages (``datagrams``: one socket; ``pipeline``: one connection; ``intake``, what
it has sent; ``desk``, what connections share; ``misses``, what waits for the store; ``moving``,
connections from worker to worker), and so does ``tunnel``, through HTTP. ``http`` is the REST form,
whose pure part is ``rest``; ``hot`` are its finished ``pages``, which ``batch`` answers many names
with; ``admission`` lets its requests in, and ``passing_on`` hands on to the registry.
``redirecting`` sends browsers on, with pages of ``showing``.
"""
