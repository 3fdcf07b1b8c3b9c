"""Initial."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from crm_core import revision_tools as crm

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Apply the change."""
    _create_core_access_set()
    _create_core_change()
    _create_core_comment()
    _create_core_currency_rate()
    _create_core_custom_field()
    _create_core_file()
    _create_core_idempotency_key()
    _create_core_import()
    _create_core_incident()
    _create_core_job()
    _create_core_list_entry()
    _create_core_login_attempt()
    _create_core_plugin()
    _create_core_role()
    _create_core_sequence()
    _create_core_setting()
    _create_core_share()
    _create_core_stamp()
    _create_core_tag()
    _create_core_team()
    _create_core_user()
    _create_core_worker()
    _create_core_access_member()
    _create_core_api_token()
    _create_core_grant()
    _create_core_import_problem()
    _create_core_password_reset()
    _create_core_saved_view()
    _create_core_session()
    _create_core_team_member()
    _create_core_user_role()


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("core_user_role")
    op.drop_table("core_team_member")
    op.drop_table("core_session")
    op.drop_table("core_saved_view")
    op.drop_table("core_password_reset")
    op.drop_table("core_import_problem")
    op.drop_table("core_grant")
    op.drop_table("core_api_token")
    op.drop_table("core_access_member")
    op.drop_table("core_worker")
    op.drop_table("core_user")
    op.drop_table("core_team")
    op.drop_table("core_tag")
    op.drop_table("core_stamp")
    op.drop_table("core_share")
    op.drop_table("core_setting")
    op.drop_table("core_sequence")
    op.drop_table("core_role")
    op.drop_table("core_plugin")
    op.drop_table("core_login_attempt")
    op.drop_table("core_list_entry")
    op.drop_table("core_job")
    op.drop_table("core_incident")
    op.drop_table("core_import")
    op.drop_table("core_idempotency_key")
    op.drop_table("core_file")
    op.drop_table("core_custom_field")
    op.drop_table("core_currency_rate")
    op.drop_table("core_comment")
    op.drop_table("core_change")
    op.drop_table("core_access_set")


