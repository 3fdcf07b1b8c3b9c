"""Since when the record of a document is gone, and how many pages its file has."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from crm_core.api import revision_tools as crm

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Apply the change."""
    with op.batch_alter_table("documents_document", schema=None) as batch_op:
        batch_op.add_column(sa.Column("pages", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("orphaned_at", crm.UtcDateTime(), nullable=True))
    op.create_index(
        "ix_documents_document_orphaned_at", "documents_document", [crm.nulls_first("orphaned_at"), "id", "access_id"]
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_index("ix_documents_document_orphaned_at", "documents_document")
    with op.batch_alter_table("documents_document", schema=None) as batch_op:
        batch_op.drop_column("orphaned_at")
        batch_op.drop_column("pages")
