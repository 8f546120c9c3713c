"""Runs the revisions on the connection that marketplace.platform.migrations hands over, one transaction each."""

from alembic import context

connection = context.config.attributes.get("connection")
if connection is None:
    raise RuntimeError("run migrations with `grappe migrate` (make migrate): it takes the lock that keeps two apart")

context.configure(connection=connection, transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
