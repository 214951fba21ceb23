"""How the program ends: exit codes, and what ends it before it begins."""

BAD_INPUT = 1
"""The input or the service is at fault."""
BAD_SETTINGS = 2
"""The settings or the call are."""


class UnusableSettings(Exception):  # noqa: N818  (a sentence for a person, no fault of the program)
    """Settings that are well-formed each, and that a service cannot begin with; the message says what to change."""
