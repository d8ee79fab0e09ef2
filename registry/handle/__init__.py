"""Administration over the Handle protocol: messages in, messages out, in the registry process.

Nothing here decides about rights: `registry.service` does.
"""
