"""Initial."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from crm_core.api import revision_tools as crm

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Apply the change."""
    _create_activities_due()
    _create_activities_notice()
    _create_activities_reminder_template()
    _create_activities_resource()
    _create_activities_event()
    _create_activities_follow_up()
    _create_activities_reminder_template_link()
    _create_activities_resource_link()
    _create_activities_task()
    _create_activities_busy()
    _create_activities_event_link()
    _create_activities_event_reminder()
    _create_activities_follow_up_link()
    _create_activities_guest()
    _create_activities_task_link()


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("activities_task_link")
    op.drop_table("activities_guest")
    op.drop_table("activities_follow_up_link")
    op.drop_table("activities_event_reminder")
    op.drop_table("activities_event_link")
    op.drop_table("activities_busy")
    crm.drop_search(op, "activities_task")
    op.drop_table("activities_task")
    op.drop_table("activities_resource_link")
    op.drop_table("activities_reminder_template_link")
    crm.drop_search(op, "activities_follow_up")
    op.drop_table("activities_follow_up")
    crm.drop_search(op, "activities_event")
    op.drop_table("activities_event")
    crm.drop_search(op, "activities_resource")
    op.drop_table("activities_resource")
    crm.drop_search(op, "activities_reminder_template")
    op.drop_table("activities_reminder_template")
    op.drop_table("activities_notice")
    op.drop_table("activities_due")


