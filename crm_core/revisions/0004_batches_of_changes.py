"""Batches of changes, and what an undo needs: what was undone, and what a deleted record took along."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from crm_core import revision_tools as crm

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "core_batch",
        sa.Column("id", crm.Identifier, nullable=False),
        sa.Column("kind", crm.SortText(12), nullable=False),
        sa.Column("entity", crm.SortText(60), nullable=False),
        sa.Column("label", sa.String(200), nullable=False),
        sa.Column("actor_id", crm.Identifier, nullable=True),
        sa.Column("actor", sa.String(120), nullable=False),
        sa.Column("at", crm.UtcDateTime, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("source_id", crm.Identifier, nullable=True),
        sa.Column("job_id", crm.Identifier, nullable=True),
        sa.Column("undoes_id", crm.Identifier, nullable=True),
        sa.Column("state", crm.SortText(12), nullable=False),
        sa.Column("position", crm.Identifier, nullable=True),
        sa.Column("outcome", crm.JsonDocument, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_batch")),
    )
    op.create_index("ix_core_batch_actor", "core_batch", ["actor_id", "id"])
    op.create_index("ix_core_batch_source", "core_batch", ["kind", "source_id"])
    op.create_index("ix_core_batch_undoes", "core_batch", ["undoes_id"])
    op.add_column("core_change", sa.Column("batch_id", crm.Identifier, nullable=True))
    op.add_column("core_change", sa.Column("undoes_id", crm.Identifier, nullable=True))
    op.add_column("core_change", sa.Column("effect", crm.SortText(10), server_default="", nullable=False))
    op.add_column("core_change", sa.Column("kept", crm.JsonDocument, nullable=True))
    op.create_index("ix_core_change_batch", "core_change", ["batch_id", "id"])


def downgrade() -> None:
    """Take it back."""
    op.drop_index("ix_core_change_batch", "core_change")
    for name in ("kept", "effect", "undoes_id", "batch_id"):
        op.drop_column("core_change", name)
    op.drop_table("core_batch")
