"""Answers anonymous look-ups over every transport. Reads records, never writes them.

In reading order: ``ports`` (what it needs), ``delegation`` and ``limits`` (pure decisions),
``tiers`` (record sources, each in front of the next), ``service`` (one `Resolver` for all
transports), ``counters``, ``freshness``, ``transports``.
"""
