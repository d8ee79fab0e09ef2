"""What this package raises: ``TokenUnfit``, and nothing else."""


class TokenUnfit(ValueError):
    """A signature, a certificate or a list of roots cannot be read or used."""
