"""How questions come and answers go: each transport differs in the first and last steps only.

``handle`` is what the two Handle transports share: message bytes in, reply bytes out. ``udp`` and
``tcp`` move them; ``http`` is the REST form.
"""
