"""What a merged entry or tag became, and which lines of history the timeline shows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from crm_core import revision_tools as crm

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Apply the change."""
    op.add_column("core_list_entry", sa.Column("merged_into", crm.SortText(60), server_default="", nullable=False))
    op.add_column("core_tag", sa.Column("former", crm.JsonDocument, server_default="[]", nullable=False))
    op.add_column("core_change", sa.Column("recorded", sa.Boolean(), server_default=sa.true(), nullable=False))


def downgrade() -> None:
    """Take it back."""
    op.drop_column("core_change", "recorded")
    op.drop_column("core_tag", "former")
    op.drop_column("core_list_entry", "merged_into")