def _create_core_access_set() -> None:
    op.create_table(
        "core_access_set",
        sa.Column("id", crm.Identifier, nullable=False),
        sa.Column("digest", crm.SortText(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_access_set")),
        sa.UniqueConstraint("digest", name=op.f("uq_core_access_set_digest")),
    )


def _create_core_change() -> None:
    op.create_table(
        "core_change",
        sa.Column("id", crm.Identifier, nullable=False),
        sa.Column("at", crm.UtcDateTime(), nullable=False),
        sa.Column("operation", crm.SortText(32), nullable=False),
        sa.Column("actor_id", crm.Identifier, nullable=True),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("via", sa.String(length=20), nullable=False),
        sa.Column("entity", crm.SortText(60), nullable=False),
        sa.Column("record_id", crm.Identifier, nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("action", crm.SortText(40), nullable=False),
        sa.Column("diff", crm.JsonDocument, nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_change")),
    )
    op.create_index("ix_core_change_at", "core_change", ["at"])
    op.create_index("ix_core_change_operation", "core_change", ["operation"])
    op.create_index("ix_core_change_record", "core_change", ["entity", "record_id", "id"])


def _create_core_comment() -> None:
    op.create_table(
        "core_comment",
        sa.Column("id", crm.Identifier, nullable=False),
        sa.Column("entity", crm.SortText(60), nullable=False),
        sa.Column("record_id", crm.Identifier, nullable=False),
        sa.Column("author_id", crm.Identifier, nullable=True),
        sa.Column("author", sa.String(length=120), nullable=False),
        sa.Column("at", crm.UtcDateTime(), nullable=False),
        sa.Column("edited_at", crm.UtcDateTime(), nullable=True),
        sa.Column("channel", sa.String(length=60), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_comment")),
    )
    op.create_index("ix_core_comment_record", "core_comment", ["entity", "record_id", "id"])


def _create_core_currency_rate() -> None:
    op.create_table(
        "core_currency_rate",
        sa.Column("currency", crm.SortText(3), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("rate", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("currency", "day", name=op.f("pk_core_currency_rate")),
    )


def _create_core_custom_field() -> None:
    op.create_table(
        "core_custom_field",
        sa.Column("id", crm.Identifier, nullable=False),
        sa.Column("entity", crm.SortText(60), nullable=False),
        sa.Column("key", crm.SortText(50), nullable=False),
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("options", crm.JsonDocument, nullable=False),
        sa.Column("label", crm.JsonDocument, nullable=False),
        sa.Column("help", crm.JsonDocument, nullable=False),
        sa.Column("required", sa.Boolean(), nullable=False),
        sa.Column("unique", sa.Boolean(), nullable=False),
        sa.Column("filterable", sa.Boolean(), nullable=False),
        sa.Column("indexed", sa.Boolean(), nullable=False),
        sa.Column("search", sa.Boolean(), nullable=False),
        sa.Column("default", sa.JSON(), nullable=True),
        sa.Column("section", sa.String(length=60), nullable=False),
        sa.Column("order", sa.Integer(), nullable=False),
        sa.Column("read_roles", crm.JsonDocument, nullable=False),
        sa.Column("edit_roles", crm.JsonDocument, nullable=False),
        sa.Column("visible_if", crm.JsonDocument, nullable=True),
        sa.Column("retired_at", crm.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_custom_field")),
        sa.UniqueConstraint("entity", "key", name=op.f("uq_core_custom_field_entity_key")),
    )


def _create_core_file() -> None:
    op.create_table(
        "core_file",
        sa.Column("id", crm.Identifier, nullable=False),
        sa.Column("entity", crm.SortText(60), nullable=False),
        sa.Column("record_id", crm.Identifier, nullable=True),
        sa.Column("field", crm.SortText(60), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("content_type", sa.String(length=120), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("digest", crm.SortText(64), nullable=False),
        sa.Column("box", sa.String(length=12), nullable=False),
        sa.Column("created_at", crm.UtcDateTime(), nullable=False),
        sa.Column("created_by_id", crm.Identifier, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_file")),
    )
    op.create_index("ix_core_file_digest", "core_file", ["digest"])
    op.create_index("ix_core_file_record", "core_file", ["entity", "record_id"])


def _create_core_idempotency_key() -> None:
    op.create_table(
        "core_idempotency_key",
        sa.Column("user_id", crm.Identifier, autoincrement=False, nullable=False),
        sa.Column("key", crm.SortText(200), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", crm.JsonDocument, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("at", crm.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "key", name=op.f("pk_core_idempotency_key")),
    )
    op.create_index("ix_core_idempotency_key_at", "core_idempotency_key", ["at"])


def _create_core_import() -> None:
    op.create_table(
        "core_import",
        sa.Column("id", crm.Identifier, nullable=False),
        sa.Column("entity", crm.SortText(60), nullable=False),
        sa.Column("file_id", crm.Identifier, nullable=False),
        sa.Column("job_id", crm.Identifier, nullable=True),
        sa.Column("user_id", crm.Identifier, nullable=True),
        sa.Column("options", crm.JsonDocument, nullable=False),
        sa.Column("state", crm.SortText(12), nullable=False),
        sa.Column("created_at", crm.UtcDateTime(), nullable=False),
        sa.Column("finished_at", crm.UtcDateTime(), nullable=True),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.Column("skipped", sa.BigInteger(), nullable=False),
        sa.Column("failed", sa.BigInteger(), nullable=False),
        sa.Column("warned", sa.BigInteger(), nullable=False),
        sa.Column("header", crm.JsonDocument, nullable=False),
        sa.Column("mapping", crm.JsonDocument, nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_import")),
    )
    op.create_index("ix_core_import_user_id", "core_import", ["user_id"])


def _create_core_incident() -> None:
    op.create_table(
        "core_incident",
        sa.Column("id", crm.Identifier, nullable=False),
        sa.Column("at", crm.UtcDateTime(), nullable=False),
        sa.Column("plugin", crm.SortText(60), nullable=False),
        sa.Column("where", sa.String(length=120), nullable=False),
        sa.Column("message", sa.String(length=500), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_incident")),
    )


def _create_core_job() -> None:
    op.create_table(
        "core_job",
        sa.Column("id", crm.Identifier, nullable=False),
        sa.Column("name", crm.SortText(80), nullable=False),
        sa.Column("plugin", crm.SortText(60), nullable=False),
        sa.Column("args", crm.JsonDocument, nullable=False),
        sa.Column("state", crm.SortText(12), nullable=False),
        sa.Column("user_id", crm.Identifier, nullable=True),
        sa.Column("created_at", crm.UtcDateTime(), nullable=False),
        sa.Column("run_at", crm.UtcDateTime(), nullable=False),
        sa.Column("started_at", crm.UtcDateTime(), nullable=True),
        sa.Column("finished_at", crm.UtcDateTime(), nullable=True),
        sa.Column("executor", crm.SortText(120), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("crashes", sa.Integer(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("message", sa.String(length=500), nullable=False),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("state_data", crm.JsonDocument, nullable=False),
        sa.Column("result", crm.JsonDocument, nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("unique_key", crm.SortText(120), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_job")),
        sa.UniqueConstraint("unique_key", name=op.f("uq_core_job_unique_key")),
    )
    op.create_index("ix_core_job_state", "core_job", ["state", "run_at", "id"])
    op.create_index("ix_core_job_user", "core_job", ["user_id", "id"])


def _create_core_list_entry() -> None:
    op.create_table(
        "core_list_entry",
        sa.Column("id", crm.Identifier, nullable=False),
        sa.Column("list", crm.SortText(60), nullable=False),
        sa.Column("code", crm.SortText(60), nullable=False),
        sa.Column("label", crm.JsonDocument, nullable=False),
        sa.Column("colour", sa.String(length=9), nullable=False),
        sa.Column("icon", sa.String(length=40), nullable=False),
        sa.Column("order", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("parent", crm.SortText(60), nullable=False),
        sa.Column("values", crm.JsonDocument, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_list_entry")),
        sa.UniqueConstraint("list", "code", name=op.f("uq_core_list_entry_list_code")),
    )


def _create_core_login_attempt() -> None:
    op.create_table(
        "core_login_attempt",
        sa.Column("id", crm.Identifier, nullable=False),
        sa.Column("bucket", crm.SortText(120), nullable=False),
        sa.Column("at", crm.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_login_attempt")),
    )
    op.create_index("ix_core_login_attempt_bucket", "core_login_attempt", ["bucket", "at"])


def _create_core_plugin() -> None:
    op.create_table(
        "core_plugin",
        sa.Column("name", crm.SortText(60), nullable=False),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("changed_at", crm.UtcDateTime(), nullable=False),
        sa.Column("seeded", crm.JsonDocument, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_core_plugin")),
    )


def _create_core_role() -> None:
    op.create_table(
        "core_role",
        sa.Column("id", crm.Identifier, nullable=False),
        sa.Column("code", crm.SortText(60), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("moderator", sa.Boolean(), nullable=False),
        sa.Column("fixed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_role")),
        sa.UniqueConstraint("code", name=op.f("uq_core_role_code")),
    )


def _create_core_sequence() -> None:
    op.create_table(
        "core_sequence",
        sa.Column("key", crm.SortText(80), nullable=False),
        sa.Column("period", crm.SortText(10), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", "period", name=op.f("pk_core_sequence")),
    )


def _create_core_setting() -> None:
    op.create_table(
        "core_setting",
        sa.Column("key", crm.SortText(120), nullable=False),
        sa.Column("value", sa.JSON(), nullable=True),
        sa.Column("changed_at", crm.UtcDateTime(), nullable=False),
        sa.Column("changed_by_id", crm.Identifier, nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_core_setting")),
    )


def _create_core_share() -> None:
    op.create_table(
        "core_share",
        sa.Column("entity", crm.SortText(60), nullable=False),
        sa.Column("record_id", crm.Identifier, autoincrement=False, nullable=False),
        sa.Column("principal", crm.Identifier, autoincrement=False, nullable=False),
        sa.Column("write", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("entity", "record_id", "principal", name=op.f("pk_core_share")),
    )


def _create_core_stamp() -> None:
    op.create_table(
        "core_stamp",
        sa.Column("name", crm.SortText(40), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_core_stamp")),
    )


def _create_core_tag() -> None:
    op.create_table(
        "core_tag",
        sa.Column("id", crm.Identifier, nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("key", crm.SortText(120), nullable=False),
        sa.Column("colour", sa.String(length=9), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_tag")),
        sa.UniqueConstraint("key", name=op.f("uq_core_tag_key")),
    )


def _create_core_team() -> None:
    op.create_table(
        "core_team",
        sa.Column("id", crm.Identifier, nullable=False),
        sa.Column("name", crm.SortText(120), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_team")),
        sa.UniqueConstraint("name", name=op.f("uq_core_team_name")),
    )


def _create_core_user() -> None:
    op.create_table(
        "core_user",
        sa.Column("id", crm.Identifier, nullable=False),
        sa.Column("email", crm.SortText(254), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("must_change_password", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("language", sa.String(length=5), nullable=False),
        sa.Column("timezone", sa.String(length=60), nullable=False),
        sa.Column("date_format", sa.String(length=12), nullable=False),
        sa.Column("theme", sa.String(length=10), nullable=False),
        sa.Column("totp_secret", sa.String(length=255), nullable=False),
        sa.Column("totp_last_step", sa.BigInteger(), nullable=False),
        sa.Column("recovery_codes", crm.JsonDocument, nullable=False),
        sa.Column("preferences", crm.JsonDocument, nullable=False),
        sa.Column("created_at", crm.UtcDateTime(), nullable=False),
        sa.Column("last_seen_at", crm.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_user")),
        sa.UniqueConstraint("email", name=op.f("uq_core_user_email")),
    )


def _create_core_worker() -> None:
    op.create_table(
        "core_worker",
        sa.Column("id", crm.SortText(120), nullable=False),
        sa.Column("place", sa.String(length=120), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("started_at", crm.UtcDateTime(), nullable=False),
        sa.Column("heartbeat_at", crm.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_worker")),
    )


def _create_core_access_member() -> None:
    op.create_table(
        "core_access_member",
        sa.Column("set_id", crm.Identifier, autoincrement=False, nullable=False),
        sa.Column("principal", crm.Identifier, autoincrement=False, nullable=False),
        sa.Column("write", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["set_id"], ["core_access_set.id"], name=op.f("fk_core_access_member_set_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("set_id", "principal", name=op.f("pk_core_access_member")),
    )
    op.create_index("ix_core_access_member_principal", "core_access_member", ["principal", "set_id", "write"])


def _create_core_api_token() -> None:
    op.create_table(
        "core_api_token",
        sa.Column("id", crm.Identifier, nullable=False),
        sa.Column("digest", crm.SortText(64), nullable=False),
        sa.Column("prefix", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("user_id", crm.Identifier, nullable=False),
        sa.Column("scopes", crm.JsonDocument, nullable=False),
        sa.Column("created_at", crm.UtcDateTime(), nullable=False),
        sa.Column("expires_at", crm.UtcDateTime(), nullable=True),
        sa.Column("last_used_at", crm.UtcDateTime(), nullable=True),
        sa.Column("revoked_at", crm.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["core_user.id"], name=op.f("fk_core_api_token_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_api_token")),
        sa.UniqueConstraint("digest", name=op.f("uq_core_api_token_digest")),
    )
    op.create_index("ix_core_api_token_user_id", "core_api_token", ["user_id"])


def _create_core_grant() -> None:
    op.create_table(
        "core_grant",
        sa.Column("id", crm.Identifier, nullable=False),
        sa.Column("role_id", crm.Identifier, nullable=False),
        sa.Column("entity", crm.SortText(60), nullable=False),
        sa.Column("action", crm.SortText(20), nullable=False),
        sa.Column("level", sa.String(length=10), nullable=False),
        sa.Column("where", crm.JsonDocument, nullable=True),
        sa.ForeignKeyConstraint(["role_id"], ["core_role.id"], name=op.f("fk_core_grant_role_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_grant")),
    )
    op.create_index("ix_core_grant_role_id", "core_grant", ["role_id"])


def _create_core_import_problem() -> None:
    op.create_table(
        "core_import_problem",
        sa.Column("id", crm.Identifier, nullable=False),
        sa.Column("import_id", crm.Identifier, nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("outcome", crm.SortText(12), nullable=False),
        sa.Column("raw", sa.JSON(), nullable=True),
        sa.Column("problems", crm.JsonDocument, nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["core_import.id"], name=op.f("fk_core_import_problem_import_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_import_problem")),
    )
    op.create_index("ix_core_import_problem_import", "core_import_problem", ["import_id", "outcome", "id"])


def _create_core_password_reset() -> None:
    op.create_table(
        "core_password_reset",
        sa.Column("id", crm.Identifier, nullable=False),
        sa.Column("digest", crm.SortText(64), nullable=False),
        sa.Column("user_id", crm.Identifier, nullable=False),
        sa.Column("expires_at", crm.UtcDateTime(), nullable=False),
        sa.Column("used_at", crm.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["core_user.id"], name=op.f("fk_core_password_reset_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_password_reset")),
        sa.UniqueConstraint("digest", name=op.f("uq_core_password_reset_digest")),
    )
    op.create_index("ix_core_password_reset_user_id", "core_password_reset", ["user_id"])


def _create_core_saved_view() -> None:
    op.create_table(
        "core_saved_view",
        sa.Column("id", crm.Identifier, nullable=False),
        sa.Column("entity", crm.SortText(60), nullable=False),
        sa.Column("user_id", crm.Identifier, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("spec", crm.JsonDocument, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["core_user.id"], name=op.f("fk_core_saved_view_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_saved_view")),
    )
    op.create_index("ix_core_saved_view_entity", "core_saved_view", ["entity"])


def _create_core_session() -> None:
    op.create_table(
        "core_session",
        sa.Column("id", crm.Identifier, nullable=False),
        sa.Column("digest", crm.SortText(64), nullable=False),
        sa.Column("user_id", crm.Identifier, nullable=False),
        sa.Column("csrf", sa.String(length=64), nullable=False),
        sa.Column("created_at", crm.UtcDateTime(), nullable=False),
        sa.Column("seen_at", crm.UtcDateTime(), nullable=False),
        sa.Column("expires_at", crm.UtcDateTime(), nullable=False),
        sa.Column("user_agent", sa.String(length=200), nullable=False),
        sa.Column("address", sa.String(length=60), nullable=False),
        sa.Column("flash", crm.JsonDocument, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["core_user.id"], name=op.f("fk_core_session_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_session")),
        sa.UniqueConstraint("digest", name=op.f("uq_core_session_digest")),
    )
    op.create_index("ix_core_session_expires_at", "core_session", ["expires_at"])
    op.create_index("ix_core_session_user_id", "core_session", ["user_id"])


def _create_core_team_member() -> None:
    op.create_table(
        "core_team_member",
        sa.Column("team_id", crm.Identifier, nullable=False),
        sa.Column("user_id", crm.Identifier, nullable=False),
        sa.ForeignKeyConstraint(
            ["team_id"], ["core_team.id"], name=op.f("fk_core_team_member_team_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["core_user.id"], name=op.f("fk_core_team_member_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("team_id", "user_id", name=op.f("pk_core_team_member")),
    )


def _create_core_user_role() -> None:
    op.create_table(
        "core_user_role",
        sa.Column("user_id", crm.Identifier, nullable=False),
        sa.Column("role_id", crm.Identifier, nullable=False),
        sa.ForeignKeyConstraint(
            ["role_id"], ["core_role.id"], name=op.f("fk_core_user_role_role_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["core_user.id"], name=op.f("fk_core_user_role_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "role_id", name=op.f("pk_core_user_role")),
    )
