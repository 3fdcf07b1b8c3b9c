"""Initial."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from crm_core.api import revision_tools as crm

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Apply the change."""
    _create_notifications_choice()
    _create_notifications_notice()
    _create_notifications_person()
    _create_notifications_delivery()


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("notifications_delivery")
    op.drop_table("notifications_person")
    op.drop_table("notifications_notice")
    op.drop_table("notifications_choice")


def _create_notifications_choice() -> None:
    op.create_table(
        "notifications_choice",
        sa.Column("user_id", crm.Identifier, autoincrement=False, nullable=False),
        sa.Column("kind", crm.SortText(60), nullable=False),
        sa.Column("channels", crm.SortText(60), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "kind", name=op.f("pk_notifications_choice")),
    )


def _create_notifications_notice() -> None:
    op.create_table(
        "notifications_notice",
        sa.Column("id", crm.Identifier, nullable=False),
        sa.Column("key", crm.SortText(120), nullable=False),
        sa.Column("kind", crm.SortText(60), nullable=False),
        sa.Column("user_id", crm.Identifier, nullable=True),
        sa.Column("subject", sa.String(length=400), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("entity", crm.SortText(60), nullable=False),
        sa.Column("record_id", crm.Identifier, nullable=False),
        sa.Column("shown", sa.Boolean(), nullable=False),
        sa.Column("created_at", crm.UtcDateTime(), nullable=False),
        sa.Column("read_at", crm.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications_notice")),
        sa.UniqueConstraint("key", name=op.f("uq_notifications_notice_key")),
    )
    op.create_index("ix_notifications_notice_created_at", "notifications_notice", ["created_at"])
    op.create_index("ix_notifications_notice_list", "notifications_notice", ["user_id", "shown", "id"])
    op.create_index("ix_notifications_notice_unread", "notifications_notice", ["user_id", "shown", "read_at", "id"])


def _create_notifications_person() -> None:
    op.create_table(
        "notifications_person",
        sa.Column("user_id", crm.Identifier, autoincrement=False, nullable=False),
        sa.Column("digest_at", crm.SortText(5), nullable=False),
        sa.Column("quiet_from", crm.SortText(5), nullable=False),
        sa.Column("quiet_to", crm.SortText(5), nullable=False),
        sa.Column("phone", crm.SortText(32), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_notifications_person")),
    )


def _create_notifications_delivery() -> None:
    op.create_table(
        "notifications_delivery",
        sa.Column("id", crm.Identifier, nullable=False),
        sa.Column("notice_id", crm.Identifier, nullable=False),
        sa.Column("channel", crm.SortText(10), nullable=False),
        sa.Column("user_id", crm.Identifier, nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("state", crm.SortText(10), nullable=False),
        sa.Column("bundled", sa.Boolean(), nullable=False),
        sa.Column("due_at", crm.UtcDateTime(), nullable=False),
        sa.Column("tried_at", crm.UtcDateTime(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(length=500), nullable=False),
        sa.Column("batch", crm.SortText(40), nullable=False),
        sa.ForeignKeyConstraint(
            ["notice_id"],
            ["notifications_notice.id"],
            name=op.f("fk_notifications_delivery_notice_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications_delivery")),
    )
    op.create_index("ix_notifications_delivery_due", "notifications_delivery", ["state", "due_at"])
    op.create_index("ix_notifications_delivery_notice_id", "notifications_delivery", ["notice_id"])
    op.create_index("ix_notifications_delivery_user", "notifications_delivery", ["user_id", "channel", "tried_at"])
