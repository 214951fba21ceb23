"""Where each card was last"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "last_places",
        sa.Column("site", sa.String(length=63), nullable=False),
        sa.Column("card", sa.String(length=64), nullable=False),
        sa.Column("zone", sa.String(length=63), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("site", "card"),
    )
