"""Why the domain refuses something."""


class TransitionRefused(ValueError):  # noqa: N818  (a refusal is no fault)
    """An object in its state, or this person, may not take the transition; the message is the reason."""
