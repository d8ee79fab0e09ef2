"""What every HTTP listener shares; nothing of one service.

``addresses``: where to listen and whom to trust. ``problems``: faults as RFC 9457 documents.
"""
