"""Initial."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from crm_core.api import revision_tools as crm

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Apply the change."""
    _create_transfer_export()
    _create_transfer_export_link()


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("transfer_export_link")
    crm.drop_search(op, "transfer_export")
    op.drop_table("transfer_export")


def _create_transfer_export() -> None:
    op.create_table(
        "transfer_export",
        sa.Column("id", crm.Identifier, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", crm.UtcDateTime(), nullable=False),
        sa.Column("created_by_id", crm.Identifier, nullable=True),
        sa.Column("updated_at", crm.UtcDateTime(), nullable=False),
        sa.Column("updated_by_id", crm.Identifier, nullable=True),
        sa.Column("owner_id", crm.Identifier, nullable=True),
        sa.Column("team_id", crm.Identifier, nullable=True),
        sa.Column("visibility", sa.String(length=10), nullable=False),
        sa.Column("access_id", crm.Identifier, nullable=False),
        sa.Column("name", crm.SortText(200), nullable=True),
        sa.Column("source", crm.SortText(60), nullable=True),
        sa.Column("format", crm.SortText(60), nullable=False),
        sa.Column("filter", sa.Text(), nullable=True),
        sa.Column("words", crm.SortText(200), nullable=True),
        sa.Column("sort", crm.SortText(500), nullable=True),
        sa.Column("columns", sa.Text(), nullable=True),
        sa.Column("headings", crm.SortText(60), nullable=True),
        sa.Column("separator", crm.SortText(60), nullable=True),
        sa.Column("every", crm.SortText(60), nullable=True),
        sa.Column("state", crm.SortText(60), nullable=True),
        sa.Column("rows", sa.BigInteger(), nullable=True),
        sa.Column("file_id", crm.Identifier, nullable=True),
        sa.Column("ended_at", crm.UtcDateTime(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("job", sa.BigInteger(), nullable=True),
        sa.Column("name_key", crm.SortText(200), server_default="", nullable=False),
        sa.Column("custom", crm.JsonDocument, nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer_export")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_transfer_export_access", "transfer_export", ["access_id", "id"])
    op.create_index("ix_transfer_export_created", "transfer_export", ["created_at", "id", "access_id"])
    op.create_index("ix_transfer_export_ended_at", "transfer_export", [crm.nulls_first("ended_at"), "id", "access_id"])
    op.create_index("ix_transfer_export_every", "transfer_export", [crm.nulls_first("every"), "id", "access_id"])
    op.create_index("ix_transfer_export_name_key", "transfer_export", ["name_key", "id", "access_id"])
    op.create_index("ix_transfer_export_owner", "transfer_export", ["owner_id", "id", "access_id"])
    op.create_index("ix_transfer_export_state", "transfer_export", [crm.nulls_first("state"), "id", "access_id"])
    op.create_index("ix_transfer_export_updated", "transfer_export", ["updated_at", "id", "access_id"])
    crm.create_search(op, "transfer_export")


def _create_transfer_export_link() -> None:
    op.create_table(
        "transfer_export_link",
        sa.Column("record_id", crm.Identifier, nullable=False),
        sa.Column("field", crm.SortText(60), nullable=False),
        sa.Column("target_id", crm.Identifier, autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["record_id"], ["transfer_export.id"], name=op.f("fk_transfer_export_link_record_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("record_id", "field", "target_id", name=op.f("pk_transfer_export_link")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_transfer_export_link_target", "transfer_export_link", ["field", "target_id", "record_id"])
