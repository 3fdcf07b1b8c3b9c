"""Module state: what was begun and hasn't ended well, what a module brought along, and its quarantine."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from crm_core import revision_tools as crm

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Apply the change."""
    for name in ("unfinished", "inventory", "quarantine"):
        op.add_column("core_plugin", sa.Column(name, crm.JsonDocument, nullable=True))


def downgrade() -> None:
    """Take it back."""
    for name in ("unfinished", "inventory", "quarantine"):
        op.drop_column("core_plugin", name)
