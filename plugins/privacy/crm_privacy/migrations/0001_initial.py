"""Initial."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from crm_core.api import revision_tools as crm

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Apply the change."""
    _create_privacy_archive()
    _create_privacy_erasure()
    _create_privacy_rule()
    _create_privacy_archive_link()
    _create_privacy_consent()
    _create_privacy_erasure_link()
    _create_privacy_look()
    _create_privacy_rule_link()
    _create_privacy_run()
    _create_privacy_consent_link()
    _create_privacy_look_link()
    _create_privacy_run_link()


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("privacy_run_link")
    op.drop_table("privacy_look_link")
    op.drop_table("privacy_consent_link")
    crm.drop_search(op, "privacy_run")
    op.drop_table("privacy_run")
    op.drop_table("privacy_rule_link")
    crm.drop_search(op, "privacy_look")
    op.drop_table("privacy_look")
    op.drop_table("privacy_erasure_link")
    crm.drop_search(op, "privacy_consent")
    op.drop_table("privacy_consent")
    op.drop_table("privacy_archive_link")
    crm.drop_search(op, "privacy_rule")
    op.drop_table("privacy_rule")
    crm.drop_search(op, "privacy_erasure")
    op.drop_table("privacy_erasure")
    crm.drop_search(op, "privacy_archive")
    op.drop_table("privacy_archive")


