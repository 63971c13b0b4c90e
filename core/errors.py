"""The one base of errors an operator reads: what went wrong, with the value, and the mend."""


class OwnerlineError(Exception):
    """Something the operator can mend; its text is shown as it is, without a traceback."""
