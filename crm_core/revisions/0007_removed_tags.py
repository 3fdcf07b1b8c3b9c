"""Tags that were merged or deleted stay under no name, so that they can come back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from crm_core import revision_tools as crm

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Apply the change."""
    op.add_column("core_tag", sa.Column("removed_at", crm.UtcDateTime, nullable=True))
    op.add_column("core_tag", sa.Column("merged_into", crm.Identifier, nullable=True))


def downgrade() -> None:
    """Take it back; what went stays away."""
    op.execute("DELETE FROM core_tag WHERE removed_at IS NOT NULL")
    op.drop_column("core_tag", "merged_into")
    op.drop_column("core_tag", "removed_at")
