"""Links to tickets for those who cannot sign in; of each only its digest is kept."""

import hashlib
import secrets

from sqlalchemy import Connection, insert, select

from backbone.database.tables import personal

_WHAT = "ticket-link"
_DIGITS = 60


def new_link(connection: Connection, site: str, ticket: str) -> str:
    """A token that leads to the ticket."""
    token = secrets.token_urlsafe(18)
    connection.execute(insert(personal).values(site=site, person=_digest(token), what=_WHAT, document=ticket))
    return token


def ticket_behind(connection: Connection, site: str, token: str) -> str | None:
    """The id of the ticket a token leads to."""
    columns = personal.c
    key = (columns.site == site) & (columns.person == _digest(token)) & (columns.what == _WHAT)
    found = connection.execute(select(columns.document).where(key)).scalar()
    return None if found is None else str(found)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()[:_DIGITS]
