"""Notifications, escalations, and changes of the roster"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "escalations",
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("site", sa.String(length=63), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("zone", sa.String(length=63), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("cause", sa.String(length=200), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("escalations_by_cause", "escalations", ["site", "cause"])
    op.create_index("escalations_by_state", "escalations", ["site", "state"])
    op.create_index("escalations_by_time", "escalations", ["site", "at"])
    op.create_table(
        "notifications",
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("site", sa.String(length=63), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("zone", sa.String(length=63), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("escalation", sa.String(length=200), nullable=False),
        sa.Column("person", sa.String(length=63), nullable=False),
        sa.Column("grade", sa.String(length=10), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.UniqueConstraint("token"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("notifications_by_escalation", "notifications", ["escalation"])
    op.create_index("notifications_by_state", "notifications", ["site", "state"])
    op.create_index("notifications_by_time", "notifications", ["site", "at"])
    op.create_table(
        "roster_changes",
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("site", sa.String(length=63), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("roster_changes_by_end", "roster_changes", ["site", "until"])
    op.create_table(
        "personal",
        sa.Column("site", sa.String(length=63), nullable=False),
        sa.Column("person", sa.String(length=63), nullable=False),
        sa.Column("what", sa.String(length=20), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("site", "person", "what"),
    )
