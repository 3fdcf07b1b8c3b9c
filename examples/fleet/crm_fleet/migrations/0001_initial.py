"""Initial."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from crm_core.api import revision_tools as crm

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Apply the change."""
    _create_fleet_vehicle()
    _create_fleet_assignment()
    _create_fleet_service()
    _create_fleet_vehicle_link()
    _create_fleet_assignment_link()


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("fleet_assignment_link")
    op.drop_table("fleet_vehicle_link")
    op.drop_table("fleet_service")
    crm.drop_search(op, "fleet_assignment")
    op.drop_table("fleet_assignment")
    crm.drop_search(op, "fleet_vehicle")
    op.drop_table("fleet_vehicle")


def _create_fleet_vehicle() -> None:
    op.create_table(
        "fleet_vehicle",
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
        sa.Column("plate", crm.SortText(12), nullable=True),
        sa.Column("model", crm.SortText(80), nullable=True),
        sa.Column("status", crm.SortText(60), nullable=True),
        sa.Column("mileage", sa.BigInteger(), nullable=True),
        sa.Column("price", crm.ExactDecimal(18, 2), nullable=True),
        sa.Column("inspection_on", sa.Date(), nullable=True),
        sa.Column("custom", crm.JsonDocument, nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fleet_vehicle")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_fleet_vehicle_access", "fleet_vehicle", ["access_id", "id"])
    op.create_index("ix_fleet_vehicle_created", "fleet_vehicle", ["created_at", "id", "access_id"])
    op.create_index(
        "ix_fleet_vehicle_inspection_on", "fleet_vehicle", [crm.nulls_first("inspection_on"), "id", "access_id"]
    )
    op.create_index("ix_fleet_vehicle_owner", "fleet_vehicle", ["owner_id", "id", "access_id"])
    op.create_index("ix_fleet_vehicle_updated", "fleet_vehicle", ["updated_at", "id", "access_id"])
    op.create_index("uq_fleet_vehicle_plate", "fleet_vehicle", ["plate"], unique=True)
    crm.create_search(op, "fleet_vehicle")


def _create_fleet_assignment() -> None:
    op.create_table(
        "fleet_assignment",
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
        sa.Column("vehicle_id", crm.Identifier, nullable=True),
        sa.Column("contact_id", crm.Identifier, nullable=True),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("custom", crm.JsonDocument, nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts_contact.id"], name=op.f("fk_fleet_assignment_contact_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["vehicle_id"], ["fleet_vehicle.id"], name=op.f("fk_fleet_assignment_vehicle_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fleet_assignment")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_fleet_assignment_access", "fleet_assignment", ["access_id", "id"])
    op.create_index(
        "ix_fleet_assignment_contact_id", "fleet_assignment", [crm.nulls_first("contact_id"), "id", "access_id"]
    )
    op.create_index("ix_fleet_assignment_created", "fleet_assignment", ["created_at", "id", "access_id"])
    op.create_index("ix_fleet_assignment_owner", "fleet_assignment", ["owner_id", "id", "access_id"])
    op.create_index("ix_fleet_assignment_updated", "fleet_assignment", ["updated_at", "id", "access_id"])
    op.create_index(
        "ix_fleet_assignment_vehicle_id", "fleet_assignment", [crm.nulls_first("vehicle_id"), "id", "access_id"]
    )
    crm.create_search(op, "fleet_assignment")


def _create_fleet_service() -> None:
    op.create_table(
        "fleet_service",
        sa.Column("work", crm.SortText(60), nullable=True),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("mileage", sa.BigInteger(), nullable=True),
        sa.Column("cost", crm.ExactDecimal(18, 2), nullable=True),
        sa.Column("id", crm.Identifier, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("parent_id", crm.Identifier, nullable=False),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["fleet_vehicle.id"], name=op.f("fk_fleet_service_parent_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fleet_service")),
    )
    op.create_index("ix_fleet_service_parent_id", "fleet_service", ["parent_id"])


def _create_fleet_vehicle_link() -> None:
    op.create_table(
        "fleet_vehicle_link",
        sa.Column("record_id", crm.Identifier, nullable=False),
        sa.Column("field", crm.SortText(60), nullable=False),
        sa.Column("target_id", crm.Identifier, autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["record_id"], ["fleet_vehicle.id"], name=op.f("fk_fleet_vehicle_link_record_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("record_id", "field", "target_id", name=op.f("pk_fleet_vehicle_link")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_fleet_vehicle_link_target", "fleet_vehicle_link", ["field", "target_id", "record_id"])


def _create_fleet_assignment_link() -> None:
    op.create_table(
        "fleet_assignment_link",
        sa.Column("record_id", crm.Identifier, nullable=False),
        sa.Column("field", crm.SortText(60), nullable=False),
        sa.Column("target_id", crm.Identifier, autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["record_id"], ["fleet_assignment.id"], name=op.f("fk_fleet_assignment_link_record_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("record_id", "field", "target_id", name=op.f("pk_fleet_assignment_link")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_fleet_assignment_link_target", "fleet_assignment_link", ["field", "target_id", "record_id"])
