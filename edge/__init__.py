"""What every HTTP listener shares; nothing of one service.

``addresses``: where to listen and whom to trust. ``problems``: faults as RFC 9457 documents.
``language``: Chinese or English. ``server``: what surrounds every request, ``deadlines``: its time
limit. ``bodies``: reading them within limits of size and time. ``relay``: from a worker to the
registry process.
"""
