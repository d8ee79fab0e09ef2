"""The only writer of records: enterprises, prefixes, identifiers, credentials.

In reading order: ``ports`` (what it needs), ``commands`` (what can be asked), ``rules`` (pure: what
a command does to what is stored), ``service`` (one method per command), ``commit`` (commands that
arrive together travel together), ``templating`` and ``holding`` (pure: what templates make of
commands, what identifiers have for themselves alone), ``shelf`` (the templates in force),
``reading`` and ``imports`` (bulk), ``keys``, ``http`` (the API); ``signatures`` (pure: the node's
own on what is written), ``signing``, ``backlog``; ``business`` (enterprises, prefixes, templates).

Over the ``relay`` from the workers: ``identities`` and ``attempts`` (who proves to be whom, and how
often not), ``handle`` (the Handle protocol), ``rest`` (its REST form).
"""
