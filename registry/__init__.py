"""The only writer of records: enterprises, prefixes, identifiers, credentials.

In reading order: ``ports`` (what it needs), ``commands`` (what can be asked), ``rules`` (pure: what
a command does to what is stored), ``service`` (one method per command), ``commit`` (commands that
arrive together travel together), ``imports`` (bulk), ``keys``, ``http`` (the API).
"""
