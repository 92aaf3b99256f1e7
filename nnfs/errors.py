"""Mistakes of the person at the keyboard, as opposed to faults of the program.

The command line prints the message of a `UserError` in one line, without a traceback, and exits with status 2.
So the message has to say what is wrong and what to do.
"""


class UserError(RuntimeError):
    """Something that the caller can mend; the message says how."""
