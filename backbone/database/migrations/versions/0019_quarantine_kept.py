"""Quarantine entries know how much of them is set aside, and that somebody asked for it to be tried again"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("quarantine", sa.Column("kept", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("quarantine", sa.Column("asked", sa.BigInteger(), nullable=True))
    op.add_column("quarantine", sa.Column("tried", sa.BigInteger(), nullable=True))
