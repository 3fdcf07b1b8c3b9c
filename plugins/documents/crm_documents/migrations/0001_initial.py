"""Initial."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from crm_core.api import revision_tools as crm

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Apply the change."""
    _create_documents_document()
    _create_documents_document_link()
    _create_documents_version()
    _create_documents_version_link()


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("documents_version_link")
    crm.drop_search(op, "documents_version")
    op.drop_table("documents_version")
    op.drop_table("documents_document_link")
    crm.drop_search(op, "documents_document")
    op.drop_table("documents_document")


def _create_documents_document() -> None:
    op.create_table(
        "documents_document",
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
        sa.Column("name", crm.SortText(150), nullable=True),
        sa.Column("record", crm.SortText(100), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("kind", crm.SortText(60), nullable=True),
        sa.Column("content_type", crm.SortText(120), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("file_id", sa.BigInteger(), nullable=True),
        sa.Column("text_state", crm.SortText(60), nullable=True),
        sa.Column("text_note", crm.SortText(60), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("trashed_at", crm.UtcDateTime(), nullable=True),
        sa.Column("name_key", crm.SortText(200), server_default="", nullable=False),
        sa.Column("custom", crm.JsonDocument, nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_documents_document")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_documents_document_access", "documents_document", ["access_id", "id"])
    op.create_index("ix_documents_document_created", "documents_document", ["created_at", "id", "access_id"])
    op.create_index("ix_documents_document_name_key", "documents_document", ["name_key", "id", "access_id"])
    op.create_index("ix_documents_document_owner", "documents_document", ["owner_id", "id", "access_id"])
    op.create_index(
        "ix_documents_document_record", "documents_document", [crm.nulls_first("record"), "id", "access_id"]
    )
    op.create_index(
        "ix_documents_document_trashed_at", "documents_document", [crm.nulls_first("trashed_at"), "id", "access_id"]
    )
    op.create_index("ix_documents_document_updated", "documents_document", ["updated_at", "id", "access_id"])
    crm.create_search(op, "documents_document")


def _create_documents_document_link() -> None:
    op.create_table(
        "documents_document_link",
        sa.Column("record_id", crm.Identifier, nullable=False),
        sa.Column("field", crm.SortText(60), nullable=False),
        sa.Column("target_id", crm.Identifier, autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["record_id"],
            ["documents_document.id"],
            name=op.f("fk_documents_document_link_record_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("record_id", "field", "target_id", name=op.f("pk_documents_document_link")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_documents_document_link_target", "documents_document_link", ["field", "target_id", "record_id"])


def _create_documents_version() -> None:
    op.create_table(
        "documents_version",
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
        sa.Column("document_id", crm.Identifier, nullable=True),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("name", crm.SortText(150), nullable=True),
        sa.Column("file_id", crm.Identifier, nullable=True),
        sa.Column("content_type", crm.SortText(120), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("note", crm.SortText(500), nullable=True),
        sa.Column("name_key", crm.SortText(200), server_default="", nullable=False),
        sa.Column("custom", crm.JsonDocument, nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["documents_document.id"],
            name=op.f("fk_documents_version_document_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_documents_version")),
        sa.UniqueConstraint("document_id", "number", name="uq_documents_version_number"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_documents_version_access", "documents_version", ["access_id", "id"])
    op.create_index("ix_documents_version_created", "documents_version", ["created_at", "id", "access_id"])
    op.create_index(
        "ix_documents_version_document_id", "documents_version", [crm.nulls_first("document_id"), "id", "access_id"]
    )
    op.create_index("ix_documents_version_name_key", "documents_version", ["name_key", "id", "access_id"])
    op.create_index("ix_documents_version_owner", "documents_version", ["owner_id", "id", "access_id"])
    op.create_index("ix_documents_version_updated", "documents_version", ["updated_at", "id", "access_id"])
    crm.create_search(op, "documents_version")


def _create_documents_version_link() -> None:
    op.create_table(
        "documents_version_link",
        sa.Column("record_id", crm.Identifier, nullable=False),
        sa.Column("field", crm.SortText(60), nullable=False),
        sa.Column("target_id", crm.Identifier, autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["record_id"],
            ["documents_version.id"],
            name=op.f("fk_documents_version_link_record_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("record_id", "field", "target_id", name=op.f("pk_documents_version_link")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_documents_version_link_target", "documents_version_link", ["field", "target_id", "record_id"])
