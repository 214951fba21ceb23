"""The tables. Objects are kept whole in `document`; the columns beside it are what lists filter and sort by."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)

metadata = MetaData()
_serial = BigInteger().with_variant(Integer(), "sqlite")


def _object_table(name: str, *columns: Column[object]) -> Table:
    return Table(
        name,
        metadata,
        Column("id", String(200), primary_key=True),
        Column("site", String(63), nullable=False),
        Column("state", String(40), nullable=False),
        Column("zone", String(63), nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("version", Integer, nullable=False),
        Column("document", Text, nullable=False),
        *columns,
        Index(f"{name}_by_time", "site", "at"),
        Index(f"{name}_by_state", "site", "state"),
    )


alarms = _object_table(
    "alarms",
    Column("rule", String(63), nullable=False),
    Column("scope", String(130), nullable=False),
    Column("grade", String(10), nullable=False),
    Column("standing", Boolean, nullable=False),
)
Index("alarms_by_scope", alarms.c.site, alarms.c.rule, alarms.c.scope)

tickets = _object_table(
    "tickets",
    Column("source", String(200), nullable=False),
    Column("assignee", String(64)),
    Column("party", String(63)),
    Column("late", Boolean, nullable=False),
    Column("next_at", BigInteger),
)
Index("tickets_by_source", tickets.c.site, tickets.c.source)
Index("tickets_by_next", tickets.c.site, tickets.c.next_at)
Index("tickets_by_assignee", tickets.c.site, tickets.c.assignee)

activations = _object_table("activations", Column("plan", String(63), nullable=False))

headcounts = _object_table("headcounts")

last_places = Table(
    "last_places",
    metadata,
    Column("site", String(63), nullable=False),
    Column("card", String(64), nullable=False),
    Column("zone", String(63), nullable=False),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("site", "card"),
)

retired_cards = Table(
    "retired_cards",
    metadata,
    Column("site", String(63), nullable=False),
    Column("card", String(64), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("by", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    PrimaryKeyConstraint("site", "card"),
)

commands = Table(
    "commands",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("site", String(63), nullable=False),
    Column("gateway", String(63), nullable=False),
    Column("activation", String(200)),
    Column("step", String(63)),
    Column("expires", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
    Column("outcome", String(20)),
    Column("reply", Text),
    Index("commands_pending", "site", "outcome"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", _serial, primary_key=True, autoincrement=True),
    Column("writer", String(40), nullable=False),
    Column("site", String(63), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("change", String(40), nullable=False),
    Column("object_id", String(200), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
    Column("sent", Boolean, nullable=False),
    Index("outbox_unsent", "writer", "sent", "id"),
    Index("outbox_by_object", "object_id", "id"),
    sqlite_autoincrement=True,
)

positions = Table(
    "positions",
    metadata,
    Column("consumer", String(63), nullable=False),
    Column("site", String(63), nullable=False),
    Column("gateway", String(63), nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("urgent", BigInteger, nullable=False),
    Column("bulk", BigInteger, nullable=False),
    PrimaryKeyConstraint("consumer", "site", "gateway"),
)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("name", String(120), primary_key=True),
    Column("state", LargeBinary, nullable=False),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", _serial, primary_key=True, autoincrement=True),
    Column("site", String(63), nullable=False),
    Column("consumer", String(63), nullable=False),
    Column("source", String(300), nullable=False),
    Column("reason", String(300), nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("sample", Text, nullable=False),
    Column("kept", BigInteger, nullable=False, server_default="0"),
    Column("asked", BigInteger, nullable=True),
    Column("tried", BigInteger, nullable=True),
    Index("quarantine_entry", "site", "consumer", "source", "reason", unique=True),
)

losses = Table(
    "losses",
    metadata,
    Column("id", _serial, primary_key=True, autoincrement=True),
    Column("site", String(63), nullable=False),
    Column("gateway", String(63), nullable=False),
    Column("device", String(63), nullable=False),
    Column("lane", String(10), nullable=False),
    Column("reason", String(40), nullable=False),
    Column("began", BigInteger, nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("count", BigInteger, nullable=False),
    Index("losses_entry", "site", "gateway", "device", "lane", "reason", "began", unique=True),
    Index("losses_by_time", "site", "gateway", "last"),
)

users = Table(
    "users",
    metadata,
    Column("username", String(64), primary_key=True),
    Column("name", String(120), nullable=False),
    Column("password_hash", String(200), nullable=False),
    Column("roles", String(200), nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("username", String(64), nullable=False, index=True),
    Column("created", BigInteger, nullable=False),
    Column("last_used", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("key", String(200), nullable=False),
    Column("username", String(64), nullable=False),
    Column("request", String(400), nullable=False),
    Column("status", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("key", "username"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", _serial, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("who", String(120), nullable=False),
    Column("action", String(80), nullable=False),
    Column("target", String(300), nullable=False),
    Column("outcome", String(40), nullable=False),
    Column("detail", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    sqlite_autoincrement=True,
)

escalations = _object_table(
    "escalations",
    Column("cause", String(200), nullable=False),
    Column("next_at", BigInteger, nullable=False),
)
Index("escalations_by_cause", escalations.c.site, escalations.c.cause)

notifications = _object_table(
    "notifications",
    Column("escalation", String(200), nullable=False),
    Column("person", String(63), nullable=False),
    Column("grade", String(10), nullable=False),
    Column("next_at", BigInteger, nullable=False),
    Column("token", String(64), nullable=False, unique=True),
)
Index("notifications_by_escalation", notifications.c.escalation)

roster_changes = Table(
    "roster_changes",
    metadata,
    Column("id", String(200), primary_key=True),
    Column("site", String(63), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
    Column("document", Text, nullable=False),
    Index("roster_changes_by_end", "site", "until"),
)

suppressions = Table(
    "suppressions",
    metadata,
    Column("id", String(200), primary_key=True),
    Column("site", String(63), nullable=False),
    Column("state", String(40), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
    Column("document", Text, nullable=False),
    Index("suppressions_by_state", "site", "state"),
)

alarm_journal = Table(
    "alarm_journal",
    metadata,
    Column("id", _serial, primary_key=True, autoincrement=True),
    Column("site", String(63), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("alarm", String(200), nullable=False),
    Column("change", String(40), nullable=False),
    Column("who", String(120), nullable=False),
    Column("reason", Text, nullable=False),
    Column("state", String(40), nullable=False),
    Column("grade", String(10), nullable=False),
    Column("zone", String(63), nullable=False),
    Column("rule", String(63), nullable=False),
    Column("scope", String(200), nullable=False),
    Column("value", Double, nullable=True),
    Column("causes", Text, nullable=True),
    Index("alarm_journal_by_time", "site", "at"),
    Index("alarm_journal_by_alarm", "alarm"),
    sqlite_autoincrement=True,
)

personal = Table(
    "personal",
    metadata,
    Column("site", String(63), nullable=False),
    Column("person", String(63), nullable=False),
    Column("what", String(20), nullable=False),
    Column("document", Text, nullable=False),
    PrimaryKeyConstraint("site", "person", "what"),
)

drills = _object_table("drills", Column("activation", String(200)))
Index("drills_by_activation", drills.c.activation)

trainings = Table(
    "trainings",
    metadata,
    Column("id", String(200), primary_key=True),
    Column("site", String(63), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
    Column("document", Text, nullable=False),
    Column("person", String(63), nullable=False),
    Index("trainings_by_person", "site", "person"),
)

deadlines = Table(
    "deadlines",
    metadata,
    Column("site", String(63), nullable=False),
    Column("id", String(200), nullable=False),
    Column("next_at", BigInteger),
    Column("next_figure", Double),
    PrimaryKeyConstraint("site", "id"),
)

rounds = _object_table("rounds", Column("route", String(63), nullable=False), Column("due_by", BigInteger))
Index("rounds_by_route", rounds.c.site, rounds.c.route)


def _record_table(name: str, of: str) -> Table:
    return Table(
        name,
        metadata,
        Column("id", String(200), primary_key=True),
        Column("site", String(63), nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("version", Integer, nullable=False),
        Column("document", Text, nullable=False),
        Column(of, String(63), nullable=False),
        Index(f"{name}_by_{of}", "site", of),
    )


facility_documents = _record_table("facility_documents", "facility")

risk_gradings = _record_table("risk_gradings", "risk")

site_versions = Table(
    "site_versions",
    metadata,
    Column("number", _serial, primary_key=True, autoincrement=True),
    Column("site", String(63), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("who", String(120), nullable=False),
    Column("why", Text, nullable=False),
    Column("text", LargeBinary, nullable=False),
    Index("site_versions_of", "site", "number"),
)