def _create_privacy_archive() -> None:
    op.create_table(
        "privacy_archive",
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
        sa.Column("record", crm.SortText(100), nullable=True),
        sa.Column("state", crm.SortText(60), nullable=True),
        sa.Column("records", sa.BigInteger(), nullable=True),
        sa.Column("file_id", crm.Identifier, nullable=True),
        sa.Column("ended_at", crm.UtcDateTime(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("job", sa.BigInteger(), nullable=True),
        sa.Column("name_key", crm.SortText(200), server_default="", nullable=False),
        sa.Column("custom", crm.JsonDocument, nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_privacy_archive")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_privacy_archive_access", "privacy_archive", ["access_id", "id"])
    op.create_index("ix_privacy_archive_created", "privacy_archive", ["created_at", "id", "access_id"])
    op.create_index("ix_privacy_archive_ended_at", "privacy_archive", [crm.nulls_first("ended_at"), "id", "access_id"])
    op.create_index("ix_privacy_archive_name_key", "privacy_archive", ["name_key", "id", "access_id"])
    op.create_index("ix_privacy_archive_owner", "privacy_archive", ["owner_id", "id", "access_id"])
    op.create_index("ix_privacy_archive_record", "privacy_archive", [crm.nulls_first("record"), "id", "access_id"])
    op.create_index("ix_privacy_archive_updated", "privacy_archive", ["updated_at", "id", "access_id"])
    crm.create_search(op, "privacy_archive")


def _create_privacy_erasure() -> None:
    op.create_table(
        "privacy_erasure",
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
        sa.Column("subject", crm.SortText(100), nullable=True),
        sa.Column("how", crm.SortText(60), nullable=False),
        sa.Column("with_comments", sa.Boolean(), nullable=True),
        sa.Column("with_mentions", sa.Boolean(), nullable=True),
        sa.Column("reason", crm.SortText(60), nullable=True),
        sa.Column("rule", sa.BigInteger(), nullable=True),
        sa.Column("fields", sa.BigInteger(), nullable=True),
        sa.Column("records", sa.BigInteger(), nullable=True),
        sa.Column("comments", sa.BigInteger(), nullable=True),
        sa.Column("history", sa.BigInteger(), nullable=True),
        sa.Column("files", sa.BigInteger(), nullable=True),
        sa.Column("mentions", sa.BigInteger(), nullable=True),
        sa.Column("subject_key", crm.SortText(200), server_default="", nullable=False),
        sa.Column("custom", crm.JsonDocument, nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_privacy_erasure")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_privacy_erasure_access", "privacy_erasure", ["access_id", "id"])
    op.create_index("ix_privacy_erasure_created", "privacy_erasure", ["created_at", "id", "access_id"])
    op.create_index("ix_privacy_erasure_owner", "privacy_erasure", ["owner_id", "id", "access_id"])
    op.create_index("ix_privacy_erasure_subject_key", "privacy_erasure", ["subject_key", "id", "access_id"])
    op.create_index("ix_privacy_erasure_updated", "privacy_erasure", ["updated_at", "id", "access_id"])
    crm.create_search(op, "privacy_erasure")


def _create_privacy_rule() -> None:
    op.create_table(
        "privacy_rule",
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
        sa.Column("source", crm.SortText(60), nullable=False),
        sa.Column("filter", sa.Text(), nullable=True),
        sa.Column("how", crm.SortText(60), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=True),
        sa.Column("name_key", crm.SortText(200), server_default="", nullable=False),
        sa.Column("custom", crm.JsonDocument, nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_privacy_rule")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_privacy_rule_access", "privacy_rule", ["access_id", "id"])
    op.create_index("ix_privacy_rule_created", "privacy_rule", ["created_at", "id", "access_id"])
    op.create_index("ix_privacy_rule_name_key", "privacy_rule", ["name_key", "id", "access_id"])
    op.create_index("ix_privacy_rule_owner", "privacy_rule", ["owner_id", "id", "access_id"])
    op.create_index("ix_privacy_rule_updated", "privacy_rule", ["updated_at", "id", "access_id"])
    crm.create_search(op, "privacy_rule")


def _create_privacy_archive_link() -> None:
    op.create_table(
        "privacy_archive_link",
        sa.Column("record_id", crm.Identifier, nullable=False),
        sa.Column("field", crm.SortText(60), nullable=False),
        sa.Column("target_id", crm.Identifier, autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["record_id"], ["privacy_archive.id"], name=op.f("fk_privacy_archive_link_record_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("record_id", "field", "target_id", name=op.f("pk_privacy_archive_link")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_privacy_archive_link_target", "privacy_archive_link", ["field", "target_id", "record_id"])


def _create_privacy_consent() -> None:
    op.create_table(
        "privacy_consent",
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
        sa.Column("channel", crm.SortText(60), nullable=True),
        sa.Column("state", crm.SortText(60), nullable=False),
        sa.Column("at", crm.UtcDateTime(), nullable=True),
        sa.Column("source", crm.SortText(200), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("custom", crm.JsonDocument, nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts_contact.id"], name=op.f("fk_privacy_consent_contact_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_privacy_consent")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_privacy_consent_access", "privacy_consent", ["access_id", "id"])
    op.create_index("ix_privacy_consent_at", "privacy_consent", [crm.nulls_first("at"), "id", "access_id"])
    op.create_index(
        "ix_privacy_consent_contact_id", "privacy_consent", [crm.nulls_first("contact_id"), "id", "access_id"]
    )
    op.create_index("ix_privacy_consent_created", "privacy_consent", ["created_at", "id", "access_id"])
    op.create_index("ix_privacy_consent_owner", "privacy_consent", ["owner_id", "id", "access_id"])
    op.create_index("ix_privacy_consent_updated", "privacy_consent", ["updated_at", "id", "access_id"])
    crm.create_search(op, "privacy_consent")


def _create_privacy_erasure_link() -> None:
    op.create_table(
        "privacy_erasure_link",
        sa.Column("record_id", crm.Identifier, nullable=False),
        sa.Column("field", crm.SortText(60), nullable=False),
        sa.Column("target_id", crm.Identifier, autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["record_id"], ["privacy_erasure.id"], name=op.f("fk_privacy_erasure_link_record_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("record_id", "field", "target_id", name=op.f("pk_privacy_erasure_link")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_privacy_erasure_link_target", "privacy_erasure_link", ["field", "target_id", "record_id"])


def _create_privacy_look() -> None:
    op.create_table(
        "privacy_look",
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
        sa.Column("name", crm.SortText(120), nullable=True),
        sa.Column("person_id", crm.Identifier, nullable=True),
        sa.Column("at", crm.UtcDateTime(), nullable=True),
        sa.Column("name_key", crm.SortText(200), server_default="", nullable=False),
        sa.Column("custom", crm.JsonDocument, nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts_contact.id"], name=op.f("fk_privacy_look_contact_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_privacy_look")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_privacy_look_access", "privacy_look", ["access_id", "id"])
    op.create_index("ix_privacy_look_at", "privacy_look", [crm.nulls_first("at"), "id", "access_id"])
    op.create_index("ix_privacy_look_contact_id", "privacy_look", [crm.nulls_first("contact_id"), "id", "access_id"])
    op.create_index("ix_privacy_look_created", "privacy_look", ["created_at", "id", "access_id"])
    op.create_index("ix_privacy_look_name_key", "privacy_look", ["name_key", "id", "access_id"])
    op.create_index("ix_privacy_look_owner", "privacy_look", ["owner_id", "id", "access_id"])
    op.create_index("ix_privacy_look_person_id", "privacy_look", [crm.nulls_first("person_id"), "id", "access_id"])
    op.create_index("ix_privacy_look_updated", "privacy_look", ["updated_at", "id", "access_id"])
    crm.create_search(op, "privacy_look")


def _create_privacy_rule_link() -> None:
    op.create_table(
        "privacy_rule_link",
        sa.Column("record_id", crm.Identifier, nullable=False),
        sa.Column("field", crm.SortText(60), nullable=False),
        sa.Column("target_id", crm.Identifier, autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["record_id"], ["privacy_rule.id"], name=op.f("fk_privacy_rule_link_record_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("record_id", "field", "target_id", name=op.f("pk_privacy_rule_link")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_privacy_rule_link_target", "privacy_rule_link", ["field", "target_id", "record_id"])


def _create_privacy_run() -> None:
    op.create_table(
        "privacy_run",
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
        sa.Column("rule_id", crm.Identifier, nullable=True),
        sa.Column("how", crm.SortText(60), nullable=True),
        sa.Column("found", sa.BigInteger(), nullable=True),
        sa.Column("done", sa.BigInteger(), nullable=True),
        sa.Column("kept", sa.BigInteger(), nullable=True),
        sa.Column("failed", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", crm.UtcDateTime(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("name_key", crm.SortText(200), server_default="", nullable=False),
        sa.Column("custom", crm.JsonDocument, nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["rule_id"], ["privacy_rule.id"], name=op.f("fk_privacy_run_rule_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_privacy_run")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_privacy_run_access", "privacy_run", ["access_id", "id"])
    op.create_index("ix_privacy_run_created", "privacy_run", ["created_at", "id", "access_id"])
    op.create_index("ix_privacy_run_name_key", "privacy_run", ["name_key", "id", "access_id"])
    op.create_index("ix_privacy_run_owner", "privacy_run", ["owner_id", "id", "access_id"])
    op.create_index("ix_privacy_run_rule_id", "privacy_run", [crm.nulls_first("rule_id"), "id", "access_id"])
    op.create_index("ix_privacy_run_updated", "privacy_run", ["updated_at", "id", "access_id"])
    crm.create_search(op, "privacy_run")


def _create_privacy_consent_link() -> None:
    op.create_table(
        "privacy_consent_link",
        sa.Column("record_id", crm.Identifier, nullable=False),
        sa.Column("field", crm.SortText(60), nullable=False),
        sa.Column("target_id", crm.Identifier, autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["record_id"], ["privacy_consent.id"], name=op.f("fk_privacy_consent_link_record_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("record_id", "field", "target_id", name=op.f("pk_privacy_consent_link")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_privacy_consent_link_target", "privacy_consent_link", ["field", "target_id", "record_id"])


def _create_privacy_look_link() -> None:
    op.create_table(
        "privacy_look_link",
        sa.Column("record_id", crm.Identifier, nullable=False),
        sa.Column("field", crm.SortText(60), nullable=False),
        sa.Column("target_id", crm.Identifier, autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["record_id"], ["privacy_look.id"], name=op.f("fk_privacy_look_link_record_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("record_id", "field", "target_id", name=op.f("pk_privacy_look_link")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_privacy_look_link_target", "privacy_look_link", ["field", "target_id", "record_id"])


def _create_privacy_run_link() -> None:
    op.create_table(
        "privacy_run_link",
        sa.Column("record_id", crm.Identifier, nullable=False),
        sa.Column("field", crm.SortText(60), nullable=False),
        sa.Column("target_id", crm.Identifier, autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["record_id"], ["privacy_run.id"], name=op.f("fk_privacy_run_link_record_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("record_id", "field", "target_id", name=op.f("pk_privacy_run_link")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_privacy_run_link_target", "privacy_run_link", ["field", "target_id", "record_id"])
