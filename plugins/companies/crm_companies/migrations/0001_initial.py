"""Initial."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from crm_core.api import revision_tools as crm

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Apply the change."""
    _create_companies_company()
    _create_companies_company_link()
    _create_companies_membership()
    _create_companies_membership_link()


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("companies_membership_link")
    crm.drop_search(op, "companies_membership")
    op.drop_table("companies_membership")
    op.drop_table("companies_company_link")
    crm.drop_search(op, "companies_company")
    op.drop_table("companies_company")


def _create_companies_company() -> None:
    op.create_table(
        "companies_company",
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
        sa.Column("name", crm.SortText(120), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("name_key", crm.SortText(200), server_default="", nullable=False),
        sa.Column("custom", crm.JsonDocument, nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_companies_company")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_companies_company_access", "companies_company", ["access_id", "id"])
    op.create_index("ix_companies_company_created", "companies_company", ["created_at", "id", "access_id"])
    op.create_index("ix_companies_company_owner", "companies_company", ["owner_id", "id", "access_id"])
    op.create_index("ix_companies_company_updated", "companies_company", ["updated_at", "id", "access_id"])
    op.create_index("uq_companies_company_name", "companies_company", ["name"], unique=True)
    crm.create_search(op, "companies_company")


def _create_companies_company_link() -> None:
    op.create_table(
        "companies_company_link",
        sa.Column("record_id", crm.Identifier, nullable=False),
        sa.Column("field", crm.SortText(60), nullable=False),
        sa.Column("target_id", crm.Identifier, autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["record_id"],
            ["companies_company.id"],
            name=op.f("fk_companies_company_link_record_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("record_id", "field", "target_id", name=op.f("pk_companies_company_link")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_companies_company_link_target", "companies_company_link", ["field", "target_id", "record_id"])


def _create_companies_membership() -> None:
    op.create_table(
        "companies_membership",
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
        sa.Column("user_id", crm.Identifier, nullable=True),
        sa.Column("name", crm.SortText(120), nullable=True),
        sa.Column("main_id", crm.Identifier, nullable=True),
        sa.Column("active_id", crm.Identifier, nullable=True),
        sa.Column("name_key", crm.SortText(200), server_default="", nullable=False),
        sa.Column("custom", crm.JsonDocument, nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["active_id"], ["companies_company.id"], name=op.f("fk_companies_membership_active_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["main_id"], ["companies_company.id"], name=op.f("fk_companies_membership_main_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_companies_membership")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_companies_membership_access", "companies_membership", ["access_id", "id"])
    op.create_index("ix_companies_membership_created", "companies_membership", ["created_at", "id", "access_id"])
    op.create_index("ix_companies_membership_name_key", "companies_membership", ["name_key", "id", "access_id"])
    op.create_index("ix_companies_membership_owner", "companies_membership", ["owner_id", "id", "access_id"])
    op.create_index("ix_companies_membership_updated", "companies_membership", ["updated_at", "id", "access_id"])
    op.create_index("uq_companies_membership_user_id", "companies_membership", ["user_id"], unique=True)
    crm.create_search(op, "companies_membership")


def _create_companies_membership_link() -> None:
    op.create_table(
        "companies_membership_link",
        sa.Column("record_id", crm.Identifier, nullable=False),
        sa.Column("field", crm.SortText(60), nullable=False),
        sa.Column("target_id", crm.Identifier, autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["record_id"],
            ["companies_membership.id"],
            name=op.f("fk_companies_membership_link_record_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("record_id", "field", "target_id", name=op.f("pk_companies_membership_link")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_companies_membership_link_target", "companies_membership_link", ["field", "target_id", "record_id"]
    )
