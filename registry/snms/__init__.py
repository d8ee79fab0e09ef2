"""The SNMS-style interface on the registry's port: documents of clients to the commands and back.

In reading order:

- `calls`: what every call has in common; whatever goes wrong ends in the envelope
- `tokens`: ``/identity/token``
- `data`: ``/identityv2/data``: identifiers

Nothing is decided here: forms are `identifiers.snms`, decisions are the registry's.
"""
