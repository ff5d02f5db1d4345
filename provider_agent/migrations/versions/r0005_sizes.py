"""How large jobs are, which is a part of what they have to pay."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Of the jobs that are known already, it is found out when it is needed."""
    op.add_column("duties", sa.Column("size", sa.BigInteger()))
