"""What this package raises: ``KeyUnfit``, and nothing else."""


class KeyUnfit(ValueError):
    """A key, an answer or a session cannot be used: unreadable, unsupported, or against policy.

    The message is for logs and for whoever owns the key. Whoever was refused is told no more than
    that authentication failed.
    """
