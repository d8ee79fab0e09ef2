"""What a command was asked for and could not do; told to the operator as a sentence."""


class NotDone(RuntimeError):
    """The command was refused; the message says why and what to do."""
