"""Imports whose file is made a table by a job."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from crm_core import revision_tools as crm

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Apply the change."""
    op.add_column("core_import", sa.Column("conversion", crm.SortText(12), nullable=False, server_default=""))


def downgrade() -> None:
    """Take the change back."""
    op.drop_column("core_import", "conversion")
