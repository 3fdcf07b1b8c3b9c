"""Field access, and the user an administrator looks as."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from crm_core import revision_tools as crm

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "core_field_access",
        sa.Column("entity", crm.SortText(60), nullable=False),
        sa.Column("field", crm.SortText(120), nullable=False),
        sa.Column("read_roles", crm.JsonDocument, nullable=False),
        sa.Column("edit_roles", crm.JsonDocument, nullable=False),
        sa.PrimaryKeyConstraint("entity", "field", name=op.f("pk_core_field_access")),
    )
    op.add_column("core_session", sa.Column("viewed_id", crm.Identifier, nullable=True))


def downgrade() -> None:
    """Take the change back."""
    op.drop_column("core_session", "viewed_id")
    op.drop_table("core_field_access")
