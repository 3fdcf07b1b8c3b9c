"""Initial."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from crm_core.api import revision_tools as crm

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Apply the change."""
    _create_contacts_contact()
    _create_contacts_address()
    _create_contacts_contact_link()
    _create_contacts_email()
    _create_contacts_phone()
    _create_contacts_relation()
    _create_contacts_website()
    _create_contacts_relation_link()


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("contacts_relation_link")
    op.drop_table("contacts_website")
    crm.drop_search(op, "contacts_relation")
    op.drop_table("contacts_relation")
    op.drop_table("contacts_phone")
    op.drop_table("contacts_email")
    op.drop_table("contacts_contact_link")
    op.drop_table("contacts_address")
    crm.drop_search(op, "contacts_contact")
    op.drop_table("contacts_contact")


def _create_contacts_contact() -> None:
    op.create_table(
        "contacts_contact",
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
        sa.Column("kind", crm.SortText(60), nullable=False),
        sa.Column("photo", crm.Identifier, nullable=True),
        sa.Column("first_name", crm.SortText(100), nullable=True),
        sa.Column("last_name", crm.SortText(100), nullable=True),
        sa.Column("name", crm.SortText(201), nullable=True),
        sa.Column("job_title", crm.SortText(120), nullable=True),
        sa.Column("company_id", crm.Identifier, nullable=True),
        sa.Column("role", crm.SortText(60), nullable=True),
        sa.Column("code", crm.SortText(40), nullable=True),
        sa.Column("email", crm.SortText(254), nullable=True),
        sa.Column("phone", crm.SortText(32), nullable=True),
        sa.Column("city", crm.SortText(120), nullable=True),
        sa.Column("zip", crm.SortText(20), nullable=True),
        sa.Column("country", crm.SortText(60), nullable=True),
        sa.Column("type", crm.SortText(60), nullable=True),
        sa.Column("temperature", crm.SortText(60), nullable=True),
        sa.Column("qualification", crm.SortText(60), nullable=True),
        sa.Column("prospect_status", crm.SortText(60), nullable=True),
        sa.Column("prospect_level", crm.SortText(60), nullable=True),
        sa.Column("industry", crm.SortText(60), nullable=True),
        sa.Column("size", crm.SortText(60), nullable=True),
        sa.Column("source", crm.SortText(60), nullable=True),
        sa.Column("score", sa.BigInteger(), nullable=True),
        sa.Column("key_account", sa.Boolean(), nullable=True),
        sa.Column("currency", crm.SortText(60), nullable=True),
        sa.Column("language", crm.SortText(60), nullable=True),
        sa.Column("opt_out_email", sa.Boolean(), nullable=True),
        sa.Column("opt_out_call", sa.Boolean(), nullable=True),
        sa.Column("opt_out_fax", sa.Boolean(), nullable=True),
        sa.Column("birthday", sa.Date(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("external_id", crm.SortText(120), nullable=True),
        sa.Column("origin", crm.SortText(60), nullable=False),
        sa.Column("account_owner_id", crm.Identifier, nullable=True),
        sa.Column("first_name_key", crm.SortText(200), server_default="", nullable=False),
        sa.Column("last_name_key", crm.SortText(200), server_default="", nullable=False),
        sa.Column("name_key", crm.SortText(200), server_default="", nullable=False),
        sa.Column("city_key", crm.SortText(200), server_default="", nullable=False),
        sa.Column("zip_key", crm.SortText(200), server_default="", nullable=False),
        sa.Column("external_id_key", crm.SortText(200), server_default="", nullable=False),
        sa.Column("custom", crm.JsonDocument, nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["contacts_contact.id"], name=op.f("fk_contacts_contact_company_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contacts_contact")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_contacts_contact_access", "contacts_contact", ["access_id", "id"])
    op.create_index(
        "ix_contacts_contact_account_owner_id",
        "contacts_contact",
        [crm.nulls_first("account_owner_id"), "id", "access_id"],
    )
    op.create_index("ix_contacts_contact_city_key", "contacts_contact", ["city_key", "id", "access_id"])
    op.create_index(
        "ix_contacts_contact_company_id", "contacts_contact", [crm.nulls_first("company_id"), "id", "access_id"]
    )
    op.create_index("ix_contacts_contact_created", "contacts_contact", ["created_at", "id", "access_id"])
    op.create_index("ix_contacts_contact_email", "contacts_contact", [crm.nulls_first("email"), "id", "access_id"])
    op.create_index("ix_contacts_contact_external_id_key", "contacts_contact", ["external_id_key", "id", "access_id"])
    op.create_index("ix_contacts_contact_first_name_key", "contacts_contact", ["first_name_key", "id", "access_id"])
    op.create_index("ix_contacts_contact_last_name_key", "contacts_contact", ["last_name_key", "id", "access_id"])
    op.create_index("ix_contacts_contact_name_key", "contacts_contact", ["name_key", "id", "access_id"])
    op.create_index("ix_contacts_contact_owner", "contacts_contact", ["owner_id", "id", "access_id"])
    op.create_index("ix_contacts_contact_updated", "contacts_contact", ["updated_at", "id", "access_id"])
    op.create_index("ix_contacts_contact_zip_key", "contacts_contact", ["zip_key", "id", "access_id"])
    op.create_index("uq_contacts_contact_code", "contacts_contact", ["code"], unique=True)
    crm.create_search(op, "contacts_contact")


def _create_contacts_address() -> None:
    op.create_table(
        "contacts_address",
        sa.Column("kind", crm.SortText(60), nullable=True),
        sa.Column("recipient", crm.SortText(200), nullable=True),
        sa.Column("street", sa.Text(), nullable=True),
        sa.Column("zip", crm.SortText(20), nullable=True),
        sa.Column("city", crm.SortText(120), nullable=True),
        sa.Column("state", crm.SortText(120), nullable=True),
        sa.Column("country", crm.SortText(60), nullable=True),
        sa.Column("is_default", sa.Boolean(), nullable=True),
        sa.Column("is_invoicing", sa.Boolean(), nullable=True),
        sa.Column("is_delivery", sa.Boolean(), nullable=True),
        sa.Column("zip_key", crm.SortText(200), server_default="", nullable=False),
        sa.Column("city_key", crm.SortText(200), server_default="", nullable=False),
        sa.Column("id", crm.Identifier, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("parent_id", crm.Identifier, nullable=False),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["contacts_contact.id"], name=op.f("fk_contacts_address_parent_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contacts_address")),
    )
    op.create_index("ix_contacts_address_city_key", "contacts_address", ["city_key", "parent_id"])
    op.create_index("ix_contacts_address_parent_id", "contacts_address", ["parent_id"])
    op.create_index("ix_contacts_address_zip_key", "contacts_address", ["zip_key", "parent_id"])


def _create_contacts_contact_link() -> None:
    op.create_table(
        "contacts_contact_link",
        sa.Column("record_id", crm.Identifier, nullable=False),
        sa.Column("field", crm.SortText(60), nullable=False),
        sa.Column("target_id", crm.Identifier, autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["record_id"], ["contacts_contact.id"], name=op.f("fk_contacts_contact_link_record_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("record_id", "field", "target_id", name=op.f("pk_contacts_contact_link")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_contacts_contact_link_target", "contacts_contact_link", ["field", "target_id", "record_id"])


def _create_contacts_email() -> None:
    op.create_table(
        "contacts_email",
        sa.Column("address", crm.SortText(254), nullable=True),
        sa.Column("kind", crm.SortText(60), nullable=True),
        sa.Column("primary", sa.Boolean(), nullable=True),
        sa.Column("domain", crm.SortText(253), nullable=True),
        sa.Column("id", crm.Identifier, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("parent_id", crm.Identifier, nullable=False),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["contacts_contact.id"], name=op.f("fk_contacts_email_parent_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contacts_email")),
    )
    op.create_index("ix_contacts_email_address", "contacts_email", [crm.nulls_first("address"), "parent_id"])
    op.create_index("ix_contacts_email_domain", "contacts_email", [crm.nulls_first("domain"), "parent_id"])
    op.create_index("ix_contacts_email_parent_id", "contacts_email", ["parent_id"])


def _create_contacts_phone() -> None:
    op.create_table(
        "contacts_phone",
        sa.Column("number", crm.SortText(32), nullable=True),
        sa.Column("kind", crm.SortText(60), nullable=True),
        sa.Column("primary", sa.Boolean(), nullable=True),
        sa.Column("id", crm.Identifier, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("parent_id", crm.Identifier, nullable=False),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["contacts_contact.id"], name=op.f("fk_contacts_phone_parent_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contacts_phone")),
    )
    op.create_index("ix_contacts_phone_number", "contacts_phone", [crm.nulls_first("number"), "parent_id"])
    op.create_index("ix_contacts_phone_parent_id", "contacts_phone", ["parent_id"])


def _create_contacts_relation() -> None:
    op.create_table(
        "contacts_relation",
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
        sa.Column("contact_id", crm.Identifier, nullable=True),
        sa.Column("relation", crm.SortText(60), nullable=True),
        sa.Column("other_id", crm.Identifier, nullable=True),
        sa.Column("note", crm.SortText(500), nullable=True),
        sa.Column("custom", crm.JsonDocument, nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts_contact.id"], name=op.f("fk_contacts_relation_contact_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["other_id"], ["contacts_contact.id"], name=op.f("fk_contacts_relation_other_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contacts_relation")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_contacts_relation_access", "contacts_relation", ["access_id", "id"])
    op.create_index(
        "ix_contacts_relation_contact_id", "contacts_relation", [crm.nulls_first("contact_id"), "id", "access_id"]
    )
    op.create_index("ix_contacts_relation_created", "contacts_relation", ["created_at", "id", "access_id"])
    op.create_index(
        "ix_contacts_relation_other_id", "contacts_relation", [crm.nulls_first("other_id"), "id", "access_id"]
    )
    op.create_index("ix_contacts_relation_owner", "contacts_relation", ["owner_id", "id", "access_id"])
    op.create_index("ix_contacts_relation_updated", "contacts_relation", ["updated_at", "id", "access_id"])
    crm.create_search(op, "contacts_relation")


def _create_contacts_website() -> None:
    op.create_table(
        "contacts_website",
        sa.Column("url", crm.SortText(500), nullable=True),
        sa.Column("kind", crm.SortText(60), nullable=True),
        sa.Column("id", crm.Identifier, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("parent_id", crm.Identifier, nullable=False),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["contacts_contact.id"], name=op.f("fk_contacts_website_parent_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contacts_website")),
    )
    op.create_index("ix_contacts_website_parent_id", "contacts_website", ["parent_id"])


def _create_contacts_relation_link() -> None:
    op.create_table(
        "contacts_relation_link",
        sa.Column("record_id", crm.Identifier, nullable=False),
        sa.Column("field", crm.SortText(60), nullable=False),
        sa.Column("target_id", crm.Identifier, autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["record_id"],
            ["contacts_relation.id"],
            name=op.f("fk_contacts_relation_link_record_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("record_id", "field", "target_id", name=op.f("pk_contacts_relation_link")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_contacts_relation_link_target", "contacts_relation_link", ["field", "target_id", "record_id"])
