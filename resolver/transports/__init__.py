"""How questions come and answers go: each transport differs in the first and last steps only.

``handle`` is what the two Handle transports share: message bytes in, reply bytes out; ``finished``
keeps replies for repeated questions. ``udp`` and ``tcp`` (with ``pipeline``, one connection, and
``misses``, what waits for the store) move them. ``http`` is the REST form, whose pure part is
``rest`` and whose finished answers are ``pages``.
"""
