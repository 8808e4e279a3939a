"""Runs migrations on the connection `casefile.db` hands over; there is no other way to run them."""

from alembic import context

from casefile.db import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=True,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
