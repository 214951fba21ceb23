"""Alembic's entry: the connection comes from `Database.open`."""

from alembic import context

from backbone.database.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
