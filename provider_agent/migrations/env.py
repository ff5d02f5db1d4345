"""Alembic's way in. `provider_agent.database` hands it a connection, in whose transaction all revisions run."""

from alembic import context

from provider_agent import schema
from provider_agent.database import VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=schema.metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
)
context.run_migrations()