def _create_activities_due() -> None:
    op.create_table(
        "activities_due",
        sa.Column("id", crm.Identifier, nullable=False),
        sa.Column("entity", crm.SortText(60), nullable=False),
        sa.Column("record_id", crm.Identifier, nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("at", crm.UtcDateTime(), nullable=False),
        sa.Column("sent_at", crm.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activities_due")),
    )
    op.create_index("ix_activities_due_record", "activities_due", ["entity", "record_id"])
    op.create_index("ix_activities_due_waiting", "activities_due", ["sent_at", "at"])


def _create_activities_notice() -> None:
    op.create_table(
        "activities_notice",
        sa.Column("id", crm.Identifier, nullable=False),
        sa.Column("key", crm.SortText(120), nullable=False),
        sa.Column("user_id", crm.Identifier, nullable=True),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("subject", sa.String(length=400), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("entity", crm.SortText(60), nullable=False),
        sa.Column("record_id", crm.Identifier, nullable=False),
        sa.Column("created_at", crm.UtcDateTime(), nullable=False),
        sa.Column("read_at", crm.UtcDateTime(), nullable=True),
        sa.Column("mail", crm.SortText(10), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activities_notice")),
        sa.UniqueConstraint("key", name=op.f("uq_activities_notice_key")),
    )
    op.create_index("ix_activities_notice_mail", "activities_notice", ["mail"])
    op.create_index("ix_activities_notice_user_id", "activities_notice", ["user_id"])


def _create_activities_reminder_template() -> None:
    op.create_table(
        "activities_reminder_template",
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
        sa.Column("model", crm.SortText(60), nullable=False),
        sa.Column("media", crm.SortText(60), nullable=False),
        sa.Column("subject", crm.SortText(255), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("signature", sa.Text(), nullable=True),
        sa.Column("name_key", crm.SortText(200), server_default="", nullable=False),
        sa.Column("custom", crm.JsonDocument, nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activities_reminder_template")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_activities_reminder_template_access", "activities_reminder_template", ["access_id", "id"])
    op.create_index(
        "ix_activities_reminder_template_created", "activities_reminder_template", ["created_at", "id", "access_id"]
    )
    op.create_index(
        "ix_activities_reminder_template_name_key", "activities_reminder_template", ["name_key", "id", "access_id"]
    )
    op.create_index(
        "ix_activities_reminder_template_owner", "activities_reminder_template", ["owner_id", "id", "access_id"]
    )
    op.create_index(
        "ix_activities_reminder_template_updated", "activities_reminder_template", ["updated_at", "id", "access_id"]
    )
    crm.create_search(op, "activities_reminder_template")


def _create_activities_resource() -> None:
    op.create_table(
        "activities_resource",
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
        sa.Column("kind", crm.SortText(60), nullable=False),
        sa.Column("seats", sa.BigInteger(), nullable=True),
        sa.Column("place", crm.SortText(200), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=True),
        sa.Column("name_key", crm.SortText(200), server_default="", nullable=False),
        sa.Column("custom", crm.JsonDocument, nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activities_resource")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_activities_resource_access", "activities_resource", ["access_id", "id"])
    op.create_index("ix_activities_resource_created", "activities_resource", ["created_at", "id", "access_id"])
    op.create_index("ix_activities_resource_name_key", "activities_resource", ["name_key", "id", "access_id"])
    op.create_index("ix_activities_resource_owner", "activities_resource", ["owner_id", "id", "access_id"])
    op.create_index("ix_activities_resource_updated", "activities_resource", ["updated_at", "id", "access_id"])
    crm.create_search(op, "activities_resource")


def _create_activities_event() -> None:
    op.create_table(
        "activities_event",
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
        sa.Column("type", crm.SortText(60), nullable=False),
        sa.Column("subject", crm.SortText(255), nullable=True),
        sa.Column("category", crm.SortText(60), nullable=True),
        sa.Column("status", crm.SortText(60), nullable=True),
        sa.Column("direction", crm.SortText(60), nullable=True),
        sa.Column("starts_at", crm.UtcDateTime(), nullable=True),
        sa.Column("ends_at", crm.UtcDateTime(), nullable=True),
        sa.Column("all_day", sa.Boolean(), nullable=True),
        sa.Column("company_id", crm.Identifier, nullable=True),
        sa.Column("contact_id", crm.Identifier, nullable=True),
        sa.Column("related_to", crm.SortText(100), nullable=True),
        sa.Column("assigned_to_id", crm.Identifier, nullable=True),
        sa.Column("priority", crm.SortText(60), nullable=False),
        sa.Column("colour", crm.SortText(60), nullable=True),
        sa.Column("location", crm.SortText(255), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("private", sa.Boolean(), nullable=True),
        sa.Column("duration", sa.BigInteger(), nullable=True),
        sa.Column("timer_started_at", crm.UtcDateTime(), nullable=True),
        sa.Column("recurrence", crm.SortText(200), nullable=True),
        sa.Column("apply_to", crm.SortText(60), nullable=True),
        sa.Column("series", sa.BigInteger(), nullable=True),
        sa.Column("occurrence_at", crm.UtcDateTime(), nullable=True),
        sa.Column("zone", crm.SortText(60), nullable=True),
        sa.Column("subject_key", crm.SortText(200), server_default="", nullable=False),
        sa.Column("custom", crm.JsonDocument, nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["contacts_contact.id"], name=op.f("fk_activities_event_company_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts_contact.id"], name=op.f("fk_activities_event_contact_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activities_event")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_activities_event_access", "activities_event", ["access_id", "id"])
    op.create_index(
        "ix_activities_event_assigned_to_id", "activities_event", [crm.nulls_first("assigned_to_id"), "id", "access_id"]
    )
    op.create_index(
        "ix_activities_event_category", "activities_event", [crm.nulls_first("category"), "id", "access_id"]
    )
    op.create_index(
        "ix_activities_event_company_id", "activities_event", [crm.nulls_first("company_id"), "id", "access_id"]
    )
    op.create_index(
        "ix_activities_event_contact_id", "activities_event", [crm.nulls_first("contact_id"), "id", "access_id"]
    )
    op.create_index("ix_activities_event_created", "activities_event", ["created_at", "id", "access_id"])
    op.create_index("ix_activities_event_ends_at", "activities_event", [crm.nulls_first("ends_at"), "id", "access_id"])
    op.create_index("ix_activities_event_owner", "activities_event", ["owner_id", "id", "access_id"])
    op.create_index(
        "ix_activities_event_related_to", "activities_event", [crm.nulls_first("related_to"), "id", "access_id"]
    )
    op.create_index("ix_activities_event_series", "activities_event", [crm.nulls_first("series"), "id", "access_id"])
    op.create_index(
        "ix_activities_event_starts_at", "activities_event", [crm.nulls_first("starts_at"), "id", "access_id"]
    )
    op.create_index("ix_activities_event_status", "activities_event", [crm.nulls_first("status"), "id", "access_id"])
    op.create_index("ix_activities_event_subject_key", "activities_event", ["subject_key", "id", "access_id"])
    op.create_index("ix_activities_event_type", "activities_event", ["type", "id", "access_id"])
    op.create_index("ix_activities_event_updated", "activities_event", ["updated_at", "id", "access_id"])
    crm.create_search(op, "activities_event")


def _create_activities_follow_up() -> None:
    op.create_table(
        "activities_follow_up",
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
        sa.Column("title", crm.SortText(255), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("remind_at", crm.SortText(5), nullable=True),
        sa.Column("contact_id", crm.Identifier, nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("done", sa.Boolean(), nullable=True),
        sa.Column("title_key", crm.SortText(200), server_default="", nullable=False),
        sa.Column("custom", crm.JsonDocument, nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts_contact.id"], name=op.f("fk_activities_follow_up_contact_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activities_follow_up")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_activities_follow_up_access", "activities_follow_up", ["access_id", "id"])
    op.create_index(
        "ix_activities_follow_up_contact_id", "activities_follow_up", [crm.nulls_first("contact_id"), "id", "access_id"]
    )
    op.create_index("ix_activities_follow_up_created", "activities_follow_up", ["created_at", "id", "access_id"])
    op.create_index(
        "ix_activities_follow_up_done", "activities_follow_up", [crm.nulls_first("done"), "id", "access_id"]
    )
    op.create_index(
        "ix_activities_follow_up_due_on", "activities_follow_up", [crm.nulls_first("due_on"), "id", "access_id"]
    )
    op.create_index("ix_activities_follow_up_owner", "activities_follow_up", ["owner_id", "id", "access_id"])
    op.create_index("ix_activities_follow_up_title_key", "activities_follow_up", ["title_key", "id", "access_id"])
    op.create_index("ix_activities_follow_up_updated", "activities_follow_up", ["updated_at", "id", "access_id"])
    crm.create_search(op, "activities_follow_up")


def _create_activities_reminder_template_link() -> None:
    op.create_table(
        "activities_reminder_template_link",
        sa.Column("record_id", crm.Identifier, nullable=False),
        sa.Column("field", crm.SortText(60), nullable=False),
        sa.Column("target_id", crm.Identifier, autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["record_id"],
            ["activities_reminder_template.id"],
            name=op.f("fk_activities_reminder_template_link_record_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("record_id", "field", "target_id", name=op.f("pk_activities_reminder_template_link")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_activities_reminder_template_link_target",
        "activities_reminder_template_link",
        ["field", "target_id", "record_id"],
    )


def _create_activities_resource_link() -> None:
    op.create_table(
        "activities_resource_link",
        sa.Column("record_id", crm.Identifier, nullable=False),
        sa.Column("field", crm.SortText(60), nullable=False),
        sa.Column("target_id", crm.Identifier, autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["record_id"],
            ["activities_resource.id"],
            name=op.f("fk_activities_resource_link_record_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("record_id", "field", "target_id", name=op.f("pk_activities_resource_link")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_activities_resource_link_target", "activities_resource_link", ["field", "target_id", "record_id"]
    )


def _create_activities_task() -> None:
    op.create_table(
        "activities_task",
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
        sa.Column("title", crm.SortText(255), nullable=True),
        sa.Column("category", crm.SortText(60), nullable=True),
        sa.Column("due_at", crm.UtcDateTime(), nullable=True),
        sa.Column("reminder", crm.SortText(60), nullable=False),
        sa.Column("assigned_to_id", crm.Identifier, nullable=True),
        sa.Column("notify", sa.Boolean(), nullable=True),
        sa.Column("status", crm.SortText(60), nullable=False),
        sa.Column("priority", crm.SortText(60), nullable=False),
        sa.Column("contact_id", crm.Identifier, nullable=True),
        sa.Column("related_to", crm.SortText(100), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("closed_at", crm.UtcDateTime(), nullable=True),
        sa.Column("title_key", crm.SortText(200), server_default="", nullable=False),
        sa.Column("custom", crm.JsonDocument, nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts_contact.id"], name=op.f("fk_activities_task_contact_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activities_task")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_activities_task_access", "activities_task", ["access_id", "id"])
    op.create_index(
        "ix_activities_task_assigned_to_id", "activities_task", [crm.nulls_first("assigned_to_id"), "id", "access_id"]
    )
    op.create_index(
        "ix_activities_task_closed_at", "activities_task", [crm.nulls_first("closed_at"), "id", "access_id"]
    )
    op.create_index(
        "ix_activities_task_contact_id", "activities_task", [crm.nulls_first("contact_id"), "id", "access_id"]
    )
    op.create_index("ix_activities_task_created", "activities_task", ["created_at", "id", "access_id"])
    op.create_index("ix_activities_task_due_at", "activities_task", [crm.nulls_first("due_at"), "id", "access_id"])
    op.create_index("ix_activities_task_owner", "activities_task", ["owner_id", "id", "access_id"])
    op.create_index(
        "ix_activities_task_related_to", "activities_task", [crm.nulls_first("related_to"), "id", "access_id"]
    )
    op.create_index("ix_activities_task_status", "activities_task", ["status", "id", "access_id"])
    op.create_index("ix_activities_task_title_key", "activities_task", ["title_key", "id", "access_id"])
    op.create_index("ix_activities_task_updated", "activities_task", ["updated_at", "id", "access_id"])
    crm.create_search(op, "activities_task")


def _create_activities_busy() -> None:
    op.create_table(
        "activities_busy",
        sa.Column("id", crm.Identifier, nullable=False),
        sa.Column("event_id", crm.Identifier, nullable=False),
        sa.Column("kind", crm.SortText(10), nullable=False),
        sa.Column("target_id", crm.Identifier, nullable=False),
        sa.Column("starts_at", crm.UtcDateTime(), nullable=False),
        sa.Column("ends_at", crm.UtcDateTime(), nullable=False),
        sa.Column("all_day", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"], ["activities_event.id"], name=op.f("fk_activities_busy_event_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activities_busy")),
    )
    op.create_index("ix_activities_busy_event_id", "activities_busy", ["event_id"])
    op.create_index("ix_activities_busy_when", "activities_busy", ["kind", "target_id", "starts_at", "ends_at"])


def _create_activities_event_link() -> None:
    op.create_table(
        "activities_event_link",
        sa.Column("record_id", crm.Identifier, nullable=False),
        sa.Column("field", crm.SortText(60), nullable=False),
        sa.Column("target_id", crm.Identifier, autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["record_id"], ["activities_event.id"], name=op.f("fk_activities_event_link_record_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("record_id", "field", "target_id", name=op.f("pk_activities_event_link")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_activities_event_link_target", "activities_event_link", ["field", "target_id", "record_id"])


def _create_activities_event_reminder() -> None:
    op.create_table(
        "activities_event_reminder",
        sa.Column("mode", crm.SortText(60), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("unit", crm.SortText(60), nullable=True),
        sa.Column("at", crm.UtcDateTime(), nullable=True),
        sa.Column("audience", crm.SortText(60), nullable=True),
        sa.Column("template_id", crm.Identifier, nullable=True),
        sa.Column("id", crm.Identifier, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("parent_id", crm.Identifier, nullable=False),
        sa.ForeignKeyConstraint(
            ["parent_id"],
            ["activities_event.id"],
            name=op.f("fk_activities_event_reminder_parent_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activities_event_reminder")),
    )
    op.create_index("ix_activities_event_reminder_parent_id", "activities_event_reminder", ["parent_id"])


def _create_activities_follow_up_link() -> None:
    op.create_table(
        "activities_follow_up_link",
        sa.Column("record_id", crm.Identifier, nullable=False),
        sa.Column("field", crm.SortText(60), nullable=False),
        sa.Column("target_id", crm.Identifier, autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["record_id"],
            ["activities_follow_up.id"],
            name=op.f("fk_activities_follow_up_link_record_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("record_id", "field", "target_id", name=op.f("pk_activities_follow_up_link")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_activities_follow_up_link_target", "activities_follow_up_link", ["field", "target_id", "record_id"]
    )


def _create_activities_guest() -> None:
    op.create_table(
        "activities_guest",
        sa.Column("contact_id", crm.Identifier, nullable=True),
        sa.Column("user_id", crm.Identifier, nullable=True),
        sa.Column("email", crm.SortText(254), nullable=True),
        sa.Column("answer", crm.SortText(60), nullable=True),
        sa.Column("id", crm.Identifier, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("parent_id", crm.Identifier, nullable=False),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["activities_event.id"], name=op.f("fk_activities_guest_parent_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activities_guest")),
    )
    op.create_index("ix_activities_guest_parent_id", "activities_guest", ["parent_id"])


def _create_activities_task_link() -> None:
    op.create_table(
        "activities_task_link",
        sa.Column("record_id", crm.Identifier, nullable=False),
        sa.Column("field", crm.SortText(60), nullable=False),
        sa.Column("target_id", crm.Identifier, autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["record_id"], ["activities_task.id"], name=op.f("fk_activities_task_link_record_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("record_id", "field", "target_id", name=op.f("pk_activities_task_link")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_activities_task_link_target", "activities_task_link", ["field", "target_id", "record_id"])
