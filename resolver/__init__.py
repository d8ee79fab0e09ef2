"""Answers anonymous look-ups over every transport. Reads records, never writes them.

In reading order: ``ports`` (what it needs), ``delegation``, ``view`` and ``limits`` (pure: whose
name, what anybody may see, how much for whom), ``redirects`` and ``countries`` (pure: where
browsers are sent), ``freshness`` (pure: what may be believed), ``turns`` (pure: how the loop is
shared), ``tiers`` (record sources, each in front of the next), ``follower`` (keeps the tiers
right), ``retelling`` (what was told before), ``at_hand`` (what is said without waiting),
``fetching`` (records, as far as they are to be had), ``computing`` (names by template), ``service``
(one `Resolver` for all transports), ``unheld`` (a miss before it is read), ``recursion`` (asks
other nodes), ``counters``, ``clients``, ``transports``.
"""
