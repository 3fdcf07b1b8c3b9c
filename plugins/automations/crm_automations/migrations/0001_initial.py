"""Initial."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from crm_core.api import revision_tools as crm

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Apply the change."""
    _create_automations_automation()
    _create_automations_notice()
    _create_automations_automation_link()
    _create_automations_notice_link()
    _create_automations_run()
    _create_automations_step()
    _create_automations_run_link()


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("automations_run_link")
    op.drop_table("automations_step")
    crm.drop_search(op, "automations_run")
    op.drop_table("automations_run")
    op.drop_table("automations_notice_link")
    op.drop_table("automations_automation_link")
    crm.drop_search(op, "automations_notice")
    op.drop_table("automations_notice")
    crm.drop_search(op, "automations_automation")
    op.drop_table("automations_automation")


def _create_automations_automation() -> None:
    op.create_table(
        "automations_automation",
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
        sa.Column("active", sa.Boolean(), nullable=True),
        sa.Column("watched", crm.SortText(60), nullable=True),
        sa.Column("trigger", crm.SortText(60), nullable=True),
        sa.Column("field_name", crm.SortText(120), nullable=True),
        sa.Column("to_value", crm.SortText(500), nullable=True),
        sa.Column("offset", sa.BigInteger(), nullable=True),
        sa.Column("unit", crm.SortText(60), nullable=True),
        sa.Column("condition", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("checked_until", crm.UtcDateTime(), nullable=True),
        sa.Column("name_key", crm.SortText(200), server_default="", nullable=False),
        sa.Column("custom", crm.JsonDocument, nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_automations_automation")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_automations_automation_access", "automations_automation", ["access_id", "id"])
    op.create_index("ix_automations_automation_created", "automations_automation", ["created_at", "id", "access_id"])
    op.create_index("ix_automations_automation_name_key", "automations_automation", ["name_key", "id", "access_id"])
    op.create_index("ix_automations_automation_owner", "automations_automation", ["owner_id", "id", "access_id"])
    op.create_index("ix_automations_automation_updated", "automations_automation", ["updated_at", "id", "access_id"])
    crm.create_search(op, "automations_automation")


def _create_automations_notice() -> None:
    op.create_table(
        "automations_notice",
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
        sa.Column("name", crm.SortText(500), nullable=True),
        sa.Column("record", crm.SortText(100), nullable=True),
        sa.Column("source", crm.SortText(120), nullable=True),
        sa.Column("done", sa.Boolean(), nullable=True),
        sa.Column("name_key", crm.SortText(200), server_default="", nullable=False),
        sa.Column("custom", crm.JsonDocument, nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_automations_notice")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_automations_notice_access", "automations_notice", ["access_id", "id"])
    op.create_index("ix_automations_notice_created", "automations_notice", ["created_at", "id", "access_id"])
    op.create_index("ix_automations_notice_name_key", "automations_notice", ["name_key", "id", "access_id"])
    op.create_index("ix_automations_notice_owner", "automations_notice", ["owner_id", "id", "access_id"])
    op.create_index("ix_automations_notice_updated", "automations_notice", ["updated_at", "id", "access_id"])
    crm.create_search(op, "automations_notice")


def _create_automations_automation_link() -> None:
    op.create_table(
        "automations_automation_link",
        sa.Column("record_id", crm.Identifier, nullable=False),
        sa.Column("field", crm.SortText(60), nullable=False),
        sa.Column("target_id", crm.Identifier, autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["record_id"],
            ["automations_automation.id"],
            name=op.f("fk_automations_automation_link_record_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("record_id", "field", "target_id", name=op.f("pk_automations_automation_link")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_automations_automation_link_target", "automations_automation_link", ["field", "target_id", "record_id"]
    )


def _create_automations_notice_link() -> None:
    op.create_table(
        "automations_notice_link",
        sa.Column("record_id", crm.Identifier, nullable=False),
        sa.Column("field", crm.SortText(60), nullable=False),
        sa.Column("target_id", crm.Identifier, autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["record_id"],
            ["automations_notice.id"],
            name=op.f("fk_automations_notice_link_record_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("record_id", "field", "target_id", name=op.f("pk_automations_notice_link")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_automations_notice_link_target", "automations_notice_link", ["field", "target_id", "record_id"])


def _create_automations_run() -> None:
    op.create_table(
        "automations_run",
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
        sa.Column("automation_id", crm.Identifier, nullable=True),
        sa.Column("record", crm.SortText(100), nullable=True),
        sa.Column("event", crm.SortText(60), nullable=True),
        sa.Column("outcome", crm.SortText(60), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("caused_by", crm.SortText(120), nullable=True),
        sa.Column("name_key", crm.SortText(200), server_default="", nullable=False),
        sa.Column("custom", crm.JsonDocument, nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["automation_id"],
            ["automations_automation.id"],
            name=op.f("fk_automations_run_automation_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_automations_run")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_automations_run_access", "automations_run", ["access_id", "id"])
    op.create_index(
        "ix_automations_run_automation_id", "automations_run", [crm.nulls_first("automation_id"), "id", "access_id"]
    )
    op.create_index("ix_automations_run_created", "automations_run", ["created_at", "id", "access_id"])
    op.create_index("ix_automations_run_name_key", "automations_run", ["name_key", "id", "access_id"])
    op.create_index("ix_automations_run_outcome", "automations_run", [crm.nulls_first("outcome"), "id", "access_id"])
    op.create_index("ix_automations_run_owner", "automations_run", ["owner_id", "id", "access_id"])
    op.create_index("ix_automations_run_record", "automations_run", [crm.nulls_first("record"), "id", "access_id"])
    op.create_index("ix_automations_run_updated", "automations_run", ["updated_at", "id", "access_id"])
    crm.create_search(op, "automations_run")


def _create_automations_step() -> None:
    op.create_table(
        "automations_step",
        sa.Column("kind", crm.SortText(60), nullable=False),
        sa.Column("target", crm.SortText(2000), nullable=True),
        sa.Column("user_id", crm.Identifier, nullable=True),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("id", crm.Identifier, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("parent_id", crm.Identifier, nullable=False),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["automations_automation.id"], name=op.f("fk_automations_step_parent_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_automations_step")),
    )
    op.create_index("ix_automations_step_parent_id", "automations_step", ["parent_id"])


def _create_automations_run_link() -> None:
    op.create_table(
        "automations_run_link",
        sa.Column("record_id", crm.Identifier, nullable=False),
        sa.Column("field", crm.SortText(60), nullable=False),
        sa.Column("target_id", crm.Identifier, autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["record_id"], ["automations_run.id"], name=op.f("fk_automations_run_link_record_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("record_id", "field", "target_id", name=op.f("pk_automations_run_link")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_automations_run_link_target", "automations_run_link", ["field", "target_id", "record_id"])
