"""Deadlines, rounds of inspection, documents of facilities, gradings of risks"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "deadlines",
        sa.Column("site", sa.String(length=63), nullable=False),
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("next_at", sa.BigInteger()),
        sa.Column("next_figure", sa.Double()),
        sa.PrimaryKeyConstraint("site", "id"),
    )
    op.create_table(
        "rounds",
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("site", sa.String(length=63), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("zone", sa.String(length=63), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("route", sa.String(length=63), nullable=False),
        sa.Column("due_by", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("rounds_by_route", "rounds", ["site", "route"])
    op.create_index("rounds_by_state", "rounds", ["site", "state"])
    op.create_index("rounds_by_time", "rounds", ["site", "at"])
    for name, of in (("facility_documents", "facility"), ("risk_gradings", "risk")):
        op.create_table(
            name,
            sa.Column("id", sa.String(length=200), nullable=False),
            sa.Column("site", sa.String(length=63), nullable=False),
            sa.Column("at", sa.BigInteger(), nullable=False),
            sa.Column("version", sa.Integer(), nullable=False),
            sa.Column("document", sa.Text(), nullable=False),
            sa.Column(of, sa.String(length=63), nullable=False),
            sa.PrimaryKeyConstraint("id"),
        )
        op.create_index(f"{name}_by_{of}", name, ["site", of])
