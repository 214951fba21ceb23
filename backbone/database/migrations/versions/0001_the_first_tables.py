"""The first tables"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "activations",
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("site", sa.String(length=63), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("zone", sa.String(length=63), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("plan", sa.String(length=63), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("activations", schema=None) as batch_op:
        batch_op.create_index("activations_by_state", ["site", "state"], unique=False)
        batch_op.create_index("activations_by_time", ["site", "at"], unique=False)

    op.create_table(
        "alarms",
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("site", sa.String(length=63), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("zone", sa.String(length=63), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("rule", sa.String(length=63), nullable=False),
        sa.Column("scope", sa.String(length=130), nullable=False),
        sa.Column("grade", sa.String(length=10), nullable=False),
        sa.Column("standing", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("alarms", schema=None) as batch_op:
        batch_op.create_index("alarms_by_scope", ["site", "rule", "scope"], unique=False)
        batch_op.create_index("alarms_by_state", ["site", "state"], unique=False)
        batch_op.create_index("alarms_by_time", ["site", "at"], unique=False)

    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.String(length=120), nullable=False),
        sa.Column("action", sa.String(length=80), nullable=False),
        sa.Column("target", sa.String(length=300), nullable=False),
        sa.Column("outcome", sa.String(length=40), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "checkpoints",
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "commands",
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("site", sa.String(length=63), nullable=False),
        sa.Column("gateway", sa.String(length=63), nullable=False),
        sa.Column("activation", sa.String(length=200), nullable=True),
        sa.Column("step", sa.String(length=63), nullable=True),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column("reply", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("commands", schema=None) as batch_op:
        batch_op.create_index("commands_pending", ["site", "outcome"], unique=False)

    op.create_table(
        "idempotency",
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.Column("request", sa.String(length=400), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", "username"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("writer", sa.String(length=40), nullable=False),
        sa.Column("site", sa.String(length=63), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("change", sa.String(length=40), nullable=False),
        sa.Column("object_id", sa.String(length=200), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("sent", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index("outbox_by_object", ["object_id", "id"], unique=False)
        batch_op.create_index("outbox_unsent", ["writer", "sent", "id"], unique=False)

    op.create_table(
        "positions",
        sa.Column("consumer", sa.String(length=63), nullable=False),
        sa.Column("site", sa.String(length=63), nullable=False),
        sa.Column("gateway", sa.String(length=63), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("urgent", sa.BigInteger(), nullable=False),
        sa.Column("bulk", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("consumer", "site", "gateway"),
    )
    op.create_table(
        "quarantine",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("site", sa.String(length=63), nullable=False),
        sa.Column("consumer", sa.String(length=63), nullable=False),
        sa.Column("source", sa.String(length=300), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("sample", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("quarantine", schema=None) as batch_op:
        batch_op.create_index("quarantine_entry", ["site", "consumer", "source", "reason"], unique=True)

    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("last_used", sa.BigInteger(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("token_hash"),
    )
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sessions_username"), ["username"], unique=False)

    op.create_table(
        "tickets",
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("site", sa.String(length=63), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("zone", sa.String(length=63), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("tickets", schema=None) as batch_op:
        batch_op.create_index("tickets_by_source", ["site", "source"], unique=False)
        batch_op.create_index("tickets_by_state", ["site", "state"], unique=False)
        batch_op.create_index("tickets_by_time", ["site", "at"], unique=False)

    op.create_table(
        "users",
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("roles", sa.String(length=200), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("username"),
    )


def downgrade() -> None:
    op.drop_table("users")
    with op.batch_alter_table("tickets", schema=None) as batch_op:
        batch_op.drop_index("tickets_by_time")
        batch_op.drop_index("tickets_by_state")
        batch_op.drop_index("tickets_by_source")

    op.drop_table("tickets")
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sessions_username"))

    op.drop_table("sessions")
    with op.batch_alter_table("quarantine", schema=None) as batch_op:
        batch_op.drop_index("quarantine_entry")

    op.drop_table("quarantine")
    op.drop_table("positions")
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_index("outbox_unsent")
        batch_op.drop_index("outbox_by_object")

    op.drop_table("outbox")
    op.drop_table("idempotency")
    with op.batch_alter_table("commands", schema=None) as batch_op:
        batch_op.drop_index("commands_pending")

    op.drop_table("commands")
    op.drop_table("checkpoints")
    op.drop_table("audit")
    with op.batch_alter_table("alarms", schema=None) as batch_op:
        batch_op.drop_index("alarms_by_time")
        batch_op.drop_index("alarms_by_state")
        batch_op.drop_index("alarms_by_scope")

    op.drop_table("alarms")
    with op.batch_alter_table("activations", schema=None) as batch_op:
        batch_op.drop_index("activations_by_time")
        batch_op.drop_index("activations_by_state")

    op.drop_table("activations")
