"""What may go wrong with the database, in our words."""


class DatabaseError(Exception):
    """The database cannot be used; the message says what to do."""

    may_pass = False
    """It may be there later, without anybody changing a setting."""


class DatabaseAway(DatabaseError):  # noqa: N818  (the base says it)
    """It cannot be reached, or what it keeps cannot be read."""

    may_pass = True


class Conflict(Exception):  # noqa: N818  (an outcome, not a fault)
    """Somebody else changed the object meanwhile; read it again and decide again."""
