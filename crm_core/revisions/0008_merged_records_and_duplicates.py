"""What a merged record became, pairs that are no duplicates, and what scans for duplicates found."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from crm_core import revision_tools as crm

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "core_merged",
        sa.Column("entity", crm.SortText(60), nullable=False),
        sa.Column("record_id", crm.Identifier, nullable=False, autoincrement=False),
        sa.Column("survivor_id", crm.Identifier, nullable=False),
        sa.Column("batch_id", crm.Identifier, nullable=True),
        sa.Column("at", crm.UtcDateTime, nullable=False),
        sa.Column("moved", crm.JsonDocument, nullable=False),
        sa.PrimaryKeyConstraint("entity", "record_id", name=op.f("pk_core_merged")),
    )
    op.create_index("ix_core_merged_survivor", "core_merged", ["entity", "survivor_id"])
    op.create_index("ix_core_merged_batch", "core_merged", ["batch_id"])
    op.create_table(
        "core_not_duplicate",
        sa.Column("entity", crm.SortText(60), nullable=False),
        sa.Column("low_id", crm.Identifier, nullable=False, autoincrement=False),
        sa.Column("high_id", crm.Identifier, nullable=False, autoincrement=False),
        sa.Column("user_id", crm.Identifier, nullable=True),
        sa.Column("at", crm.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("entity", "low_id", "high_id", name=op.f("pk_core_not_duplicate")),
    )
    op.create_index("ix_core_not_duplicate_high", "core_not_duplicate", ["entity", "high_id"])
    _scans()


def _scans() -> None:
    op.create_table(
        "core_duplicate_scan",
        sa.Column("id", crm.Identifier, nullable=False),
        sa.Column("entity", crm.SortText(60), nullable=False),
        sa.Column("user_id", crm.Identifier, nullable=True),
        sa.Column("job_id", crm.Identifier, nullable=True),
        sa.Column("spec", crm.JsonDocument, nullable=False),
        sa.Column("state", crm.SortText(12), nullable=False),
        sa.Column("created_at", crm.UtcDateTime, nullable=False),
        sa.Column("finished_at", crm.UtcDateTime, nullable=True),
        sa.Column("records", sa.BigInteger(), nullable=False),
        sa.Column("groups", sa.BigInteger(), nullable=False),
        sa.Column("members", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_duplicate_scan")),
    )
    op.create_index("ix_core_duplicate_scan_user", "core_duplicate_scan", ["entity", "user_id", "id"])
    op.create_table(
        "core_duplicate_member",
        sa.Column("scan_id", crm.Identifier, nullable=False, autoincrement=False),
        sa.Column("group_no", crm.Identifier, nullable=False, autoincrement=False),
        sa.Column("record_id", crm.Identifier, nullable=False, autoincrement=False),
        sa.ForeignKeyConstraint(
            ["scan_id"], ["core_duplicate_scan.id"], name=op.f("fk_core_duplicate_member_scan_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("scan_id", "group_no", "record_id", name=op.f("pk_core_duplicate_member")),
    )


def downgrade() -> None:
    """Take it back."""
    for name in ("core_duplicate_member", "core_duplicate_scan", "core_not_duplicate", "core_merged"):
        op.drop_table(name)
