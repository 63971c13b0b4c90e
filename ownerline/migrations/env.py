"""Alembic's entry: runs migrations on the connection that ownerline.database hands over."""

from alembic import context

from core.database import Base
from ownerline.migrations.tables import belongs_to_us, import_tables

import_tables()
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    compare_type=True,
    include_object=belongs_to_us,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
