"""Incidents that an administrator has seen."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from crm_core import revision_tools as crm

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Apply the change."""
    op.add_column("core_incident", sa.Column("seen_at", crm.UtcDateTime, nullable=True))


def downgrade() -> None:
    """Take the change back."""
    op.drop_column("core_incident", "seen_at")
