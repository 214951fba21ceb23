"""Tickets found by assignee, party and deadline, with evidence in entries; headcounts"""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0010"
branch_labels = None
depends_on = None

_OPEN = {"reported", "assigned", "in-progress", "rectified", "re-inspected"}
_AT_ONCE = 500


def upgrade() -> None:
    op.add_column("tickets", sa.Column("assignee", sa.String(length=64), nullable=True))
    op.add_column("tickets", sa.Column("party", sa.String(length=63), nullable=True))
    op.add_column("tickets", sa.Column("late", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("tickets", sa.Column("next_at", sa.BigInteger(), nullable=True))
    op.create_index("tickets_by_next", "tickets", ["site", "next_at"])
    op.create_index("tickets_by_assignee", "tickets", ["site", "assignee"])
    op.create_table(
        "headcounts",
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("site", sa.String(length=63), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("zone", sa.String(length=63), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("headcounts_by_state", "headcounts", ["site", "state"])
    op.create_index("headcounts_by_time", "headcounts", ["site", "at"])
    _convert()


def _convert() -> None:
    """Tickets of before: evidence was one text, conditions only history; open ones are looked after from now on."""
    connection = op.get_bind()
    columns: list[sa.ColumnClause[Any]] = [
        sa.column(name) for name in ("id", "state", "at", "document", "assignee", "party", "next_at")
    ]
    tickets = sa.table("tickets", *columns)
    after = ""
    while True:
        query = sa.select(tickets.c.id, tickets.c.state, tickets.c.at, tickets.c.document)
        rows = connection.execute(query.where(tickets.c.id > after).order_by(tickets.c.id).limit(_AT_ONCE)).all()
        for identifier, state, at, document in rows:
            ticket = json.loads(document)
            said = ticket.get("evidence")
            ticket["evidence"] = [_evidence(ticket, said)] if isinstance(said, str) else []
            ticket["conditions"] = _conditions(ticket) if state in _OPEN else []
            connection.execute(
                sa.update(tickets)
                .where(tickets.c.id == identifier)
                .values(
                    document=json.dumps(ticket, ensure_ascii=False),
                    assignee=ticket.get("assignee"),
                    party=ticket.get("party"),
                    next_at=at if state in _OPEN else None,
                )
            )
        if len(rows) < _AT_ONCE:
            return
        after = rows[-1][0]


def _conditions(ticket: dict[str, Any]) -> list[dict[str, object]]:
    if not ticket["source"].startswith("rule:"):
        return []
    told = [note for note in ticket["history"] if note["change"] in {"reported", "raised-again", "condition-cleared"}]
    standing = told[-1]["change"] != "condition-cleared"
    raised = sum(note["change"] != "condition-cleared" for note in told)
    return [{"source": ticket["source"], "standing": standing, "at": told[-1]["at"], "raised": raised}]


def _evidence(ticket: dict[str, Any], said: str) -> dict[str, object]:
    notes = [note for note in ticket["history"] if note["change"] == "rectify"]
    at = notes[-1]["at"] if notes else ticket["reported_at"]
    return {"at": at, "by": ticket.get("rectified_by") or "system", "note": said}
