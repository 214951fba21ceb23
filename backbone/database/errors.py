"""What may go wrong with the database, in our words."""


class DatabaseError(Exception):
    """The database cannot be used; the message says what to do."""


class Conflict(Exception):  # noqa: N818  (an outcome, not a fault)
    """Somebody else changed the object meanwhile; read it again and decide again."""
